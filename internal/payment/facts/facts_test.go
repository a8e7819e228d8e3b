package facts_test

import (
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/facts"
)

var (
	captured = time.Date(2026, 3, 1, 12, 0, 0, 7_000_000, time.UTC)
	refunded = captured.Add(time.Hour)
	because  = events.Cause{ID: "cause", TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
)

func row(s order.PaymentStatus) payment.Row {
	return payment.Row{
		OrderID: "o1", Status: s, Revision: 3, IntentID: "pi_1", At: refunded,
		Params: payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_1"},
	}
}

func state(t *testing.T, r payment.Row) []event.Event {
	t.Helper()
	out, err := facts.State(r, because)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func one(t *testing.T, r payment.Row) (event.Event, events.Data) {
	t.Helper()
	out := state(t, r)
	if len(out) != 1 {
		t.Fatalf("%d events, want 1", len(out))
	}
	d, err := events.DataOf(out[0])
	if err != nil {
		t.Fatal(err)
	}
	return out[0], d
}

func TestCapturedMoneyIsStatedAlikeBeforeAndAfterARefund(t *testing.T) {
	paid := row(order.PaymentSucceeded)
	paid.At, paid.CapturedAt = captured, captured
	returned := row(order.PaymentReturned)
	returned.CapturedAt = captured

	first, data := one(t, paid)
	again, _ := one(t, returned)
	want := events.PaymentProcessed{OrderID: "o1", PaymentID: "pi_1", Amount: 1999, Currency: "EUR", ProcessedAt: captured}
	if diff := cmp.Diff(events.Data(want), data); diff != "" {
		t.Error(diff)
	}
	if !first.Time().Equal(captured) {
		t.Errorf("time %v, want the capture's", first.Time())
	}
	if diff := cmp.Diff(first.String(), again.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDeclinedAndVoidedAreFailed(t *testing.T) {
	for _, s := range []order.PaymentStatus{order.PaymentDeclined, order.PaymentVoided} {
		r := row(s)
		r.Reason = order.ExpiredCard
		e, data := one(t, r)
		want := events.PaymentFailed{OrderID: "o1", PaymentID: "pi_1", Reason: order.ExpiredCard}
		if diff := cmp.Diff(events.Data(want), data); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
		if !e.Time().Equal(refunded) || events.CausationID(e) != "cause" || events.TraceParent(e) != because.TraceParent {
			t.Errorf("%s: envelope is %v", s, e)
		}
	}
}

func TestFailureWithoutIntentNamesNone(t *testing.T) {
	_, data := one(t, payment.Void("o1", order.NotPayable, captured))
	if diff := cmp.Diff(events.Data(events.PaymentFailed{OrderID: "o1", Reason: order.NotPayable}), data); diff != "" {
		t.Error(diff)
	}
}

func TestFreeOrderIsProcessedWithoutPayment(t *testing.T) {
	_, data := one(t, payment.Free("o1", "JPY", captured))
	want := events.PaymentProcessed{OrderID: "o1", PaymentID: events.NoPayment, Currency: "JPY", ProcessedAt: captured}
	if diff := cmp.Diff(events.Data(want), data); diff != "" {
		t.Error(diff)
	}
}

func TestUndecidedPaymentIsNotStated(t *testing.T) {
	for _, r := range []payment.Row{{}, row(order.PaymentOpen), row(order.PaymentPending)} {
		if out := state(t, r); len(out) != 0 {
			t.Errorf("%s: %d events, want none", r.Status, len(out))
		}
	}
}

func TestRowThatNoSchemaTakesIsAnError(t *testing.T) {
	if _, err := facts.State(row(order.PaymentDeclined), because); err == nil {
		t.Error("a failure without a reason was stated")
	}
}
