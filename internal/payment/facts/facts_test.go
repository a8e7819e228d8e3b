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

func all(t *testing.T, r payment.Row) []event.Event {
	t.Helper()
	out, err := facts.All(r, because)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAllThatARowSays(t *testing.T) {
	failed := payment.Refund{ID: "re_1", Amount: 1999, Failed: true, Reason: "lost_or_stolen_card", At: refunded.Add(-time.Minute)}
	made := payment.Refund{ID: "re_2", Amount: 1999, At: refunded}
	dispute := payment.Dispute{ID: "dp_1", Status: "needs_response", Amount: 1999, At: refunded.Add(time.Minute)}
	processed := events.PaymentProcessed{OrderID: "o1", PaymentID: "pi_1", Amount: 1999, Currency: "EUR", ProcessedAt: captured}
	refundFailed := events.PaymentRefundFailed{OrderID: "o1", PaymentID: "pi_1", RefundID: "re_1", Reason: "lost_or_stolen_card"}
	returned := events.PaymentRefunded{OrderID: "o1", PaymentID: "pi_1", RefundID: "re_2", Amount: 1999, Currency: "EUR"}
	disputed := events.PaymentDisputed{OrderID: "o1", PaymentID: "pi_1", DisputeID: "dp_1", Status: "needs_response", Amount: 1999, Currency: "EUR"}
	for _, c := range []struct {
		promise string
		row     payment.Row
		want    []events.Data
		at      []time.Time
	}{
		{"nothing while the provider has not decided", row(order.PaymentPending), nil, nil},
		{"captured", row(order.PaymentSucceeded), []events.Data{processed}, []time.Time{captured}},
		{"captured, and a refund failed", with(row(order.PaymentSucceeded), failed), []events.Data{processed, refundFailed}, []time.Time{captured, failed.At}},
		{"given back", with(row(order.PaymentReturned), failed, made), []events.Data{processed, refundFailed, returned}, []time.Time{captured, failed.At, made.At}},
		{"disputed", contested(row(order.PaymentSucceeded), dispute), []events.Data{processed, disputed}, []time.Time{captured, dispute.At}},
	} {
		c.row.CapturedAt = captured
		var got []events.Data
		var at []time.Time
		for _, e := range all(t, c.row) {
			d, err := events.DataOf(e)
			if err != nil {
				t.Fatal(err)
			}
			got, at = append(got, d), append(at, e.Time())
		}
		if diff := cmp.Diff(c.want, got) + cmp.Diff(c.at, at); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.promise, diff)
		}
	}
}

func with(r payment.Row, refunds ...payment.Refund) payment.Row {
	r.Refunds = refunds
	return r
}

func contested(r payment.Row, d payment.Dispute) payment.Row {
	r.Disputes = []payment.Dispute{d}
	return r
}

func TestAnOrderThatCostNothingIsGivenBackByTheNameOfNone(t *testing.T) {
	r := payment.Free("o1", "EUR", captured).GiveBackNothing(refunded)
	out := all(t, r)
	if len(out) != 2 {
		t.Fatalf("%d events, want 2", len(out))
	}
	d, err := events.As[events.PaymentRefunded](out[1])
	want := events.PaymentRefunded{OrderID: "o1", PaymentID: events.NoPayment, RefundID: events.NoPayment, Currency: "EUR"}
	if diff := cmp.Diff(want, d); diff != "" || err != nil {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
}

func TestNewDisputesAndFailedRefundsAreCounted(t *testing.T) {
	r := contested(row(order.PaymentSucceeded), payment.Dispute{ID: "dp_1", Status: "needs_response", Amount: 1999, At: refunded})
	r = with(r, payment.Refund{ID: "re_1", Amount: 1999, Failed: true, Reason: "declined", At: refunded}, payment.Refund{ID: "re_2", Amount: 1999, Failed: true, Reason: "declined", At: refunded})
	r.CapturedAt = captured
	stated := all(t, r)
	if disputes, failed := facts.Alarms(stated, refunded.Add(facts.News)); disputes != 1 || failed != 2 {
		t.Errorf("got %d disputes and %d failed refunds, want 1 and 2", disputes, failed)
	}
	if disputes, failed := facts.Alarms(stated, refunded.Add(facts.News+time.Millisecond)); disputes != 0 || failed != 0 {
		t.Errorf("later: got %d disputes and %d failed refunds, want none", disputes, failed)
	}
}
