package payment

import (
	"errors"
	"fmt"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Errors of the provider in terms of what they mean for a payment. Every error of an
// adapter to it is one of these or holds a *DeclinedError. Compare with errors.Is.
var (
	// ErrUnclear means that nobody knows whether the call took effect: no answer, 5xx, 409 or 429. Only the intent can tell.
	ErrUnclear = errors.New("the provider's answer is unclear")
	// ErrState means that the intent's status does not allow what was asked. Retrieve it and go by its status.
	ErrState = errors.New("the payment intent's status does not allow it")
	// ErrNoIntent means that the provider does not know the intent: most likely the key is another account's.
	ErrNoIntent = errors.New("the provider has no such payment intent")
	// ErrKey means that the provider refuses the API key, or that it could not be read. Nothing took effect.
	ErrKey = errors.New("no API key that the provider takes")
	// ErrKeyReused means that an idempotency key came with other parameters than at first. Nothing took effect.
	ErrKeyReused = errors.New("idempotency key was used with other parameters")
	// ErrRefused means that the provider finds the call itself wrong, which only another version of the program can mend.
	ErrRefused = errors.New("the provider refuses the call")
	// ErrMismatch means that an intent is not the one that its row was made for.
	ErrMismatch = errors.New("the payment intent is not the row's")
	// ErrGivenBack means that there is nothing left to refund, or less than was asked for. Look at the refunds and go by them.
	ErrGivenBack = errors.New("the money was given back before")
)

// Errors of a notice that the provider sent. Compare with errors.Is.
var (
	// ErrForged means that the signature is not the provider's, or that there is none.
	ErrForged = errors.New("the signature is not the provider's")
	// ErrOld means that the signature is the provider's, and was made too long ago.
	ErrOld = errors.New("the signature is too old")
	// ErrAPIVersion means that the notice is written in a version of the provider's API that this program does not read. The error names both.
	ErrAPIVersion = errors.New("the notice is of another API version")
	// ErrNotice means that the notice is the provider's and can't be read.
	ErrNotice = errors.New("the notice can't be read")
)

// Notice is an event of the provider's, such as a webhook brings: that something happened to an intent. What happened is to be asked of the provider.
type Notice struct {
	ID       string
	Type     string    // in the provider's words, such as charge.refunded
	IntentID string    // empty where it is about none, or of a type that does not concern orders
	Created  time.Time // when it happened
}

// RefundRequest asks for money back.
type RefundRequest struct {
	OrderID  order.ID
	IntentID string
	Amount   int64 // minor units of Currency
	Currency money.Currency
	Number   int // of this refund among the intent's, failed ones included; 1 for the first. The same number never pays twice.
}

// Reasons of the provider's refusals that have no code of its own.
const (
	AmountTooLarge       order.Reason = "amount_too_large"
	AmountIndivisible    order.Reason = "amount_indivisible" // finer than the provider's unit of the currency
	PaymentMethodMissing order.Reason = "payment_method_missing"
	PaymentMethodRefused order.Reason = "payment_method_refused"
	CustomerMissing      order.Reason = "customer_missing"
)

// DeclinedError says that the provider declined for good: an answer of business, not a failure.
type DeclinedError struct {
	Reason order.Reason
}

func (e *DeclinedError) Error() string { return fmt.Sprintf("declined: %s", e.Reason) }

// Codes of the errors that the provider causes.
const (
	CodeUnclear     outcome.Code = "provider_unclear"
	CodeUnconfirmed outcome.Code = "payment_unconfirmed"
	CodeAuth        outcome.Code = "provider_auth"
	CodeNoIntent    outcome.Code = "intent_missing"
	CodeKeyReused   outcome.Code = "idempotency_key_reused"
	CodeRefused     outcome.Code = "provider_refused"
	CodeMismatch    outcome.Code = "intent_mismatch"
)

// classes says which kind of error each of the provider's is. What operators can mend, such as
// a wrong key, is transient, so that an hour's outage is ridden out without hands.
var classes = []struct {
	err  error
	mark func(outcome.Code, error) error
	code outcome.Code
}{
	{ErrKeyReused, outcome.Permanent, CodeKeyReused},
	{ErrRefused, outcome.Permanent, CodeRefused},
	{ErrMismatch, outcome.Permanent, CodeMismatch},
	{ErrKey, outcome.Transient, CodeAuth},
	{ErrNoIntent, outcome.Transient, CodeNoIntent},
	{ErrState, outcome.Transient, CodeUnclear},
	{ErrUnclear, outcome.Transient, CodeUnclear},
}

// Classify gives an error of the provider its kind and code. Other errors come back as they are.
func Classify(err error) error {
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.mark(c.code, err)
		}
	}
	return err
}
