package bus_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// noPause counts the retries and does not wait.
func noPause(retries *int) bus.Pause {
	return func(_ context.Context, retry int) error {
		*retries = retry
		return nil
	}
}

func publisher(b *eventBridge) *bus.Publisher {
	return bus.NewWithPause(b.client(), "orderflow", func(context.Context, int) error { return nil })
}

// updates returns events of n orders.
func updates(t testing.TB, n int) []event.Event {
	out := make([]event.Event, n)
	for i := range out {
		out[i] = eventstest.Example(t, "full", func(d *events.OrderUpdated) { d.OrderID = orderID(i) })
	}
	return out
}

func orderID(i int) events.OrderID { return events.OrderID(fmt.Sprintf("order-%02d", i)) }

// large returns an event of almost 40 KB, with as many lines as an order may have.
func large(t testing.TB, i int) event.Event {
	return eventstest.Example(t, "full", func(d *events.OrderRecorded) {
		d.OrderID, d.Items = orderID(i), make([]order.Item, order.MaxItems)
		for n := range d.Items {
			d.Items[n] = order.Item{SKU: order.SKU(strings.Repeat("s", 44)), Quantity: 1, UnitAmount: 1}
		}
	})
}

// codes returns kind and code of every error.
func codes(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		kind, code := outcome.Of(err)
		out[i] = strings.TrimSuffix(string(kind)+" "+string(code), " ")
	}
	return out
}

func repeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func TestAnEntryIsTheEventWithItsSourceTypeAndTime(t *testing.T) {
	b := &eventBridge{t: t}
	e := updates(t, 1)[0]
	if diff := cmp.Diff([]string{"done"}, codes(publisher(b).Publish(t.Context(), []event.Event{e}))); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	detail, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	want := []putEntry{{
		EventBusName: "orderflow",
		Source:       "orderflow.orders",
		DetailType:   "com.orderflow.OrderUpdated.v1",
		Detail:       string(detail),
		Time:         float64(e.Time().UnixMilli()) / 1000,
	}}
	if diff := cmp.Diff(want, b.taken); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	back, err := events.Parse([]byte(b.taken[0].Detail))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := back.ID(), e.ID(); got != want {
		t.Errorf("got event %s back, want %s", got, want)
	}
}

func TestNothingToPublishMakesNoCall(t *testing.T) {
	b := &eventBridge{t: t}
	if got := publisher(b).Publish(t.Context(), nil); len(got) != 0 {
		t.Errorf("got %v, want no errors", got)
	}
	if len(b.calls) != 0 {
		t.Errorf("got %d calls, want none", len(b.calls))
	}
}

