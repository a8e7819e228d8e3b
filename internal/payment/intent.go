package payment

import (
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// IntentStatus is a payment intent's status, in the provider's words (https://docs.stripe.com/payments/paymentintents/lifecycle).
type IntentStatus string

// The statuses of an intent that captures at once. Canceled and Succeeded are final.
const (
	RequiresPaymentMethod IntentStatus = "requires_payment_method" // no attempt yet without a method, or the last one failed
	RequiresConfirmation  IntentStatus = "requires_confirmation"
	RequiresAction        IntentStatus = "requires_action" // the customer would have to act, who is not there
	Processing            IntentStatus = "processing"
	Succeeded             IntentStatus = "succeeded"
	Canceled              IntentStatus = "canceled"
)

// Intent is a payment intent as the provider shows it.
type Intent struct {
	ID       string
	OrderID  order.ID // that it was made for, from its metadata; empty where it names none
	Status   IntentStatus
	Amount   int64 // minor units of Currency
	Currency money.Currency
	// Declined is why the last attempt to charge failed; empty where none did.
	Declined order.Reason
}

// declineReason returns why i, whose attempt to charge failed, was declined.
func (i Intent) declineReason() order.Reason {
	switch {
	case i.Declined != "":
		return i.Declined
	case i.Status == RequiresAction:
		return order.AuthenticationRequired
	default:
		return order.CardDeclined
	}
}
