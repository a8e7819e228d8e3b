package stripesandbox

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of metadata (https://docs.stripe.com/api/metadata).
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

const maxEventTypes = 20 // https://docs.stripe.com/api/events/list

// params reads form parameters and remembers the first thing that is wrong with them, unknown ones included.
type params struct {
	values url.Values
	read   map[string]bool
	err    *Error
}

func newParams(v url.Values) *params { return &params{values: v, read: map[string]bool{}} }

func createParams(v url.Values) (CreateParams, error) {
	p := newParams(v)
	p.oneOf("capture_method", "automatic", "automatic_async")
	p.oneOf("confirmation_method", "automatic")
	p.oneOf("automatic_payment_methods[enabled]", "true")
	redirects := p.oneOf("automatic_payment_methods[allow_redirects]", "always", "never")
	out := CreateParams{
		Amount: p.integer("amount"), Currency: p.required("currency"),
		PaymentMethod: p.text("payment_method"), Customer: p.text("customer"), Description: p.text("description"),
		Metadata: p.metadata(), PaymentMethodTypes: p.list("payment_method_types"), NoRedirects: redirects == "never",
	}
	if len(out.PaymentMethodTypes) > 0 && v.Has("automatic_payment_methods[enabled]") {
		p.refuse(badParam("payment_method_types", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	}
	return out, p.finish()
}

func confirmParams(v url.Values) (ConfirmParams, error) {
	p := newParams(v)
	out := ConfirmParams{
		PaymentMethod: p.text("payment_method"), ReturnURL: p.text("return_url"),
		OffSession:            p.oneOf("off_session", "true", "false", "one_off", "recurring") != "" && v.Get("off_session") != "false",
		ErrorOnRequiresAction: p.oneOf("error_on_requires_action", "true", "false") == "true",
	}
	return out, p.finish()
}

func cancelReason(v url.Values) (string, error) {
	p := newParams(v)
	reason := p.text("cancellation_reason")
	return reason, p.finish()
}

func refundParams(v url.Values) (RefundParams, error) {
	p := newParams(v)
	out := RefundParams{Intent: p.required("payment_intent"), Reason: p.text("reason"), Metadata: p.metadata()}
	if v.Has("amount") {
		out.Amount = p.integer("amount")
		if out.Amount < 1 {
			p.refuse(badParam("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1."))
		}
	}
	return out, p.finish()
}

func listParams(v url.Values) (Page, error) {
	p := newParams(v)
	return p.page(), p.finish()
}

// listOfIntentParams are those of a list that can be narrowed to one intent.
func listOfIntentParams(v url.Values) (Page, error) {
	p := newParams(v)
	out := p.page()
	out.Intent = p.text("payment_intent")
	return out, p.finish()
}

// eventsParams reads the parameters of GET /v1/events (https://docs.stripe.com/api/events/list), and whether only events are wanted
// that were delivered ("true") or were not ("false").
func eventsParams(v url.Values) (out EventPage, delivered string, err error) {
	p := newParams(v)
	out = EventPage{Page: p.page(), Types: p.list("types")}
	delivered = p.oneOf("delivery_success", "true", "false")
	if one := p.text("type"); one != "" {
		if len(out.Types) > 0 {
			p.refuse(badParam("types", "", "You may pass either `type` or `types`, but not both."))
		}
		out.Types = []string{one}
	}
	if len(out.Types) > maxEventTypes {
		p.refuse(badParam("types", "", "You may pass up to %d types.", maxEventTypes))
	}
	out.From, out.To = p.interval("created")
	return out, delivered, p.finish()
}

// interval reads name, name[gte], name[gt], name[lt] and name[lte], in seconds, as the first time that is in and the first that is not.
func (p *params) interval(name string) (from, to time.Time) {
	second := func(key string, later int64) time.Time {
		if !p.values.Has(key) {
			return time.Time{}
		}
		return time.Unix(p.integer(key)+later, 0)
	}
	from, to = second(name, 0), second(name, 1)
	for _, t := range []time.Time{second(name+"[gte]", 0), second(name+"[gt]", 1)} {
		if t.After(from) {
			from = t
		}
	}
	for _, t := range []time.Time{second(name+"[lt]", 0), second(name+"[lte]", 1)} {
		if !t.IsZero() && (to.IsZero() || t.Before(to)) {
			to = t
		}
	}
	return from, to
}

// page reads where in a list to begin and how much to return (https://docs.stripe.com/api/pagination).
func (p *params) page() Page {
	out := Page{Limit: 10, After: p.text("starting_after")}
	if p.values.Has("limit") {
		out.Limit = int(p.integer("limit"))
	}
	if out.Limit < 1 || out.Limit > 100 {
		p.refuse(badParam("limit", "parameter_invalid_integer", "This value must be between 1 and 100."))
	}
	return out
}

func (p *params) refuse(e *Error) {
	if p.err == nil {
		p.err = e
	}
}

// finish returns the first error, or complains of a parameter that nobody read.
func (p *params) finish() error {
	if p.err != nil {
		return p.err
	}
	for name := range p.values {
		if !p.read[name] {
			return badParam(name, "parameter_unknown", "Received unknown parameter: %s", name)
		}
	}
	return nil
}

func (p *params) text(name string) string {
	p.read[name] = true
	return p.values.Get(name)
}

func (p *params) required(name string) string {
	s := p.text(name)
	if s == "" {
		p.refuse(badParam(name, "parameter_missing", "Missing required param: %s.", name))
	}
	return s
}

func (p *params) integer(name string) int64 {
	s := p.required(name)
	n, err := strconv.ParseInt(s, 10, 64)
	if s != "" && err != nil {
		p.refuse(badParam(name, "parameter_invalid_integer", "Invalid integer: %s", s))
	}
	return n
}

// oneOf returns the value if it is among those allowed, "" if it is left out.
func (p *params) oneOf(name string, allowed ...string) string {
	s := p.text(name)
	if s != "" && !slices.Contains(allowed, s) {
		p.refuse(badParam(name, "", "Invalid %s: must be one of %s", name, strings.Join(allowed, ", ")))
	}
	return s
}

// list reads name[], name[0], name[1] …
func (p *params) list(name string) []string {
	var out []string
	for i := 0; p.values.Has(name + "[" + strconv.Itoa(i) + "]"); i++ {
		out = append(out, p.text(name+"["+strconv.Itoa(i)+"]"))
	}
	p.read[name+"[]"] = true
	return append(out, p.values[name+"[]"]...)
}

func (p *params) metadata() map[string]string {
	out := map[string]string{}
	for name := range p.values {
		inner, ok := strings.CutPrefix(name, "metadata[")
		key, closed := strings.CutSuffix(inner, "]")
		if !ok || !closed {
			continue
		}
		value := p.text(name)
		if len(key) > maxMetadataKey || len(value) > maxMetadataValue {
			p.refuse(badParam(name, "", "Metadata keys can have up to %d characters and values up to %d.", maxMetadataKey, maxMetadataValue))
		}
		out[key] = value
	}
	if len(out) > maxMetadataKeys {
		p.refuse(badParam("metadata", "", "Metadata can have up to %d keys.", maxMetadataKeys))
	}
	return out
}
