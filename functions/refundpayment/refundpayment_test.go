package refundpayment_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/refundpayment"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/saga/sagatest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func step(b *sagatest.Bench) refundpayment.Step {
	return refundpayment.Step{Orders: b.Tables.Orders, Reconciler: b.Reconciler(), Refunds: b.Stripe}
}

// paid returns a bench with the order o1, paid with method and then cancelled.
func paid(t *testing.T, method string) (*sagatest.Bench, saga.Task) {
	t.Helper()
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer, order.Paid)
	b.Paid(t, "o1", method)
	return b, task
}

func types(out []event.Event) []events.Type {
	var list []events.Type
	for _, e := range out {
		list = append(list, events.Type(e.Type()))
	}
	return list
}

// wantRefunded does the step and checks that all money is back, by the provider's ledger, the row and the events.
func wantRefunded(t *testing.T, b *sagatest.Bench, task saga.Task) []event.Event {
	t.Helper()
	next, out, err := step(b).Do(t.Context(), task)
	if err != nil || next != saga.Close {
		t.Fatalf("got %s, %v, want close", next, err)
	}
	if net, captures := b.Net("o1"); net != 0 || captures != 1 {
		t.Errorf("the provider holds %d after %d captures, want 0 after 1", net, captures)
	}
	if row := b.Row(t, "o1"); row.Status != order.PaymentReturned || row.Remainder() != 0 {
		t.Errorf("got row %s with %d left", row.Status, row.Remainder())
	}
	if !slices.Contains(types(out), events.TypePaymentRefunded) {
		t.Errorf("stated %v, want PaymentRefunded among them", types(out))
	}
	return out
}

func refunds(b *sagatest.Bench) int { return len(b.Sandbox.Ledger().Order("o1").Refunds) }

func TestTheMoneyIsGivenBackOnceHoweverOftenTheStepRuns(t *testing.T) {
	b, task := paid(t, "pm_card_visa")
	first := wantRefunded(t, b, task)
	again := wantRefunded(t, b, task)
	if n := refunds(b); n != 1 {
		t.Errorf("%d refunds, want 1", n)
	}
	if len(first) != 2 || len(again) != 2 || first[0].String() != again[0].String() || first[1].String() != again[1].String() {
		t.Errorf("first %v, then %v", first, again)
	}
	if cause := events.CausationID(first[1]); cause != task.Cause() {
		t.Errorf("got cause %s, want %s", cause, task.Cause())
	}
}

// Case: a lost answer led to a second refund (medusa#16681, saleor/apps#2446).
func TestALostAnswerRefundsOnce(t *testing.T) {
	for _, kind := range []stripesandbox.FaultKind{stripesandbox.FailAfter, stripesandbox.FailBefore, stripesandbox.Unavailable, stripesandbox.LockTimeout, stripesandbox.KeyInUse, stripesandbox.Down} {
		t.Run(string(kind), func(t *testing.T) {
			b, task := paid(t, "pm_card_visa")
			b.Fault(t, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.CreateRefund, Calls: 1})
			if _, _, err := step(b).Do(t.Context(), task); err != nil {
				if kind, _ := outcome.Of(err); kind != outcome.KindTransient || errors.Is(err, saga.ErrRefundFailed) {
					t.Fatalf("got %v, want a transient error that is not the refund's", err)
				}
			}
			b.Sandbox.ClearFaults()
			wantRefunded(t, b, task)
			if n := refunds(b); n != 1 {
				t.Errorf("%d refunds, want 1", n)
			}
		})
	}
}

func TestARefundThatFailsTwiceWorksTheThirdTime(t *testing.T) {
	b, task := paid(t, "pm_card_visa")
	b.Sandbox.Ledger().FailRefunds("o1", 2)
	for range 2 {
		_, out, err := step(b).Do(t.Context(), task)
		if kind, code := outcome.Of(err); !errors.Is(err, saga.ErrRefundFailed) || kind != outcome.KindTransient || code != refundpayment.CodeRefundFailed || len(out) > 0 {
			t.Fatalf("got %v with %d events, want ErrRefundFailed and none", err, len(out))
		}
	}
	want := []events.Type{events.TypePaymentProcessed, events.TypePaymentRefundFailed, events.TypePaymentRefundFailed, events.TypePaymentRefunded}
	if got := types(wantRefunded(t, b, task)); !slices.Equal(got, want) {
		t.Errorf("stated %v, want %v", got, want)
	}
	if n := refunds(b); n != 3 {
		t.Errorf("%d refunds, want 3", n)
	}
}

func TestAPendingRefundCountsAndOneThatFailsLaterIsAskedForAgain(t *testing.T) {
	b, task := paid(t, "pm_card_pendingRefund")
	wantRefunded(t, b, task)

	b, task = paid(t, "pm_card_refundFail")
	wantRefunded(t, b, task)
	b.Sandbox.Ledger().Settle("o1")
	out, err := b.Teller().Reconcile(t.Context(), b.Row(t, "o1").IntentID)
	if err != nil || !slices.Contains(types(out), events.TypePaymentRefundFailed) || b.Row(t, "o1").Status != order.PaymentSucceeded {
		t.Fatalf("after the failure: %v, %v, row %s", types(out), err, b.Row(t, "o1").Status)
	}
}

func TestWhatSomebodyRefundedBeforeCounts(t *testing.T) {
	for name, before := range map[string]int64{"a part": 500, "all of it": 0} {
		t.Run(name, func(t *testing.T) {
			b, task := paid(t, "pm_card_visa")
			if _, err := b.Sandbox.Ledger().RefundOrder("o1", before); err != nil {
				t.Fatal(err)
			}
			wantRefunded(t, b, task)
		})
	}
}

func TestADisputedChargeIsARefundThatFails(t *testing.T) {
	b, task := paid(t, "pm_card_createDispute")
	_, _, err := step(b).Do(t.Context(), task)
	if !errors.Is(err, saga.ErrRefundFailed) {
		t.Errorf("got %v, want ErrRefundFailed", err)
	}
}

func TestAnOrderThatCostNothingAsksNobody(t *testing.T) {
	b := sagatest.New(t)
	task := b.CancellingFree(t, "o1", order.RequestedByCustomer, order.Paid)
	b.Put(t, payment.Free("o1", "EUR", b.Now()))
	b.Fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable})
	for range 2 {
		next, out, err := step(b).Do(t.Context(), task)
		if err != nil || next != saga.Close || len(out) != 2 {
			t.Errorf("got %s with %d events, %v", next, len(out), err)
		}
	}
}

func TestWithoutCapturedMoneyThePaymentIsResolvedAgain(t *testing.T) {
	b := sagatest.New(t)
	task := b.Cancelling(t, "o1", order.RequestedByCustomer)
	b.Open(t, "o1", "pm_card_visa")
	if next, out, err := step(b).Do(t.Context(), task); next != saga.Again || len(out) > 0 || err != nil {
		t.Errorf("got %s with %d events, %v, want again", next, len(out), err)
	}
}

func TestNoMoneyMovesForAnOrderThatIsNotCancelling(t *testing.T) {
	b, task := paid(t, "pm_card_visa")
	task.Version--
	if next, _, err := step(b).Do(t.Context(), task); next != saga.Stale || err != nil {
		t.Errorf("got %s, %v, want stale", next, err)
	}
	if net, _ := b.Net("o1"); net != sagatest.Amount {
		t.Errorf("the provider holds %d, want %d", net, sagatest.Amount)
	}
}
