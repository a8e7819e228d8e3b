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

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
)

// lose makes the provider have a notice that was not delivered, about an intent whose row states that the order is paid.
func (w *world) lose(intentID string, id order.ID) {
	w.t.Helper()
	w.notice(intentID)
	w.says[intentID] = reconciled{events: []event.Event{processed(w.t, id)}}
}

// notice adds an undelivered notice, a second older than the one before, as the provider lists the newest first.
func (w *world) notice(intentID string) {
	n := len(w.notices)
	w.notices = append(w.notices, payment.Notice{
		ID: fmt.Sprint("evt_", n), Type: "payment_intent.succeeded", IntentID: intentID, Created: now.Add(-time.Duration(n) * time.Second),
	})
}

func TestALostWebhookIsOnlyLate(t *testing.T) {
	w := newWorld(t)
	w.lose("pi_1", "o1")
	w.lose("pi_2", "o2")
	got := w.mustSweep()
	if diff := cmp.Diff(sweeporders.Summary{WebhooksRecovered: 2}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"o1 PaymentProcessed", "o2 PaymentProcessed"}, slices.Sorted(slices.Values(w.subjects()))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	want := []line{
		{Message: "record", Notice: "evt_0", Order: "o1", Outcome: "done", Code: "webhook_recovered", Published: 1},
		{Message: "record", Notice: "evt_1", Order: "o2", Outcome: "done", Code: "webhook_recovered", Published: 1},
	}
	lines := slices.SortedFunc(slices.Values(w.lines()), func(a, b line) int { return strings.Compare(a.Order, b.Order) })
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if w.metrics()["webhooks_recovered"] != 2 {
		t.Errorf("got metrics %v, want 2 webhooks recovered", w.metrics())
	}
	if want := now.Add(-limits.UndeliveredWithin); !w.since.Equal(want) {
		t.Errorf("asked for notices since %v, want %v", w.since, want)
	}
}

func TestAnIntentIsReconciledOnceHoweverManyNotices(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.lose("pi_1", "o1")
		w.notice("") // about something that is no order's
		w.lose("pi_2", "o2")
	}
	if got := w.mustSweep(); got.WebhooksRecovered != 2 {
		t.Errorf("got %+v, want 2 webhooks recovered", got)
	}
	slices.Sort(w.asked)
	if diff := cmp.Diff([]string{"pi_1", "pi_2"}, w.asked); diff != "" {
		t.Errorf("intents (-want +got):\n%s", diff)
	}
}

func TestAnIntentWithNothingToSayIsNoNews(t *testing.T) {
	w := newWorld(t)
	w.notice("pi_foreign")
	if diff := cmp.Diff(sweeporders.Summary{}, w.mustSweep()); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if len(w.calls) > 0 || len(w.lines()) > 0 {
		t.Errorf("got %d calls of the bus and the log %v, want none", len(w.calls), w.lines())
	}
}

func TestAnIntentThatFailsStopsNoOther(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.lose(fmt.Sprint("pi_", i), order.ID(fmt.Sprint("o", i)))
	}
	w.says["pi_3"] = reconciled{err: outcome.Transient("provider_unclear", errors.New("timeout"))}
	w.says["pi_4"] = reconciled{events: []event.Event{processed(t, "o4"), processed(t, "refused")}}
	w.refuses["refused"] = outcome.Transient("publish_failed", errors.New("throttled"))
	got, err := w.sweep(t.Context())
	if err == nil || got.WebhooksRecovered != 18 || got.Failed != 2 {
		t.Errorf("got %+v, error %v; want 18 recovered and 2 failures", got, err)
	}
	faults := slices.DeleteFunc(w.lines(), func(l line) bool { return l.Message != "fault" })
	want := []line{{Message: "fault", Notice: "evt_3", Operation: "reconcile", Code: "provider_unclear"}}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestAProviderThatIsDownStopsNoOrder(t *testing.T) {
	w := stuck(t)
	w.down["notices"] = fmt.Errorf("list events: %w", payment.ErrUnclear)
	got, err := w.sweep(t.Context())
	wantFailure(t, err, payment.CodeUnclear)
	want := sweeporders.Summary{Reannounced: 2, CancelRequested: 1, SagaRestarted: 1, Failed: 1, OldestOpenSeconds: 25 * 3600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// The provider keeps showing what was dealt with here, so a sweep that always began with the same would never get to the rest.
func TestEveryLostWebhookGetsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 30 {
			w.lose(fmt.Sprint("pi_", i), order.ID(fmt.Sprint("o", i)))
		}
		w.perCall = 30 * time.Second
		stated := map[string]bool{}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			got, err := w.sweep(ctx)
			cancel()
			if diff := cmp.Diff(sweeporders.Summary{WebhooksRecovered: 16, Unfinished: true}, got); diff != "" || err != nil {
				t.Errorf("error %v, summary (-want +got):\n%s", err, diff)
			}
			for _, subject := range w.subjects() {
				stated[subject] = true
			}
			w.now = w.now.Add(5 * time.Minute)
		}
		if len(stated) != 30 {
			t.Errorf("got %d of 30 recovered in ten sweeps of 16 each", len(stated))
		}
	})
}
