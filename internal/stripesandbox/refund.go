package stripesandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// RefundStatus is a refund's state (https://docs.stripe.com/api/refunds/object). Stripe's requires_action is missing.
type RefundStatus string

// The states of a refund. One that succeeded may still fail (https://docs.stripe.com/refunds#failed-refunds).
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
	RefundCanceled  RefundStatus = "canceled"
)

// Why refunds fail here (https://docs.stripe.com/api/refunds/object, failure_reason).
const (
	failedAtTheBank = "expired_or_canceled_card" // later, by pm_card_refundFail
	failedAtOnce    = "declined"                 // by FailRefunds
)

var refundReasons = []string{"duplicate", "fraudulent", "requested_by_customer"}

// Refund is a refund as it stood when it was read: a copy, which no later call changes.
type Refund struct {
	ID            string
	Status        RefundStatus
	Settles       RefundStatus // what Settle makes of it; "" when it stays as it is
	FailureReason string
	Intent        string
	Charge        string
	Order         string // of the intent
	Amount        int64  // in Stripe's unit
	Minor         int64  // Amount in ISO 4217 minor units
	Currency      money.Currency
	Reason        string
	Metadata      map[string]string // never written after the creation
	Created       time.Time
}

// gone reports whether the refund returned nothing in the end.
func (r *Refund) gone() bool { return r.Status == RefundFailed || r.Status == RefundCanceled }

// RefundParams are the parameters of POST /v1/refunds.
type RefundParams struct {
	Intent   string
	Amount   int64 // in Stripe's unit; 0 is all that is left
	Reason   string
	Metadata map[string]string
}

// Refund gives money back that the intent captured, never more than is left: what no refund that has not failed accounts for. A refund
// may also be made and have failed: only its status tells.
func (l *Ledger) Refund(p RefundParams) (Refund, error) {
	if p.Reason != "" && !slices.Contains(refundReasons, p.Reason) {
		return Refund{}, badParam("reason", "", "Invalid reason: must be one of %s", strings.Join(refundReasons, ", "))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	in, err := l.intents.find(p.Intent, "payment_intent")
	if err != nil {
		return Refund{}, err
	}
	return l.refund(in, p)
}

// RefundOrder gives money of an order back as somebody does in Stripe's dashboard: amount minor units of its last charge, 0 is all
// that is left.
func (l *Ledger) RefundOrder(order string, amount int64) (Refund, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := l.captured(order)
	if in == nil {
		return Refund{}, badParam(OrderKey, "", "This order has no successful charge.")
	}
	var err error
	if amount, err = money.ToStripe(amount, in.Currency); err != nil {
		return Refund{}, badParam("amount", "parameter_invalid_integer", "Invalid amount for %s.", in.Currency)
	}
	return l.refund(in, RefundParams{Amount: amount})
}

// FailRefunds makes the next so many refunds of an order ones that have failed at once; 0 is all from now on.
func (l *Ledger) FailRefunds(order string, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if times == 0 {
		times = -1
	}
	l.failing[order] = times
}

// EndRefundFailures makes refunds take their course again.
func (l *Ledger) EndRefundFailures() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.failing)
}

// RetrieveRefund returns the refund as it stands.
func (l *Ledger) RetrieveRefund(id string) (Refund, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.refunds.find(id, "id")
	if err != nil {
		return Refund{}, err
	}
	return *r, nil
}

// Refunds returns a page of refunds, newest first, and whether there are more.
func (l *Ledger) Refunds(p Page) ([]Refund, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refunds.page(p, func(r *Refund) bool { return p.Intent == "" || r.Intent == p.Intent })
}

// captured is the last intent of the order that took money; nil if none did.
func (l *Ledger) captured(order string) *Intent {
	for _, in := range slices.Backward(l.byOrder[order]) {
		if in.Captures > 0 {
			return in
		}
	}
	return nil
}

// refundable checks a refund against what the charge allows and returns its amount.
func (l *Ledger) refundable(in *Intent, amount int64) (int64, error) {
	if in.Captures == 0 {
		return 0, begun(badParam("", "", "This PaymentIntent (%s) does not have a successful charge to refund.", in.ID))
	}
	for _, d := range l.disputesOf[in.ID] {
		if !d.refundable() {
			return 0, begun(badParam("", "charge_disputed", "Charge %s has been charged back; cannot issue a refund.", in.LatestCharge))
		}
	}
	left := in.Amount - l.returned(in)
	switch {
	case amount < 0:
		return 0, badParam("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case left == 0:
		return 0, begun(badParam("", "charge_already_refunded", "Charge %s has already been refunded.", in.LatestCharge))
	case amount == 0:
		return left, nil
	case amount > left:
		return 0, begun(badParam("amount", "", "Refund amount (%d) is greater than unrefunded amount on charge (%d), in the smallest unit of %s", amount, left, in.Currency))
	}
	return amount, nil
}

// refund checks and makes a refund.
func (l *Ledger) refund(in *Intent, p RefundParams) (Refund, error) {
	amount, err := l.refundable(in, p.Amount)
	if err != nil {
		return Refund{}, err
	}
	minor, err := divisible(amount, in.Currency)
	if err != nil {
		return Refund{}, err
	}
	r := &Refund{
		ID: l.newID("re"), Intent: in.ID, Charge: in.LatestCharge, Order: in.Order(),
		Amount: amount, Minor: minor, Currency: in.Currency, Reason: p.Reason, Metadata: map[string]string{}, Created: l.now(),
	}
	maps.Copy(r.Metadata, p.Metadata)
	l.begin(r, in)
	l.refunds.put(r.ID, r)
	l.refundsOf[in.ID] = append(l.refundsOf[in.ID], r)
	l.tellRefund(r, in)
	return *r, nil
}

// begin gives a new refund its first state.
func (l *Ledger) begin(r *Refund, in *Intent) {
	if l.failing[r.Order] != 0 {
		l.failing[r.Order]--
		r.Status, r.FailureReason = RefundFailed, failedAtOnce
		return
	}
	m, _ := methodNamed(in.PaymentMethod)
	r.Status, r.Settles = m.refund()
}

func (l *Ledger) tellRefund(r *Refund, in *Intent) {
	l.emit(Event{Type: RefundCreated, Order: r.Order, Refund: snapshot(r)})
	if r.gone() {
		l.emit(Event{Type: RefundHasFailed, Order: r.Order, Refund: snapshot(r)})
		return
	}
	l.emit(Event{Type: ChargeRefunded, Order: r.Order, Charge: l.charge(in)})
}

// settleRefund brings a refund to its end.
func (l *Ledger) settleRefund(r *Refund) {
	r.Status, r.Settles = r.Settles, ""
	if r.Status == RefundFailed {
		r.FailureReason = failedAtTheBank
	}
	l.emit(Event{Type: RefundUpdated, Order: r.Order, Refund: snapshot(r)})
	l.emit(Event{Type: ChargeRefundUpdated, Order: r.Order, Refund: snapshot(r)})
	if r.Status == RefundFailed {
		l.emit(Event{Type: RefundHasFailed, Order: r.Order, Refund: snapshot(r)})
	}
}

// returned is what the intent's refunds account for, in Stripe's unit; failed ones count nothing.
func (l *Ledger) returned(in *Intent) int64 {
	sum := int64(0)
	for _, r := range l.refundsOf[in.ID] {
		if !r.gone() {
			sum += r.Amount
		}
	}
	return sum
}

// snapshot is a copy for an event.
func snapshot[T Intent | Refund | Dispute](v *T) *T {
	now := *v
	return &now
}
