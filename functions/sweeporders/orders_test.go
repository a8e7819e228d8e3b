package sweeporders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// cancelling returns an order that became CANCELLING at a time.
func cancelling(id order.ID, at time.Time) order.Order {
	return recorded(id, at.Add(-time.Minute)).With(order.Change{Version: 2, Status: order.Cancelling, Reason: order.CardDeclined, At: at, Cause: "event-1"})
}

// stuck has one order for each action, the oldest first, and one that is being paid.
func stuck(t *testing.T) *world {
	w := newWorld(t,
		recorded("pending", now.Add(-48*time.Hour)),
		recorded("expired", now.Add(-25*time.Hour)),
		cancelling("cancelling", now.Add(-16*time.Minute)),
		recorded("recorded", now.Add(-6*time.Minute)),
		recorded("fresh", now.Add(-4*time.Minute)),
		cancelling("under-way", now.Add(-14*time.Minute)),
	)
	w.row("pending", order.PaymentPending)
	w.row("expired", order.PaymentOpen)
	return w
}

func TestEachThatIsStuckGetsItsEventOldestFirst(t *testing.T) {
	w := stuck(t)
	got := w.mustSweep()
	want := sweeporders.Summary{Reannounced: 2, CancelRequested: 1, SagaRestarted: 1, OldestOpenSeconds: 25 * 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	stated := []string{"pending OrderRecorded", "expired OrderCancelRequested", "cancelling OrderUpdated", "recorded OrderRecorded"}
	if diff := cmp.Diff(stated, w.subjects()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEventsSayWhatTheRowsSay(t *testing.T) {
	w := stuck(t)
	w.mustSweep()
	recordedAgain, err := announce.Recorded(recorded("recorded", now.Add(-6*time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	o := cancelling("cancelling", now.Add(-16*time.Minute))
	updatedAgain, err := announce.Updated(o, o.History[1], trace)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(updatedAgain.String(), w.published[2].String()); diff != "" {
		t.Errorf("OrderUpdated (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(recordedAgain.String(), w.published[3].String()); diff != "" {
		t.Errorf("OrderRecorded (-want +got):\n%s", diff)
	}
	asked := w.published[1]
	got, err := events.As[events.OrderCancelRequested](asked)
	if err != nil {
		t.Fatal(err)
	}
	want := events.OrderCancelRequested{OrderID: "expired", Reason: order.PaymentExpired, RequestedBy: order.AskedBySweep, SeenVersion: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OrderCancelRequested (-want +got):\n%s", diff)
	}
	if !asked.Time().Equal(now) || events.TraceParent(asked) != trace || events.CausationID(asked) != "" {
		t.Errorf("asked at %v, trace %q, cause %q; want now, the order's trace and no cause", asked.Time(), events.TraceParent(asked), events.CausationID(asked))
	}
}

func TestASecondSweepStatesTheSameFacts(t *testing.T) {
	w := stuck(t)
	before := w.tables.Orders.All()
	w.mustSweep()
	first, texts := slices.Clone(w.published), w.texts()
	w.mustSweep()
	if diff := cmp.Diff(texts, w.texts()); diff != "" {
		t.Errorf("at the same time (-first +second):\n%s", diff)
	}
	w.now = now.Add(time.Second)
	w.mustSweep()
	if len(w.published) != len(first) {
		t.Fatalf("a second later: got events %v, want %d as before", w.subjects(), len(first))
	}
	for i, e := range w.published {
		if e.ID() != first[i].ID() || string(e.Data()) != string(first[i].Data()) {
			t.Errorf("a second later: got %s, want the fact of %s", e, first[i])
		}
	}
	if diff := cmp.Diff(before, w.tables.Orders.All()); diff != "" {
		t.Errorf("orders (-before +after):\n%s", diff)
	}
}

func TestNormalTrafficIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	for i := range 50 {
		age := time.Duration(i) * 6 * time.Second
		w.store(recorded(order.ID(fmt.Sprint("r", i)), now.Add(-age)))
		w.store(cancelling(order.ID(fmt.Sprint("c", i)), now.Add(-age)))
		w.store(recorded(order.ID(fmt.Sprint("p", i)), now.Add(-48*time.Hour)).With(order.Change{Version: 2, Status: order.Paid, At: now, Cause: "event-1"}))
	}
	if diff := cmp.Diff(sweeporders.Summary{}, w.mustSweep()); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if len(w.calls) > 0 || len(w.lines()) > 0 {
		t.Errorf("got %d calls of the bus and the log %v, want none", len(w.calls), w.lines())
	}
}

func TestStaleEntriesOfTheIndexAreNothing(t *testing.T) {
	w := newWorld(t,
		recorded("paid", now.Add(-48*time.Hour)).With(order.Change{Version: 2, Status: order.Paid, At: now, Cause: "event-1"}),
		cancelling("cancelling", now),
		recorded("stuck", now.Add(-time.Hour)),
	)
	w.extra = []order.ID{"paid", "cancelling", "gone"}
	got := w.mustSweep()
	if diff := cmp.Diff(sweeporders.Summary{Reannounced: 1, OldestOpenSeconds: 3600}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestOnlyPaymentsOfOrdersThatNobodyPaidYetAreRead(t *testing.T) {
	w := stuck(t)
	w.mustSweep()
	slices.Sort(w.rowsRead)
	if diff := cmp.Diff([]order.ID{"expired", "pending", "recorded"}, w.rowsRead); diff != "" {
		t.Errorf("payments rows (-want +got):\n%s", diff)
	}
}

// A bank debit takes days, and an alarm that rings for each of them is heard by nobody.
func TestAnOrderThatTheProviderWorksOnIsNotTheOldest(t *testing.T) {
	w := newWorld(t, recorded("pending", now.Add(-48*time.Hour)))
	w.row("pending", order.PaymentPending)
	if got := w.mustSweep(); got.OldestOpenSeconds != 0 || got.Reannounced != 1 {
		t.Errorf("got %+v, want it announced again and no age", got)
	}
}

func TestOneLineForEachOrderAndOneOfMetrics(t *testing.T) {
	w := stuck(t)
	w.mustSweep()
	want := []line{
		{Message: "record", Order: "pending", Outcome: "done", Code: "reannounced", Published: 1},
		{Message: "record", Order: "expired", Outcome: "done", Code: "cancel_requested", Published: 1},
		{Message: "record", Order: "cancelling", Outcome: "done", Code: "saga_restarted", Published: 1},
		{Message: "record", Order: "recorded", Outcome: "done", Code: "reannounced", Published: 1},
	}
	if diff := cmp.Diff(want, w.lines()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	metrics := map[string]float64{"reannounced": 2, "cancel_requested": 1, "saga_restarted": 1, "webhooks_recovered": 0, "disputes": 0, "refund_failures": 0, "oldest_open_age": 25 * 3600}
	if diff := cmp.Diff(metrics, w.metrics()); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestABrokenOrderStopsNoOther(t *testing.T) {
	w := stuck(t)
	w.brokenOrders["cancelling"] = true
	got, err := w.sweep(t.Context())
	wantFailure(t, err, "broken_row")
	want := sweeporders.Summary{Reannounced: 2, CancelRequested: 1, Failed: 1, OldestOpenSeconds: 25 * 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if l := w.lines()[0]; l.Order != "cancelling" || l.Operation != "read_order" || l.Code != "broken_row" {
		t.Errorf("got %+v, want a line that names the order", l)
	}
}

// The money of an order whose payments row can't be read may have been taken.
func TestAnOrderWithoutAReadablePaymentIsNotCancelled(t *testing.T) {
	w := stuck(t)
	w.store(recorded("unclear", now.Add(-30*time.Hour)))
	w.row("unclear", order.PaymentSucceeded)
	w.brokenRows["unclear"] = true
	got, err := w.sweep(t.Context())
	wantFailure(t, err, "broken_row")
	want := sweeporders.Summary{Reannounced: 2, CancelRequested: 1, SagaRestarted: 1, Failed: 1, OldestOpenSeconds: 30 * 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if slices.ContainsFunc(w.subjects(), func(s string) bool { return strings.HasPrefix(s, "unclear") }) {
		t.Errorf("got events %v, want none of the unclear order", w.subjects())
	}
}

func TestWhatIsDownStopsOnlyWhatNeedsIt(t *testing.T) {
	down := outcome.Transient("table_busy", errors.New("throttled"))
	for what, want := range map[string]sweeporders.Summary{
		"list":     {Reannounced: 2, CancelRequested: 1, SagaRestarted: 1, Failed: 1, OldestOpenSeconds: 25 * 3600},
		"orders":   {Failed: 1},
		"payments": {Reannounced: 1, SagaRestarted: 1, Failed: 1, OldestOpenSeconds: 48 * 3600},
	} {
		t.Run(what, func(t *testing.T) {
			w := stuck(t)
			w.lose("pi_lost", "lost")
			w.down[what] = down
			got, err := w.sweep(t.Context())
			wantFailure(t, err, "table_busy")
			want.WebhooksRecovered = 1
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("summary (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARowThatNoEventCanStateStopsNoOther(t *testing.T) {
	w := stuck(t)
	odd := recorded("odd", now.Add(-time.Hour))
	odd.Amount = -1
	w.store(odd)
	got, err := w.sweep(t.Context())
	if err == nil || got.Failed != 1 || got.Reannounced != 2 || got.CancelRequested != 1 || got.SagaRestarted != 1 {
		t.Errorf("got %+v, error %v; want one failure beside the rest", got, err)
	}
	if l := w.lines()[0]; l.Order != "odd" || l.Operation != "state_event" {
		t.Errorf("got %+v, want a line that names the order", l)
	}
}

func TestWhatTheBusRefusesStopsNoOtherAndIsTriedAgain(t *testing.T) {
	w := stuck(t)
	w.refuses["expired"] = outcome.Transient("publish_failed", errors.New("throttled"))
	got, err := w.sweep(t.Context())
	wantFailure(t, err, "publish_failed")
	want := sweeporders.Summary{Reannounced: 2, SagaRestarted: 1, Failed: 1, OldestOpenSeconds: 25 * 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if l := w.lines()[1]; l.Order != "expired" || l.Outcome != "transient" || l.Code != "publish_failed" || l.Published != 0 {
		t.Errorf("got %+v, want a line of the failure", l)
	}
	delete(w.refuses, "expired")
	if got := w.mustSweep(); got.CancelRequested != 1 {
		t.Errorf("got %+v, want the request this time", got)
	}
}

func TestManyOrdersGoInBatchesOfAHundred(t *testing.T) {
	w := newWorld(t)
	for i := range 250 {
		w.store(recorded(order.ID(fmt.Sprint("o", i)), now.Add(-time.Hour)))
	}
	if got := w.mustSweep(); got.Reannounced != 250 {
		t.Errorf("got %+v, want 250 announced", got)
	}
	if diff := cmp.Diff([]int{100, 100, 50}, w.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// The function has a minute, and each hundred orders take a quarter of one.
func TestASweepStopsInTimeAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 500 {
			w.store(recorded(order.ID(fmt.Sprint("o", i)), now.Add(-time.Hour-time.Duration(i)*time.Second)))
		}
		w.lose("pi_lost", "lost")
		w.perCall = 15 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := w.sweep(ctx)
		want := sweeporders.Summary{Reannounced: 300, WebhooksRecovered: 1, OldestOpenSeconds: 3600 + 499, Unfinished: true}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("error %v, summary (-want +got):\n%s", err, diff)
		}
		if first := w.published[0].Subject(); first != "o499" {
			t.Errorf("began with %s, want the oldest, o499", first)
		}
		if lines := w.lines(); lines[len(lines)-1].Code != string(sweeporders.CodeUnfinished) {
			t.Errorf("the log does not say that the time was up: %+v", lines[len(lines)-1])
		}
		if w.metrics()["reannounced"] != 300 {
			t.Errorf("got metrics %v", w.metrics())
		}
	})
}

func wantFailure(t *testing.T, err error, code outcome.Code) {
	t.Helper()
	if kind, got := outcome.Of(err); kind != outcome.KindTransient || got != code {
		t.Errorf("got error %v, want a transient %s", err, code)
	}
}
