package stripesandbox_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// history is the types of all events of the ledger, oldest first.
func history(t *testing.T, l *stripesandbox.Ledger) []stripesandbox.EventType {
	t.Helper()
	var types []stripesandbox.EventType
	for _, e := range allEvents(t, l) {
		types = append(types, e.Type)
	}
	return types
}

// allEvents are the events of the ledger, oldest first.
func allEvents(t testing.TB, l *stripesandbox.Ledger) []stripesandbox.Event {
	t.Helper()
	page, more, err := l.Events(stripesandbox.EventPage{Page: stripesandbox.Page{Limit: 1_000_000}})
	if err != nil || more {
		t.Fatalf("events: %v, more %t", err, more)
	}
	slices.Reverse(page)
	return page
}

func TestEveryTransitionIsToldOnce(t *testing.T) {
	refund := func(l *stripesandbox.Ledger, id string) { _, _ = l.Refund(stripesandbox.RefundParams{Intent: id}) }
	settle := func(l *stripesandbox.Ledger, _ string) { l.Settle("") }
	dispute := func(to stripesandbox.DisputeStatus) func(*stripesandbox.Ledger, string) {
		return func(l *stripesandbox.Ledger, _ string) { _, _ = l.Dispute("o1", to) }
	}
	for _, row := range []struct {
		method string
		calls  []func(*stripesandbox.Ledger, string)
		want   []stripesandbox.EventType
	}{
		{"pm_card_visa", nil, nil},
		{"pm_card_visa", calls(cancel, cancel), types("payment_intent.canceled")},
		{"pm_card_visa", calls(confirm, confirm, settle), types("payment_intent.succeeded", "charge.succeeded")},
		{"pm_card_chargeDeclined", calls(confirm, confirm), types("payment_intent.payment_failed")},
		{"pm_card_authenticationRequired", calls(onSession), types("payment_intent.requires_action")},
		{"pm_card_authenticationRequired", calls(confirm), types("payment_intent.payment_failed")},
		{
			"pm_usBankAccount_success", calls(confirm, settle, settle),
			types("payment_intent.processing", "payment_intent.succeeded", "charge.succeeded"),
		},
		{
			"pm_usBankAccount_noAccount", calls(confirm, settle),
			types("payment_intent.processing", "payment_intent.payment_failed"),
		},
		{
			"pm_card_visa", calls(confirm, refund, refund),
			types("payment_intent.succeeded", "charge.succeeded", "refund.created", "charge.refunded"),
		},
		{
			"pm_card_pendingRefund", calls(confirm, refund, settle, settle),
			types("payment_intent.succeeded", "charge.succeeded", "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"),
		},
		{
			"pm_card_refundFail", calls(confirm, refund, settle),
			types("payment_intent.succeeded", "charge.succeeded", "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated", "refund.failed"),
		},
		{
			"pm_card_visa", calls(confirm, func(l *stripesandbox.Ledger, id string) { l.FailRefunds("o1", 1); refund(l, id) }),
			types("payment_intent.succeeded", "charge.succeeded", "refund.created", "refund.failed"),
		},
		{
			"pm_card_createDispute", calls(confirm, dispute("under_review"), dispute("under_review"), dispute("lost"), dispute("won")),
			types("payment_intent.succeeded", "charge.succeeded", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
		},
		{
			"pm_card_visa", calls(confirm, dispute("warning_closed")),
			types("payment_intent.succeeded", "charge.succeeded", "charge.dispute.created", "charge.dispute.closed"),
		},
	} {
		l := newLedger()
		id := mustCreate(t, l, ofOrder("o1", row.method)).ID
		for _, call := range row.calls {
			call(l, id)
		}
		if diff := cmp.Diff(append(types("payment_intent.created"), row.want...), history(t, l)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.method, diff)
		}
	}
}

func calls(c ...func(*stripesandbox.Ledger, string)) []func(*stripesandbox.Ledger, string) { return c }

func types(t ...stripesandbox.EventType) []stripesandbox.EventType { return t }

func TestEventShowsItsObjectAsItStoodThen(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_refundFail")
	mustRefund(t, l, id, 0)
	l.Settle("")
	var intents []stripesandbox.Status
	var refunds []stripesandbox.RefundStatus
	for _, e := range allEvents(t, l) {
		switch {
		case e.Intent != nil:
			intents = append(intents, e.Intent.Status)
		case e.Refund != nil:
			refunds = append(refunds, e.Refund.Status)
		case e.Type == stripesandbox.ChargeSucceeded && e.Charge.Returned != 0, e.Type == stripesandbox.ChargeRefunded && e.Charge.Returned != 1999:
			t.Errorf("%s with %d returned", e.Type, e.Charge.Returned)
		}
		if e.Order != "o1" {
			t.Errorf("%s is of order %q", e.Type, e.Order)
		}
		if again, err := l.Event(e.ID); err != nil || again.Type != e.Type {
			t.Errorf("event %s again: %s, %v", e.Type, again.Type, err)
		}
	}
	if diff := cmp.Diff([]stripesandbox.Status{"requires_confirmation", "succeeded"}, intents); diff != "" {
		t.Errorf("intents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]stripesandbox.RefundStatus{"succeeded", "failed", "failed", "failed"}, refunds); diff != "" {
		t.Errorf("refunds (-want +got):\n%s", diff)
	}
	_, err := l.Event("evt_none")
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
}

func TestEventsAreFoundByTypeAndTime(t *testing.T) {
	clk := newClock()
	l := stripesandbox.NewLedger(clk.now, 7)
	first := clk.now()
	id := mustCreate(t, l, ofOrder("o1", "pm_card_visa")).ID
	clk.advance(time.Hour)
	confirm(l, id)
	for _, row := range []struct {
		name string
		page stripesandbox.EventPage
		want []stripesandbox.EventType
	}{
		{"one type", stripesandbox.EventPage{Types: []string{"charge.succeeded"}}, types("charge.succeeded")},
		{"a group", stripesandbox.EventPage{Types: []string{"payment_intent.*"}}, types("payment_intent.succeeded", "payment_intent.created")},
		{"two types", stripesandbox.EventPage{Types: []string{"charge.succeeded", "payment_intent.created"}}, types("charge.succeeded", "payment_intent.created")},
		{"from", stripesandbox.EventPage{From: first.Add(time.Second)}, types("charge.succeeded", "payment_intent.succeeded")},
		{"up to", stripesandbox.EventPage{To: first.Add(time.Hour)}, types("payment_intent.created")},
		{"those to keep", stripesandbox.EventPage{Keep: func(string) bool { return false }}, nil},
	} {
		row.page.Limit = 10
		page, more, err := l.Events(row.page)
		var got []stripesandbox.EventType
		for _, e := range page {
			got = append(got, e.Type)
		}
		if diff := cmp.Diff(row.want, got); diff != "" || more || err != nil {
			t.Errorf("%s: more %t, %v (-want +got):\n%s", row.name, more, err, diff)
		}
	}
}
