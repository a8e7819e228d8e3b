// Package witness holds events that were captured from a bus against everything that the contract promises of them.
package witness

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// Violation is one promise that an event breaks. It never quotes what may be a customer's.
type Violation struct {
	Type    string `json:"type"`     // "?" where it has none that is fit to print
	OrderID string `json:"order_id"` // the same
	EventID string `json:"event_id"` // the same
	Pointer string `json:"pointer"`  // into EventBridge's envelope, RFC 6901
	Detail  string `json:"detail"`
}

// Count is how many events of a type were seen.
type Count struct {
	Type       string `json:"type"`
	Events     int    `json:"events"`
	Violations int    `json:"violations"`
}

// Witness remembers what it saw: a fact that is stated again must be the same.
type Witness struct {
	validator *contract.Validator
	counts    map[string]Count
	stated    map[string][sha256.Size]byte // by event id
}

// New returns a witness that has seen nothing.
func New() (*Witness, error) {
	v, err := contract.NewValidator()
	if err != nil {
		return nil, err
	}
	return &Witness{v, map[string]Count{}, map[string][sha256.Size]byte{}}, nil
}

// Counts returns what was seen, by type.
func (w *Witness) Counts() []Count {
	return slices.SortedFunc(maps.Values(w.counts), func(a, b Count) int { return cmp.Compare(a.Type, b.Type) })
}

// bridge is EventBridge's envelope
// (https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html).
type bridge struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Detail     json.RawMessage `json:"detail"`
}

// attributes are those of the CloudEvent in the detail, as far as they can be read whatever is wrong with others.
type attributes struct {
	ID, Source, Type, Subject, Time, DataSchema string
	Data                                        json.RawMessage
}

// See examines an event in EventBridge's envelope.
func (w *Witness) See(message string) []Violation {
	var b bridge
	var a attributes
	r := report{}
	if json.Unmarshal([]byte(message), &b) != nil || len(b.Detail) == 0 {
		r.add("", "is not an event in EventBridge's envelope")
	} else {
		_ = json.Unmarshal(b.Detail, &a) // strict reading, below, says what is wrong
		w.examine(&r, b, a)
	}
	for i := range r.found {
		r.found[i].Type, r.found[i].OrderID, r.found[i].EventID = printable(a.Type), printable(a.Subject), printable(a.ID)
	}
	count := w.counts[printable(a.Type)]
	w.counts[printable(a.Type)] = Count{printable(a.Type), count.Events + 1, count.Violations + len(r.found)}
	return r.found
}

func (w *Witness) examine(r *report, b bridge, a attributes) {
	r.require(b.Source == a.Source, "/source", "must be the CloudEvent's source")
	r.require(b.DetailType == a.Type, "/detail-type", "must be the CloudEvent's type")
	for _, f := range personal(b.Detail) {
		r.add("/detail"+f.Pointer, f.Detail)
	}
	w.validate(r, a)
	e, err := events.Parse(b.Detail)
	if err != nil {
		r.refused(err)
		return
	}
	data, err := events.DataOf(e)
	if err != nil {
		r.refused(err)
		return
	}
	r.require(events.IDOf(data) == a.ID, "/detail/id", "must be "+events.IDOf(data)+", which names the fact in the data")
	r.require(knownMinor(a), "/detail/dataschema", "names a minor version that no schema here has")
	w.remember(r, a, e)
}

// validate holds the data against its schema with the full validator. What that says in words may quote the data, so its keyword must do.
func (w *Witness) validate(r *report, a attributes) {
	entry, known := events.Lookup(events.Type(a.Type))
	if !known || len(a.Data) == 0 {
		return // which is a violation by itself, below
	}
	findings, err := w.validator.Validate(entry.Type.Schema(), a.Data)
	if err != nil {
		r.add("/detail/data", "cannot be validated")
	}
	for _, f := range findings {
		r.add("/detail/data"+f.Pointer, fmt.Sprintf("breaks %q of schemas/%s.json", f.Keyword, entry.Type.Schema()))
	}
}

func knownMinor(a attributes) bool {
	entry, _ := events.Lookup(events.Type(a.Type))
	minor, err := strconv.Atoi(a.DataSchema[strings.LastIndex(a.DataSchema, ".")+1:])
	return err == nil && minor <= entry.Minor
}

// remember compares an event with what was stated before under the same id. Only OrderVerified may differ: see package events.
func (w *Witness) remember(r *report, a attributes, e event.Event) {
	data := jsontext.Value(e.Data())
	if err := data.Canonicalize(); err != nil {
		r.add("/detail/data", "cannot be compared")
		return
	}
	sum := sha256.Sum256(slices.Concat([]byte(a.Source+"\n"+a.Type+"\n"+a.Time+"\n"), data))
	before, again := w.stated[a.ID]
	w.stated[a.ID] = sum
	r.require(!again || before == sum || events.Type(a.Type) == events.TypeOrderVerified,
		"/detail/id", "was stated before with another source, time or data")
}

// report gathers violations, one for each place.
type report struct {
	found []Violation
}

func (r *report) require(ok bool, pointer, detail string) {
	if !ok {
		r.add(pointer, detail)
	}
}

func (r *report) add(pointer, detail string) {
	v := Violation{Pointer: printablePointer(pointer), Detail: detail}
	if !slices.ContainsFunc(r.found, func(f Violation) bool { return f.Pointer == v.Pointer }) {
		r.found = append(r.found, v)
	}
}

// refused adds what strict reading found, whose errors quote nothing.
func (r *report) refused(err error) {
	invalid, ok := errors.AsType[*strictjson.Error](err)
	switch {
	case ok:
		for _, v := range invalid.Violations {
			r.add("/detail"+v.Pointer, v.Detail)
		}
	case errors.Is(err, events.ErrUnknownType):
		r.add("/detail/type", events.ErrUnknownType.Error())
	case errors.Is(err, events.ErrTooLarge):
		r.add("/detail", events.ErrTooLarge.Error())
	default:
		r.add("/detail", "is not a CloudEvent")
	}
}

// fit is what may be printed of an event: types, ids and names of fields have this form, addresses and people's names do not.
var fit = regexp.MustCompile(`^[A-Za-z0-9._:~-]{1,128}$`)

func printable(text string) string {
	if fit.MatchString(text) {
		return text
	}
	return "?"
}

func printablePointer(pointer string) string {
	tokens := strings.Split(pointer, "/")
	for i, token := range tokens[1:] {
		tokens[i+1] = printable(token)
	}
	return strings.Join(tokens, "/")
}
