package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
	"github.com/orderflow/orderflow/schemas"
)

// tail runs the command with a clock that goes on by a second at each look.
func (w *watched) tail(ctx context.Context, c eventsTailCommand, asJSON bool) said {
	var out, errs bytes.Buffer
	s := newSession(&grammar{Stage: "local", EndpointURL: w.url, JSON: asJSON}, strings.NewReader(""), &out, &errs, func(string) string { return "" })
	now := at
	s.now = func() time.Time {
		now = now.Add(time.Second)
		return now
	}
	err := c.Run(ctx, s)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return said{s.complain(err), out.String(), errs.String()}
}

// caused returns an OrderUpdated with all attributes that an event may have.
func caused(t *testing.T) []byte {
	t.Helper()
	e, err := events.New(eventstest.Data[events.OrderUpdated](t, "full"), eventstest.At, events.Cause{
		ID: "cause-1", TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	})
	if err != nil {
		t.Fatal(err)
	}
	return []byte(encoded(t, e))
}

func (w *watched) put(detail string) {
	w.taps.Publish(testBus, string(events.SourceOrders), string(events.TypeOrderUpdated), detail)
}

func TestTailPrintsALineAnEvent(t *testing.T) {
	w := newWatched(t)
	raw := caused(t)
	w.happens = func() { w.put(string(raw)) }
	got := w.tail(t.Context(), eventsTailCommand{For: half}, false)
	e, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	d, err := events.As[events.OrderUpdated](e)
	if err != nil {
		t.Fatal(err)
	}
	want := "2026-03-01T09:30:00.125Z  OrderUpdated          order-1042  " +
		string(d.PreviousStatus) + " → " + string(d.Status) + ", version 2, insufficient_funds  " + e.ID() + " because of cause-1\n"
	if got.out != want {
		t.Errorf("got  %swant %s", got.out, want)
	}
	got.want(t, exitOK, "following BusName for 30s")
	w.nothingIsLeft(t)
}

func TestTailPrintsTheAttributesAndTheDataOnlyWhenAsked(t *testing.T) {
	raw := caused(t)
	for _, reveal := range []bool{false, true} {
		w := newWatched(t)
		w.happens = func() { w.put(string(raw)) }
		got := w.tail(t.Context(), eventsTailCommand{For: half, Reveal: reveal}, true)
		got.want(t, exitOK, `"causationid":"cause-1"`, `"traceparent":"00-4bf`, `"subject":"order-1042"`, `"time":"2026-03-01T09:30:00.125Z"`)
		if strings.Contains(got.out, `"user_id"`) != reveal {
			t.Errorf("reveal %v: got %s", reveal, got.out)
		}
		if !reveal {
			continue
		}
		shown, err := events.Parse([]byte(got.out))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), encoded(t, shown)); diff != "" {
			t.Errorf("the line is not the event (-want +got)\n%s", diff)
		}
	}
}

func TestTailTakesOnlyTheTypesAndTheOrderAskedFor(t *testing.T) {
	for name, c := range map[string]eventsTailCommand{
		"type":           {For: half, Type: []string{"OrderUpdated"}},
		"order":          {For: half, Order: "order-7"},
		"type and order": {For: half, Type: []string{"OrderUpdated", "OrderRejected"}, Order: "order-7"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			w.happens = func() {
				for _, id := range []order.ID{"order-7", "order-8"} {
					w.state(t, unchanged,
						eventstest.Example(t, "full", func(d *events.OrderUpdated) { d.OrderID = id }),
						eventstest.Example(t, "full", func(d *events.OrderRecorded) { d.OrderID = id }))
				}
			}
			got := w.tail(t.Context(), c, false)
			got.want(t, exitOK, "OrderUpdated          order-7")
			if len(c.Type) > 0 && strings.Contains(got.out, "OrderRecorded") || c.Order != "" && strings.Contains(got.out, "order-8") {
				t.Errorf("got more than was asked for:\n%s", got.out)
			}
		})
	}
}

