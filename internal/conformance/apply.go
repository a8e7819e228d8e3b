package conformance

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

func testApply(t *testing.T, open Open) {
	run(t, open, []promise{
		{"writes status, version, reason and history, and nothing else", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			for _, next := range []struct {
				status order.Status
				reason order.Reason
			}{{order.Paid, ""}, {order.Cancelling, order.RequestedByShop}, {order.Cancelling, order.LatePayment}, {order.Cancelled, ""}} {
				d := decide(o, next.status, next.reason, fmt.Sprint("event-", o.Version))
				got := mustApply(t, s, o, d)
				o = o.With(d.Change)
				wantSame(t, "the order after the change", got, o)
			}
		}},
		{"keeps milliseconds in UTC", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			d := paid(o)
			d.Change.At = noon.Add(123456).In(time.FixedZone("", 3600))
			got := mustApply(t, s, o, d)
			wantSame(t, "time of the change", got.History[1].At, noon)
			wantError(t, "the same again", s.Orders.Apply(t.Context(), o, d), nil)
		}},
		{"an older version is ErrConflict", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			now := mustApply(t, s, o, paid(o))
			err := s.Orders.Apply(t.Context(), o, decide(o, order.Cancelling, order.CardDeclined, "event-2"))
			wantError(t, "apply", err, order.ErrConflict)
			wantSame(t, "the order", mustGet(t, s, "o1"), now)
		}},
		{"another status is ErrConflict", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			misread := o
			misread.Status = order.Paid
			err := s.Orders.Apply(t.Context(), misread, decide(o, order.Cancelling, order.CardDeclined, "event-2"))
			wantError(t, "apply", err, order.ErrConflict)
			wantSame(t, "the order", mustGet(t, s, "o1"), o)
		}},
		{"no such order is ErrNotFound", func(t *testing.T, s Stores) {
			wantError(t, "apply", s.Orders.Apply(t.Context(), recorded("o1"), paid(recorded("o1"))), order.ErrNotFound)
			_, err := s.Orders.Get(t.Context(), "o1")
			wantError(t, "get", err, order.ErrNotFound)
		}},
		{"the same write again is a success, once in the history, even after later changes", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			first := mustApply(t, s, o, paid(o))
			wantError(t, "again", s.Orders.Apply(t.Context(), o, paid(o)), nil)
			wantSame(t, "the order", mustGet(t, s, "o1"), first)
			second := mustApply(t, s, first, decide(first, order.Cancelling, order.RequestedByShop, "event-2"))
			wantError(t, "again, later", s.Orders.Apply(t.Context(), o, paid(o)), nil)
			wantSame(t, "the order", mustGet(t, s, "o1"), second)
		}},
		{"the same cause at another time is ErrConflict: the writer must read what was committed", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			now := mustApply(t, s, o, paid(o))
			later := paid(o)
			later.Change.At = later.Change.At.Add(time.Millisecond)
			wantError(t, "apply", s.Orders.Apply(t.Context(), o, later), order.ErrConflict)
			wantSame(t, "the order", mustGet(t, s, "o1"), now)
		}},
		{"of changes at once one wins", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			errs := atOnce(20, func(i int) error { return s.Orders.Apply(t.Context(), o, decideOf(o, i)) })
			winner := wantOneWinner(t, errs, is(order.ErrConflict))
			wantSame(t, "the order", mustGet(t, s, "o1"), o.With(decideOf(o, winner).Change))
		}},
	})
}

// decideOf returns the i-th of several changes that go for the same version of o.
func decideOf(o order.Order, i int) order.Decision {
	if i%2 == 0 {
		return decide(o, order.Paid, "", fmt.Sprint("event-", i))
	}
	return decide(o, order.Cancelling, order.CardDeclined, fmt.Sprint("event-", i))
}

func testApplyWithPayment(t *testing.T, open Open) {
	run(t, open, []promise{
		{"writes where the payments row has the status", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			mustPut(t, s, row("o1", 1))
			wantSame(t, "the order", mustApply(t, s, o, refunded(o)), o.With(refunded(o).Change))
		}},
		{"another status of the payments row is ErrPaymentCondition", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			other := row("o1", 1)
			other.Status = order.PaymentSucceeded
			mustPut(t, s, other)
			wantError(t, "apply", s.Orders.Apply(t.Context(), o, refunded(o)), order.ErrPaymentCondition)
			wantSame(t, "the order", mustGet(t, s, "o1"), o)
		}},
		{"no payments row is ErrPaymentCondition", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			mustPut(t, s, row("o2", 1))
			wantError(t, "apply", s.Orders.Apply(t.Context(), o, refunded(o)), order.ErrPaymentCondition)
			wantSame(t, "the order", mustGet(t, s, "o1"), o)
		}},
		{"a stale order is ErrConflict, whatever the payments row says", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			now := mustApply(t, s, o, decide(o, order.Cancelling, order.RequestedByShop, "event-3"))
			wantError(t, "without a row", s.Orders.Apply(t.Context(), o, refunded(o)), order.ErrConflict)
			mustPut(t, s, row("o1", 1))
			wantError(t, "with a row", s.Orders.Apply(t.Context(), o, refunded(o)), order.ErrConflict)
			wantSame(t, "the order", mustGet(t, s, "o1"), now)
		}},
		{"no such order is ErrNotFound", func(t *testing.T, s Stores) {
			mustPut(t, s, row("o1", 1))
			wantError(t, "apply", s.Orders.Apply(t.Context(), recorded("o1"), refunded(recorded("o1"))), order.ErrNotFound)
		}},
		{"the same write again is a success, even after the payments row moved on", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			mustPut(t, s, row("o1", 1))
			first := mustApply(t, s, o, refunded(o))
			wantError(t, "again", s.Orders.Apply(t.Context(), o, refunded(o)), nil)
			moved := row("o1", 2)
			moved.Status = order.PaymentSucceeded
			mustPut(t, s, moved)
			wantError(t, "again, later", s.Orders.Apply(t.Context(), o, refunded(o)), nil)
			wantSame(t, "the order", mustGet(t, s, "o1"), first)
		}},
		{"of transactions at once one wins", func(t *testing.T, s Stores) {
			o := paidOrder(t, s)
			mustPut(t, s, row("o1", 1))
			errs := atOnce(10, func(i int) error {
				d := refunded(o)
				d.Change.Cause = fmt.Sprint("event-", i)
				return s.Orders.Apply(t.Context(), o, d)
			})
			winner := wantOneWinner(t, errs, func(err error) bool {
				kind, code := outcome.Of(err)
				return errors.Is(err, order.ErrConflict) || kind == outcome.KindTransient && code != outcome.CodeUnknown
			})
			wantSame(t, "the cause", mustGet(t, s, "o1").History[2].Cause, fmt.Sprint("event-", winner))
		}},
	})
}

func paidOrder(t *testing.T, s Stores) order.Order {
	t.Helper()
	mustCreate(t, s, recorded("o1"))
	return mustApply(t, s, recorded("o1"), paid(recorded("o1")))
}

// refunded is a change that holds only while the payments row says REFUNDED.
func refunded(o order.Order) order.Decision {
	d := decide(o, order.Refunded, order.RefundedAtProvider, "event-refunded")
	d.IfPayment = order.PaymentReturned
	return d
}