func TestTwelveEventsGoInTwoCallsInOrder(t *testing.T) {
	b := &eventBridge{t: t}
	errs := publisher(b).Publish(t.Context(), updates(t, 12))
	if diff := cmp.Diff(repeat("done", 12), codes(errs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{10, 2}, b.sizes()); diff != "" {
		t.Errorf("entries by call (-want +got):\n%s", diff)
	}
	for i, e := range b.taken {
		if !strings.Contains(e.Detail, string(orderID(i))) {
			t.Errorf("entry %d is not that of %s", i, orderID(i))
		}
	}
}

// PutEvents answers 200 with failures: 12 entries, of which the 3rd has an error code.
//
// Case: PutEvents answered 200 and had failed entries (swarmion#1890, action-destinations#2828).
func TestOnlyTheFailedEntryIsSentAgain(t *testing.T) {
	b := &eventBridge{t: t, fail: func(call int, e putEntry) string {
		if call == 1 && strings.Contains(e.Detail, string(orderID(2))) {
			return "InternalFailure"
		}
		return ""
	}}
	errs := publisher(b).Publish(t.Context(), updates(t, 12))
	if diff := cmp.Diff(repeat("done", 12), codes(errs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{10, 2, 1}, b.sizes()); diff != "" {
		t.Errorf("entries by call (-want +got):\n%s", diff)
	}
	if got := b.calls[2][0].Detail; !strings.Contains(got, string(orderID(2))) {
		t.Errorf("sent again: %s, want the event of %s", got, orderID(2))
	}
	if len(b.taken) != 12 {
		t.Errorf("the bus has %d events, want 12", len(b.taken))
	}
}

// Case: PutEvents answered 200 and had failed entries (swarmion#1890).
func TestAnEntryThatKeepsFailingIsReportedByIndex(t *testing.T) {
	b := &eventBridge{t: t, fail: func(_ int, e putEntry) string {
		if strings.Contains(e.Detail, string(orderID(2))) {
			return "ThrottlingException"
		}
		return ""
	}}
	retries := 0
	errs := bus.NewWithPause(b.client(), "orderflow", noPause(&retries)).Publish(t.Context(), updates(t, 12))
	want := repeat("done", 12)
	want[2] = "transient publish_failed"
	if diff := cmp.Diff(want, codes(errs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{10, 2, 1, 1, 1}, b.sizes()); diff != "" {
		t.Errorf("entries by call (-want +got):\n%s", diff)
	}
	if retries != 3 {
		t.Errorf("got %d pauses, want 3", retries)
	}
	if got, want := errs[2].Error(), "transient: publish_failed: publish event: entry failed: ThrottlingException"; got != want {
		t.Errorf("got error %q, want %q", got, want)
	}
}

func TestACallThatFailsIsReportedForAllItsEventsAndNoOthers(t *testing.T) {
	b := &eventBridge{t: t, answer: func(call int) (int, string) {
		if call == 1 {
			return http.StatusInternalServerError, `{"__type":"InternalException"}`
		}
		return 0, ""
	}}
	errs := publisher(b).Publish(t.Context(), updates(t, 12))
	want := append(repeat("transient publish_failed", 10), repeat("done", 2)...)
	if diff := cmp.Diff(want, codes(errs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAnswerThatDoesNotMatchTheRequestIsAFailure(t *testing.T) {
	for name, body := range map[string]string{
		"no entries":          `{"FailedEntryCount":0}`,
		"too few entries":     `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`,
		"entries without ids": `{"FailedEntryCount":0,"Entries":[{},{}]}`,
		"not JSON":            `<html>`,
	} {
		t.Run(name, func(t *testing.T) {
			b := &eventBridge{t: t, answer: func(int) (int, string) { return http.StatusOK, body }}
			errs := publisher(b).Publish(t.Context(), updates(t, 2))
			if diff := cmp.Diff(repeat("transient publish_failed", 2), codes(errs)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Case: a detail-type over 128 characters failed its call (a limit of the PutEvents API).
func TestARefusedEventIsNeverSentAndStopsNoOther(t *testing.T) {
	valid := updates(t, 1)[0]
	for name, spoil := range map[string]func(*event.Event){
		"type over 128 characters": func(e *event.Event) { e.SetType(strings.Repeat("t", 129)) },
		"unknown major version":    func(e *event.Event) { e.SetType("com.orderflow.OrderUpdated.v2") },
		"no source":                func(e *event.Event) { e.SetSource("") },
		"data of another order":    func(e *event.Event) { e.SetSubject("another") },
		"data is not JSON":         func(e *event.Event) { e.DataEncoded = []byte("{") },
		"over 64 KiB": func(e *event.Event) {
			e.DataEncoded = append(e.DataEncoded, strings.Repeat(" ", events.MaxSize)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &eventBridge{t: t}
			bad := valid.Clone()
			spoil(&bad)
			errs := publisher(b).Publish(t.Context(), []event.Event{bad, valid})
			if diff := cmp.Diff([]string{"permanent event_refused", "done"}, codes(errs)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]int{1}, b.sizes()); diff != "" {
				t.Errorf("entries by call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoCallIsOver256KB(t *testing.T) {
	b := &eventBridge{t: t}
	batch := make([]event.Event, 10)
	for i := range batch {
		batch[i] = large(t, i)
	}
	if diff := cmp.Diff(repeat("done", 10), codes(publisher(b).Publish(t.Context(), batch))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(b.calls) < 2 {
		t.Errorf("got %d calls for ten large events, want several", len(b.calls))
	}
}

func TestAnErrorQuotesNothingOfTheEvent(t *testing.T) {
	b := &eventBridge{t: t, fail: func(int, putEntry) string { return "MalformedDetail" }}
	errs := publisher(b).Publish(t.Context(), updates(t, 1))
	if got := errs[0].Error(); strings.Contains(got, "order") || strings.Contains(got, "quotes") {
		t.Errorf("got %q", got)
	}
}

func TestAPauseThatIsCutShortEndsTheRetries(t *testing.T) {
	b := &eventBridge{t: t, fail: func(int, putEntry) string { return "InternalFailure" }}
	p := bus.NewWithPause(b.client(), "orderflow", func(context.Context, int) error { return context.DeadlineExceeded })
	errs := p.Publish(t.Context(), updates(t, 1))
	if diff := cmp.Diff([]string{"transient publish_failed"}, codes(errs)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(b.calls) != 1 {
		t.Errorf("got %d calls, want 1", len(b.calls))
	}
}

// Whatever fails, an event without an error is on the bus exactly once, and one with an error is not:
// the fake never takes an entry that it answers with an error code.
func TestEveryEventIsEitherPublishedOnceOrReported(t *testing.T) {
	all := updates(t, 35)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, len(all)).Draw(rt, "events")
		failures := rapid.SliceOfN(rapid.IntRange(0, 6), n, n).Draw(rt, "failures of each")
		left := append([]int(nil), failures...)
		b := &eventBridge{t: t, fail: func(_ int, e putEntry) string {
			for i := range left {
				if strings.Contains(e.Detail, string(orderID(i))) && left[i] > 0 {
					left[i]--
					return "InternalFailure"
				}
			}
			return ""
		}}
		errs := publisher(b).Publish(t.Context(), all[:n])
		times := map[string]int{}
		for _, e := range b.taken {
			times[e.Detail]++
		}
		for i, err := range errs {
			detail, encodeErr := events.Encode(all[i])
			if encodeErr != nil {
				rt.Fatal(encodeErr)
			}
			if lost := failures[i] >= 4; lost != (err != nil) || times[string(detail)] != map[bool]int{false: 1}[lost] {
				rt.Fatalf("event %d failed %d times: got error %v and %d on the bus", i, failures[i], err, times[string(detail)])
			}
		}
	})
}

func TestPausesGrowToFourTenthsOfASecondAndStayBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pause := bus.Jittered(func() float64 { return 0.5 })
		var got []time.Duration
		for retry := 1; retry <= 5; retry++ {
			began := time.Now()
			if err := pause(t.Context(), retry); err != nil {
				t.Fatal(err)
			}
			got = append(got, time.Since(began))
		}
		want := []time.Duration{25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAPauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := bus.Jittered(func() float64 { return 0.99 })(ctx, 9); err == nil {
			t.Error("got no error from a pause that was cut short")
		}
		if got, want := time.Since(began), 10*time.Millisecond; got != want {
			t.Errorf("waited %v, want %v", got, want)
		}
	})
}