func TestTailNamesThePlaceOfABreachAndQuotesItOnlyWhenAsked(t *testing.T) {
	bad := strings.Replace(string(caused(t)), `"reason":"insufficient_funds"`, `"email":"kim@example.com","reason":"\u001b[2J"`, 1)
	for _, asJSON := range []bool{false, true} {
		w := newWatched(t)
		w.happens = func() { w.put(bad); w.put(`"\u001b[2J kim@"`) }
		got := w.tail(t.Context(), eventsTailCommand{For: half}, asJSON)
		got.want(t, exitOK, "/data/email", "/data/reason", "order-1042")
		if strings.Contains(got.out, "kim@") {
			t.Errorf("the address is quoted: %s", got.out)
		}
		w = newWatched(t)
		w.happens = func() { w.put(bad) }
		got = w.tail(t.Context(), eventsTailCommand{For: half, Reveal: true}, asJSON)
		got.want(t, exitOK, "kim@example.com", `\u001b[2J`)
		if strings.ContainsRune(got.out, '\x1b') {
			t.Errorf("an escape reaches the terminal: %q", got.out)
		}
	}
}

func TestTailHasWordsForEveryType(t *testing.T) {
	want := map[events.Type]string{
		events.TypeOrderRecorded: "USD", events.TypeOrderVerified: "USD", events.TypeOrderRejected: "unknown_user",
		events.TypePaymentProcessed: "USD", events.TypePaymentFailed: "insufficient_funds", events.TypePaymentRefunded: "USD",
		events.TypePaymentRefundFailed: "_", events.TypePaymentDisputed: "needs_response", events.TypeOrderCancelRequested: " by ",
		events.TypeOrderUpdated: " → ",
	}
	for _, entry := range events.Catalog() {
		for _, example := range schemas.Examples(entry.Type.Schema(), schemas.Valid) {
			if example.Name != "full" {
				continue
			}
			d, err := decode(entry, example.Text, "order-1042")
			if err != nil {
				t.Fatal(err)
			}
			if got := says(d); want[entry.Type] == "" || !strings.Contains(got, want[entry.Type]) {
				t.Errorf("%s: got %q, want %q in it", entry.Type, got, want[entry.Type])
			}
			delete(want, entry.Type)
		}
	}
	if len(want) > 0 {
		t.Errorf("%v have no full example", want)
	}
}

func TestTailCleansUpAfterAnInterrupt(t *testing.T) {
	w := newWatched(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	w.happens = interrupt
	w.tail(ctx, eventsTailCommand{For: half}, false).want(t, exitInterrupted)
	w.nothingIsLeft(t)

	w = newWatched(t)
	ctx, interrupt = context.WithCancel(t.Context())
	defer interrupt()
	w.happens = func() {
		w.taps.Refuse(true, "DeleteRule")
		interrupt()
	}
	w.tail(ctx, eventsTailCommand{For: half, By: "kim"}, false).want(t, exitInterrupted, "remove tap BusName-tap-kim-20260301T")
}

func TestTailRemovesWhatAKilledRunLeftBehind(t *testing.T) {
	w := newWatched(t)
	conf := aws.Config{Region: "r", BaseEndpoint: &w.url, Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")}
	for owner, age := range map[string]time.Duration{"killed": 2 * time.Hour, "living": time.Minute} {
		if _, err := tap.Open(t.Context(), conf, testBus, tap.Filter{}, owner, at.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	w.tail(t.Context(), eventsTailCommand{For: half}, false).want(t, exitOK, "which a run of killed had left behind")
	if _, queues := w.taps.Names(); len(queues) != 1 || !strings.Contains(queues[0], "-living-") {
		t.Errorf("got queues %v left, want the living one's", queues)
	}
}

func TestTailRefusesBadOptionsBeforeItTouchesTheBus(t *testing.T) {
	for name, c := range map[string]eventsTailCommand{
		"no time":         {},
		"too long":        {For: 2 * time.Hour},
		"an unknown type": {For: half, Type: []string{"OrderLost"}},
		"no order id":     {For: half, Order: "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			w.tail(t.Context(), c, false).want(t, exitUsage)
			if rules, _ := w.taps.Names(); w.watching || len(rules) > 0 {
				t.Error("the bus was touched")
			}
		})
	}
}

func TestTailThatCannotReceiveSaysSoAndCleansUp(t *testing.T) {
	w := newWatched(t)
	w.taps.Refuse(true, "ReceiveMessage")
	w.tail(t.Context(), eventsTailCommand{For: half}, false).want(t, exitFailure, "receive from tap BusName-tap-")
	w.nothingIsLeft(t)
}

func TestEventsHelp(t *testing.T) {
	call(t, nil, "", "events", "tail", "--help").want(t, exitOK, "Usage: orderflow events tail", "--reveal", "holds nothing of a customer but ids")
	call(t, nil, "", "events", "test", "--help").want(t, exitOK, "Usage: orderflow events test", "exits with 4")
	call(t, nil, "", "publish", "--help").want(t, exitOK, "--dry-run")
}
