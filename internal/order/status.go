package order

import "slices"

// Status is where an order stands.
type Status string

// The states of an order.
const (
	Recorded       Status = "RECORDED"
	Paid           Status = "PAID"
	Cancelling     Status = "CANCELLING"
	Cancelled      Status = "CANCELLED"
	Rejected       Status = "REJECTED"
	Refunded       Status = "REFUNDED"
	NeedsAttention Status = "NEEDS_ATTENTION"
)

// Statuses lists every status.
func Statuses() []Status {
	return []Status{Recorded, Paid, Cancelling, Cancelled, Rejected, Refunded, NeedsAttention}
}

// Valid reports whether s is one of [Statuses].
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Open reports whether an order in s still waits for something, so that the sweep looks at it.
func (s Status) Open() bool { return s == Recorded || s == Cancelling }

// Told reports whether the customer gets a mail when an order becomes s.
func (s Status) Told() bool {
	return s == Paid || s == Rejected || s == Cancelled || s == Refunded
}

// Reason says why an order is where it is: lower snake case, at most 64 characters.
// Most are Stripe's decline codes, passed on; the ones of our own are below.
type Reason string

// Reasons of our own.
const (
	UnknownUser            Reason = "unknown_user"
	BlockedUser            Reason = "blocked_user"
	NoPaymentMethod        Reason = "no_payment_method"
	CardDeclined           Reason = "card_declined"
	InsufficientFunds      Reason = "insufficient_funds"
	ExpiredCard            Reason = "expired_card"
	AuthenticationRequired Reason = "authentication_required"
	AmountTooSmall         Reason = "amount_too_small"
	CurrencyNotSupported   Reason = "currency_not_supported"
	PaymentCancelled       Reason = "payment_cancelled"
	NotPayable             Reason = "order_not_payable"
	PaymentExpired         Reason = "payment_expired"
	RequestedByCustomer    Reason = "requested_by_customer"
	RequestedByShop        Reason = "requested_by_shop"
	RequestedByOperator    Reason = "requested_by_operator"
	LatePayment            Reason = "late_payment"
	RefundedAtProvider     Reason = "refunded_at_provider"
	RefundFailed           Reason = "refund_failed"
	PaymentUnresolved      Reason = "payment_unresolved" // nobody could find out what became of the money
)

// RejectionReasons lists the reasons for which query-user turns an order down.
func RejectionReasons() []Reason { return []Reason{UnknownUser, BlockedUser, NoPaymentMethod} }

// Valid reports whether r is lower snake case of 1 to 64 characters.
func (r Reason) Valid() bool {
	if r == "" || len(r) > 64 || r[0] < 'a' || r[0] > 'z' {
		return false
	}
	return !slices.ContainsFunc([]byte(r), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_'
	})
}
