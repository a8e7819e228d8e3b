package closeorder_test

import (
	"context"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/closeorder"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/saga/sagatest"
)

func step(b *sagatest.Bench) closeorder.Step {
	return closeorder.Step{Orders: b.Tables.Orders, Payments: b.Tables.Payments, Now: b.Now}
}

func do(t *testing.T, s saga.Step, task saga.Task) (saga.Next, []event.Event) {
	t.Helper()
	next, out, err := s.Do(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return next, out
}

// updated returns the OrderUpdated that was stated.
func updated(t *testing.T, out []event.Event) events.OrderUpdated {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%d events, want 1", len(out))
	}
	d, err := events.As[events.OrderUpdated](out[0])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func void(t *testing.T, b *sagatest.Bench) {
	t.Helper()
	b.Put(t, payment.Void("o1", order.PaymentCancelled, b.Now()))
}

func TestAnOrderIsClosedAsItsPaymentSaysAndStatesItEachTime(t *testing.T) {
	for _, c := range []struct {
		promise string
		reason  order.Reason
		before  func(t *testing.T, b *sagatest.Bench)
		want    order.Status
	}{
		{"nothing was taken", order.CardDeclined, void, order.Cancelled},
		{"the user was turned down", order.BlockedUser, void, order.Rejected},
		{"the money is back", order.RequestedByShop, func(t *testing.T, b *sagatest.Bench) {
			t.Helper()
			b.Put(t, b.Paid(t, "o1", "pm_card_visa").GiveBackNothing(b.Now()))
		}, order.Refunded},
	} {
		t.Run(c.promise, func(t *testing.T) {
			b := sagatest.New(t)
			task := b.Cancelling(t, "o1", c.reason)
			c.before(t, b)
			next, first := do(t, step(b), task)
			got := updated(t, first)
			if next != saga.Done || got.Status != c.want || got.Reason != c.reason || got.PreviousStatus != order.Cancelling {
				t.Errorf("got %s, stated %+v", next, got)
			}
			if o := b.Order(t, "o1"); o.Status != c.want || o.Version != task.Version+1 {
				t.Errorf("order is %s at version %d", o.Status, o.Version)
			}
			next, again := do(t, step(b), task)
			if next != saga.Done || again[0].String() != first[0].String() || b.Order(t, "o1").Version != task.Version+1 {
				t.Errorf("again: got %s, %v, want the same event and nothing written", next, again)
			}
			if events.CausationID(first[0]) != task.Cause() || events.TraceParent(first[0]) == "" {
				t.Errorf("got cause %s, trace %q", events.CausationID(first[0]), events.TraceParent(first[0]))
			}
		})
	}
}

func TestMoneyThatIsNotSettledSendsTheSagaBack(t *testing.T) {
	for promise, before := range map[string]func(t *testing.T, b *sagatest.Bench){
		"no row":   func(*testing.T, *sagatest.Bench) {},
		"open":     func(t *testing.T, b *sagatest.Bench) { t.Helper(); b.Open(t, "o1", "pm_card_visa") },
		"captured": func(t *testing.T, b *sagatest.Bench) { t.Helper(); b.Paid(t, "o1", "pm_card_visa") },
	} {
		b := sagatest.New(t)
		task := b.Cancelling(t, "o1", order.RequestedByCustomer)
		before(t, b)
		if next, out := do(t, step(b), task); next != saga.Again || len(out) > 0 || b.Order(t, "o1").Status != order.Cancelling {
			t.Errorf("%s: got %s with %d events, order %s", promise, next, len(out), b.Order(t, "o1").Status)
		}
	}
}

// old are payments rows as they were a moment ago.
type old struct{ row payment.Row }

func (o old) Get(context.Context, order.ID) (payment.Row, error) { return o.row, nil }

func TestARowThatMovesOnBeforeTheWriteKeepsTheOrderOpen(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer)
	row := b.Paid(t, "o1", "pm_card_visa")
	returned := row.GiveBackNothing(b.Now())
	s := step(b)
	s.Payments = old{returned} // the refund has failed since
	if next, _ := do(t, s, task); next != saga.Again || b.Order(t, "o1").Status != order.Cancelling {
		t.Errorf("got %s, order %s", next, b.Order(t, "o1").Status)
	}
}

func TestAnOrderThatCannotBeFinishedIsParkedAndSaysWhy(t *testing.T) {
	for _, c := range []struct {
		before func(t *testing.T, b *sagatest.Bench)
		want   order.Reason
	}{
		{func(t *testing.T, b *sagatest.Bench) { t.Helper(); b.Paid(t, "o1", "pm_card_visa") }, order.RefundFailed},
		{func(t *testing.T, b *sagatest.Bench) { t.Helper(); b.Open(t, "o1", "pm_card_visa") }, order.PaymentUnresolved},
	} {
		b := sagatest.New(t)
		task := b.Cancelling(t, "o1", order.RequestedByCustomer)
		task.Park = true
		c.before(t, b)
		for range 2 {
			next, out := do(t, step(b), task)
			if got := updated(t, out); next != saga.Parked || got.Status != order.NeedsAttention || got.Reason != c.want {
				t.Errorf("got %s, stated %+v, want parked for %s", next, got, c.want)
			}
		}
		// An operator asks again; the old execution then finds nothing to do, and does not fail once more.
		b.Become(t, "o1", order.Cancelling, order.RequestedByOperator)
		if next, _ := do(t, step(b), task); next != saga.Done || b.Order(t, "o1").Status != order.Cancelling {
			t.Errorf("long after: got %s, order %s", next, b.Order(t, "o1").Status)
		}
	}
}

func TestAnOrderThatAnotherExecutionClosedIsNotParked(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.CardDeclined)
	void(t, b)
	do(t, step(b), task)
	task.Park = true
	if next, out := do(t, step(b), task); next != saga.Done || updated(t, out).Status != order.Cancelled {
		t.Errorf("got %s", next)
	}
}

func TestOnlyTheVersionThatIsCancellingIsClosed(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.CardDeclined)
	void(t, b)
	for _, other := range []saga.Task{{OrderID: "o1", Version: task.Version - 1}, {OrderID: "o1", Version: task.Version + 1, Park: true}, {OrderID: "o2", Version: 2}} {
		if next, out := do(t, step(b), other); next != saga.Stale || len(out) > 0 || b.Order(t, "o1").Status != order.Cancelling {
			t.Errorf("%+v: got %s with %d events", other, next, len(out))
		}
	}
}
