package stripesandbox

import (
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// Status is a payment intent's state (https://docs.stripe.com/payments/paymentintents/lifecycle). Stripe's requires_capture is
// missing: the sandbox captures as soon as a payment succeeds.
type Status string

// The states of an intent. Canceled and Succeeded are final.
const (
	RequiresPaymentMethod Status = "requires_payment_method"
	RequiresConfirmation  Status = "requires_confirmation"
	RequiresAction        Status = "requires_action"
	Processing            Status = "processing"
	Canceled              Status = "canceled"
	Succeeded             Status = "succeeded"
)

// Intent is a payment intent as it stood when it was read: a copy, which no later call changes.
type Intent struct {
	ID             string
	Status         Status
	Amount         int64 // in Stripe's unit
	AmountReceived int64 // in Stripe's unit
	Minor          int64 // Amount in ISO 4217 minor units
	Currency       money.Currency
	Customer       string
	Description    string
	Metadata       map[string]string // never written after the creation
	PaymentMethod  string            // "" when there is none

	PaymentMethodTypes []string // none means whatever the account takes
	AllowRedirects     bool

	LastError          *Error
	LatestCharge       string
	Captures           int // how often the money was taken; never more than 1
	CancellationReason string
	Created            time.Time
	CapturedAt         time.Time
	CanceledAt         time.Time
}

// Order is the order that the intent says it pays for, from its metadata.
func (in Intent) Order() string { return in.Metadata[OrderKey] }

// OrderKey is the metadata key under which an intent names its order.
const OrderKey = "order_id"

// CreateParams are the parameters of POST /v1/payment_intents.
type CreateParams struct {
	Amount        int64  // in Stripe's unit
	Currency      string // lower case
	PaymentMethod string
	Customer      string
	Description   string
	Metadata      map[string]string

	PaymentMethodTypes []string
	NoRedirects        bool // automatic_payment_methods[allow_redirects]=never
}

// ConfirmParams are the parameters of POST /v1/payment_intents/{id}/confirm.
type ConfirmParams struct {
	PaymentMethod         string
	OffSession            bool
	ErrorOnRequiresAction bool
	ReturnURL             string
}
