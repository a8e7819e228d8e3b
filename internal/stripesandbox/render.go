package stripesandbox

import (
	"encoding/json"
	"strings"
	"time"
)

// intentJSON is a payment intent in Stripe's shape (https://docs.stripe.com/api/payment_intents/object).
type intentJSON struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	AmountCapturable   int64             `json:"amount_capturable"`
	AmountReceived     int64             `json:"amount_received"`
	AutomaticMethods   *automaticJSON    `json:"automatic_payment_methods"`
	CanceledAt         *int64            `json:"canceled_at"`
	CancellationReason *string           `json:"cancellation_reason"`
	CaptureMethod      string            `json:"capture_method"`
	ClientSecret       string            `json:"client_secret"`
	ConfirmationMethod string            `json:"confirmation_method"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	Customer           *string           `json:"customer"`
	Description        *string           `json:"description"`
	LastPaymentError   *errorJSON        `json:"last_payment_error"`
	LatestCharge       *string           `json:"latest_charge"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *nextActionJSON   `json:"next_action"`
	PaymentMethod      *string           `json:"payment_method"`
	PaymentMethodTypes []string          `json:"payment_method_types"`
	Status             Status            `json:"status"`
}

type automaticJSON struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

type nextActionJSON struct {
	Type string `json:"type"`
}

type methodJSON struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	Type   string `json:"type"`
}

// errorJSON is an error in Stripe's shape (https://docs.stripe.com/api/errors).
type errorJSON struct {
	Charge        string      `json:"charge,omitempty"`
	Code          string      `json:"code,omitempty"`
	DeclineCode   string      `json:"decline_code,omitempty"`
	DocURL        string      `json:"doc_url,omitempty"`
	Message       string      `json:"message,omitempty"`
	Param         string      `json:"param,omitempty"`
	PaymentIntent *intentJSON `json:"payment_intent,omitempty"`
	PaymentMethod *methodJSON `json:"payment_method,omitempty"`
	Type          ErrorType   `json:"type"`
}

type errorBody struct {
	Error errorJSON `json:"error"`
}

// listJSON is a page of a list in Stripe's shape (https://docs.stripe.com/api/pagination).
type listJSON[T shape] struct {
	Object  string `json:"object"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

// shape is an object of the API in Stripe's shape.
type shape interface {
	intentJSON | refundJSON | disputeJSON | eventJSON
}

// renderPage renders a page of the list that is at a path.
func renderPage[F Intent | Refund | Dispute | Event, T shape](path string, page []F, more bool, as func(F) T) ([]byte, error) {
	out := listJSON[T]{Object: "list", Data: make([]T, 0, len(page)), HasMore: more, URL: path}
	for _, v := range page {
		out.Data = append(out.Data, as(v))
	}
	return json.Marshal(out)
}

func renderError(e *Error) ([]byte, error) { return json.Marshal(errorBody{errorShape(e)}) }

func intentShape(in Intent) intentJSON {
	out := intentJSON{
		ID: in.ID, Object: "payment_intent", Amount: in.Amount, AmountReceived: in.AmountReceived, Status: in.Status,
		CanceledAt: unix(in.CanceledAt), CancellationReason: nullable(in.CancellationReason),
		CaptureMethod: "automatic_async", ConfirmationMethod: "automatic", ClientSecret: in.ID + "_secret_sandbox",
		Created: in.Created.Unix(), Currency: strings.ToLower(string(in.Currency)),
		Customer: nullable(in.Customer), Description: nullable(in.Description), LatestCharge: nullable(in.LatestCharge),
		Metadata: in.Metadata, PaymentMethod: nullable(in.PaymentMethod), PaymentMethodTypes: in.PaymentMethodTypes,
	}
	if len(in.PaymentMethodTypes) == 0 {
		out.PaymentMethodTypes = []string{"card", "us_bank_account"}
		out.AutomaticMethods = &automaticJSON{Enabled: true, AllowRedirects: "never"}
		if in.AllowRedirects {
			out.AutomaticMethods.AllowRedirects = "always"
		}
	}
	if in.Status == RequiresAction {
		out.NextAction = &nextActionJSON{Type: "use_stripe_sdk"}
	}
	if in.LastError != nil {
		last := errorShape(in.LastError)
		out.LastPaymentError = &last
	}
	return out
}

func errorShape(e *Error) errorJSON {
	out := errorJSON{
		Type: e.Type, Code: e.Code, DeclineCode: e.DeclineCode, Message: e.Message, Param: e.Param, Charge: e.Charge,
	}
	if e.Code != "" {
		out.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	}
	if m, ok := methodNamed(e.PaymentMethod); ok {
		out.PaymentMethod = &methodJSON{ID: e.PaymentMethod, Object: "payment_method", Type: m.kind}
	}
	if e.Intent != nil {
		in := intentShape(*e.Intent)
		out.PaymentIntent = &in
	}
	return out
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func unix(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := t.Unix()
	return &s
}
