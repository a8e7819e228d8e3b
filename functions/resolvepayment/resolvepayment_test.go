package resolvepayment_test

import (
	"context"
	"testing"

	"github.com/orderflow/orderflow/functions/resolvepayment"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/saga/sagatest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func step(b *sagatest.Bench) resolvepayment.Step {
	return resolvepayment.Step{Orders: b.Tables.Orders, Payments: b.Tables.Payments, Settler: b.Reconciler().Settler}
}

func do(t *testing.T, s saga.Step, task saga.Task) saga.Next {
	t.Helper()
	next, out, err := s.Do(t.Context(), task)
	if err != nil || len(out) > 0 {
		t.Fatalf("got %s, %d events, %v", next, len(out), err)
	}
	return next
}

func TestWhatBecameOfTheMoneyDecidesWhatIsNext(t *testing.T) {
	for _, c := range []struct {
		promise string
		before  func(t *testing.T, b *sagatest.Bench)
		next    saga.Next
		row     order.PaymentStatus
	}{
		{"nobody charged, and nobody can any more", func(*testing.T, *sagatest.Bench) {}, saga.Close, order.PaymentVoided},
		{"an unconfirmed intent is cancelled", func(t *testing.T, b *sagatest.Bench) { b.Open(t, "o1", "pm_card_visa") }, saga.Close, order.PaymentVoided},
		{"money that was taken without an answer is found", func(t *testing.T, b *sagatest.Bench) {
			b.Confirm(t, b.Open(t, "o1", "pm_card_visa"))
		}, saga.Refund, order.PaymentSucceeded},
		{"a decline whose end was never stored ends", func(t *testing.T, b *sagatest.Bench) {
			b.Confirm(t, b.Open(t, "o1", "pm_card_chargeDeclined"))
		}, saga.Close, order.PaymentVoided},
		{"what the provider can't tell yet waits", func(t *testing.T, b *sagatest.Bench) {
			b.Confirm(t, b.Open(t, "o1", "pm_usBankAccount_success"))
		}, saga.Wait, order.PaymentPending},
		{"what never ends is cancelled while it is processing", func(t *testing.T, b *sagatest.Bench) {
			b.Confirm(t, b.Open(t, "o1", "pm_usBankAccount_processing"))
		}, saga.Close, order.PaymentVoided},
		{"captured money is to be given back", func(t *testing.T, b *sagatest.Bench) { b.Paid(t, "o1", "pm_card_visa") }, saga.Refund, order.PaymentSucceeded},
		{"declined", func(t *testing.T, b *sagatest.Bench) {
			b.Put(t, payment.Refuse("o1", order.AmountTooSmall, b.Now()))
		}, saga.Close, order.PaymentDeclined},
		{"given back before", func(t *testing.T, b *sagatest.Bench) {
			b.Put(t, b.Paid(t, "o1", "pm_card_visa").GiveBackNothing(b.Now()))
		}, saga.Close, order.PaymentReturned},
	} {
		t.Run(c.promise, func(t *testing.T) {
			b := sagatest.New(t)
			task := b.Cancelling(t, "o1", order.RequestedByCustomer)
			c.before(t, b)
			for range 2 { // the second time changes nothing
				if next := do(t, step(b), task); next != c.next || b.Row(t, "o1").Status != c.row {
					t.Errorf("got %s with row %s, want %s with %s", next, b.Row(t, "o1").Status, c.next, c.row)
				}
			}
		})
	}
}

func TestAProcessingPaymentIsRefundedOnceItSucceeded(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByShop)
	b.Confirm(t, b.Open(t, "o1", "pm_usBankAccount_success"))
	if next := do(t, step(b), task); next != saga.Wait {
		t.Errorf("got %s, want wait", next)
	}
	b.Sandbox.Ledger().Settle("o1")
	if next := do(t, step(b), task); next != saga.Refund {
		t.Errorf("got %s after it succeeded, want refund", next)
	}
}

func TestOnlyTheVersionThatIsCancellingIsWorkedOn(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer)
	for promise, c := range map[string]struct {
		task saga.Task
		want saga.Next
	}{
		"another version": {saga.Task{OrderID: "o1", Version: task.Version + 1}, saga.Stale},
		"no such order":   {saga.Task{OrderID: "o2", Version: 2}, saga.Stale},
	} {
		if next := do(t, step(b), c.task); next != c.want || b.Row(t, "o1").Exists() {
			t.Errorf("%s: got %s, want %s and no row", promise, next, c.want)
		}
	}
	o := b.Order(t, "o1")
	closing, err := o.Close(task.Version, task.Cause(), order.PaymentVoided, b.Now())
	if err != nil {
		t.Fatal(err)
	}
	closing.IfPayment = ""
	if err := b.Tables.Orders.Apply(t.Context(), o, closing); err != nil {
		t.Fatal(err)
	}
	if next := do(t, step(b), task); next != saga.Close || b.Row(t, "o1").Exists() {
		t.Errorf("an order that this cause closed: got %s, want close, and no row", next)
	}
}

func TestAnOutageOfTheProviderIsTransientAndStoresNothing(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer)
	row := b.Open(t, "o1", "pm_card_visa")
	b.Fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable})
	_, _, err := step(b).Do(t.Context(), task)
	if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != payment.CodeUnclear {
		t.Errorf("got %s %s, want transient %s", kind, code, payment.CodeUnclear)
	}
	if !b.Row(t, "o1").Equal(row) {
		t.Errorf("got row %+v, want it as it was", b.Row(t, "o1"))
	}
}

// late are the payments rows as a step reads them that another delivery is just a moment ahead of.
type late struct {
	*sagatest.Bench
	first func()
}

func (l *late) Get(ctx context.Context, id order.ID) (payment.Row, error) {
	row, err := l.Tables.Payments.Get(ctx, id)
	if l.first != nil {
		l.first()
		l.first = nil
	}
	return row, err
}

func TestARowThatIsPutMeanwhileIsFollowed(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer)
	s := step(b)
	s.Payments = &late{b, func() { b.Paid(t, "o1", "pm_card_visa") }}
	if next := do(t, s, task); next != saga.Refund {
		t.Errorf("got %s, want refund: the money was taken between the read and the put", next)
	}
}
