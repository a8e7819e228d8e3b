package payment

import (
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// Refund is a refund of a payment intent's money, as the row keeps it or as the provider shows it.
type Refund struct {
	ID     string
	Amount int64        // minor units of the row's currency
	Failed bool         // nothing was given back, or it came back; a refund that is pending has not failed
	Reason order.Reason // of one that failed
	At     time.Time    // when the row first said so, to the millisecond; zero as the provider shows it
}

// Dispute is a dispute of a payment intent's money, as the row keeps it or as the provider shows it.
type Dispute struct {
	ID     string
	Status order.Reason // the provider's word for it, such as needs_response, won or lost
	Amount int64        // minor units of the row's currency
	At     time.Time    // when the row first said so, to the millisecond; zero as the provider shows it
}

// Captured reports whether the intent took the money, whatever became of it later.
func (r Row) Captured() bool {
	return r.Status == order.PaymentSucceeded || r.Status == order.PaymentReturned
}

// Remainder returns how much of the captured money was not given back, in minor units: what no refund that has not failed accounts for.
func (r Row) Remainder() int64 {
	left := r.Params.Amount
	for _, f := range r.Refunds {
		if !f.Failed {
			left -= f.Amount
		}
	}
	return max(left, 0)
}

// WithRefunds returns the row that is to follow r now that the provider shows these refunds of its intent, in any order; r
// itself where they say nothing new. Captured money is REFUNDED exactly while refunds that have not failed account for
// all of it, so that a refund that fails later makes it SUCCEEDED again. Refunds that are no longer shown are kept.
func (r Row) WithRefunds(shown []Refund, now time.Time) Row {
	next := r
	next.Refunds = slices.Clone(r.Refunds)
	for _, f := range shown {
		f.At = now.UTC().Truncate(time.Millisecond)
		i := slices.IndexFunc(next.Refunds, func(known Refund) bool { return known.ID == f.ID })
		switch {
		case i < 0:
			next.Refunds = append(next.Refunds, f)
		case next.Refunds[i].Failed != f.Failed:
			next.Refunds[i] = f
		}
	}
	if slices.Equal(next.Refunds, r.Refunds) {
		return r
	}
	return next.settled(now)
}

// settled is the status that follows from the refunds.
func (r Row) settled(now time.Time) Row {
	status := r.Status
	if r.Captured() {
		status = order.PaymentSucceeded
		if r.Remainder() == 0 {
			status = order.PaymentReturned
		}
	}
	if status == r.Status {
		r.Revision++
		return r
	}
	return r.become(status, r.Reason, now)
}

// GiveBackNothing returns the row that is to follow r, whose order cost nothing: REFUNDED, without a refund.
func (r Row) GiveBackNothing(now time.Time) Row {
	return r.become(order.PaymentReturned, r.Reason, now)
}

// WithDisputes returns the row that is to follow r now that the provider shows these disputes of its intent; r itself where they
// say nothing new. A dispute moves money between the provider and the bank, and changes no status here.
func (r Row) WithDisputes(shown []Dispute, now time.Time) Row {
	next := r
	next.Disputes = slices.Clone(r.Disputes)
	for _, d := range shown {
		d.At = now.UTC().Truncate(time.Millisecond)
		i := slices.IndexFunc(next.Disputes, func(known Dispute) bool { return known.ID == d.ID })
		switch {
		case i < 0:
			next.Disputes = append(next.Disputes, d)
		case next.Disputes[i].Status != d.Status:
			next.Disputes[i] = d
		}
	}
	if slices.Equal(next.Disputes, r.Disputes) {
		return r
	}
	next.Revision++
	return next
}

// LastRefund returns the refund with which all of the money was given back. It reports false where that was not the case, or where there was none to give.
func (r Row) LastRefund() (Refund, bool) {
	if r.Status != order.PaymentReturned {
		return Refund{}, false
	}
	for _, f := range slices.Backward(r.Refunds) {
		if !f.Failed {
			return f, true
		}
	}
	return Refund{}, false
}
