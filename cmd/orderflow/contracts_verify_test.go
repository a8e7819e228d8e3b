package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
	"github.com/orderflow/orderflow/internal/tap/taptest"
)

const testBus = "BusName" // as stage calls it

// watched is a stage with a bus that can be watched. What happens on it happens when the watch has begun.
type watched struct {
	*stage
	taps     taptest.Server
	happens  func()
	watching bool
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{stage: newStage(t), happens: func() {}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *watched) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !taptest.Handles(r) {
		w.stage.ServeHTTP(rw, r)
		return
	}
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") && !w.watching {
		w.watching = true
		w.happens()
	}
	w.taps.ServeHTTP(rw, r)
}

// state puts events on the bus, each after its change.
func (w *watched) state(t *testing.T, change func(detail string) string, all ...event.Event) {
	t.Helper()
	for _, e := range all {
		raw, err := events.Encode(e)
		if err != nil {
			t.Error(err)
		}
		w.taps.Publish(testBus, e.Source(), e.Type(), change(string(raw)))
	}
}

func unchanged(detail string) string { return detail }

// verify runs the command with a clock that goes on by a second at each look.
func (w *watched) verify(ctx context.Context, c contractsVerifyCommand, asJSON bool) said {
	var out, errs bytes.Buffer
	g := &grammar{Stage: "local", EndpointURL: w.url, JSON: asJSON}
	s := newSession(g, strings.NewReader(""), &out, &errs, func(string) string { return "" })
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

func (w *watched) nothingIsLeft(t *testing.T) {
	t.Helper()
	if rules, queues := w.taps.Names(); len(rules) > 0 || len(queues) > 0 {
		t.Errorf("got rules %v and queues %v left, want none", rules, queues)
	}
}

const half = 30 * time.Second

func TestVerifyCountsWhatKeepsTheContract(t *testing.T) {
	w := newWatched(t)
	w.happens = func() {
		w.state(t, unchanged, eventstest.Example[events.OrderRecorded](t, "full"), eventstest.Example[events.OrderUpdated](t, "full"))
	}
	got := w.verify(t.Context(), contractsVerifyCommand{For: half}, false)
	got.want(t, exitOK, "com.orderflow.OrderRecorded.v1       1           0", "2 events keep the contract", "watching BusName for 30s")
	w.nothingIsLeft(t)
	w = newWatched(t)
	w.happens = func() { w.state(t, unchanged, eventstest.Example[events.OrderRecorded](t, "full")) }
	got = w.verify(t.Context(), contractsVerifyCommand{For: half}, true)
	if want := `{"type":"com.orderflow.OrderRecorded.v1","events":1,"violations":0}` + "\n"; got.out != want {
		t.Errorf("got %s, want %s", got.out, want)
	}
}

func TestVerifyNamesOrderTypeAndPlaceAndNotTheCustomer(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		w := newWatched(t)
		w.happens = func() {
			w.state(t, func(detail string) string {
				return strings.Replace(detail, `"reason":"unknown_user"`, `"email":"kim@example.com","reason":"kim@example.com"`, 1)
			}, eventstest.Example[events.OrderRejected](t, "full"))
		}
		got := w.verify(t.Context(), contractsVerifyCommand{For: half}, asJSON)
		got.want(t, 4, "com.orderflow.OrderRejected.v1", "order-1042", "/detail/data/email", "/detail/data/reason", "the contract is broken: 2 violations in 1 events")
		if strings.Contains(got.out+got.err, "kim@") {
			t.Errorf("the address is quoted: %s%s", got.out, got.err)
		}
		w.nothingIsLeft(t)
	}
}

func TestVerifyThatFoundNothingToCheckHasFailed(t *testing.T) {
	w := newWatched(t)
	w.verify(t.Context(), contractsVerifyCommand{For: half}, false).want(t, exitFailure, "nothing was verified: no event came in 30s")
	w.nothingIsLeft(t)

	w = newWatched(t)
	w.happens = func() { w.state(t, unchanged, eventstest.Example[events.OrderRecorded](t, "full")) }
	got := w.verify(t.Context(), contractsVerifyCommand{For: half, Type: []string{"OrderRecorded", "PaymentProcessed"}}, false)
	got.want(t, exitFailure, "nothing was verified of PaymentProcessed")
	w.nothingIsLeft(t)
}

func TestVerifyStopsAtItsMaximum(t *testing.T) {
	w := newWatched(t)
	w.happens = func() {
		for _, id := range []order.ID{"a", "b", "c"} {
			w.state(t, unchanged, eventstest.Example(t, "full", func(d *events.OrderRecorded) { d.OrderID = id }))
		}
	}
	got := w.verify(t.Context(), contractsVerifyCommand{For: time.Hour, Max: 2}, false)
	got.want(t, exitOK, "2 events keep the contract")
}

func TestVerifyCleansUpAfterAnInterrupt(t *testing.T) {
	w := newWatched(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	w.happens = interrupt
	w.verify(ctx, contractsVerifyCommand{For: half}, false).want(t, exitInterrupted)
	w.nothingIsLeft(t)
}

func TestVerifySaysWhatAnInterruptedRunCouldNotRemove(t *testing.T) {
	w := newWatched(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	w.happens = func() {
		w.taps.Refuse(true, "DeleteRule")
		interrupt()
	}
	w.verify(ctx, contractsVerifyCommand{For: half, By: "kim"}, false).want(t, exitInterrupted, "remove tap BusName-tap-kim-20260301T")
}

func TestVerifyRemovesWhatAKilledRunLeftBehind(t *testing.T) {
	w := newWatched(t)
	w.happens = func() { w.state(t, unchanged, eventstest.Example[events.OrderRecorded](t, "full")) }
	conf := aws.Config{Region: "r", BaseEndpoint: &w.url, Credentials: credentials.NewStaticCredentialsProvider("id", "key", "")}
	for owner, age := range map[string]time.Duration{"killed": 2 * time.Hour, "living": time.Minute} {
		if _, err := tap.Open(t.Context(), conf, testBus, tap.Filter{}, owner, at.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	w.verify(t.Context(), contractsVerifyCommand{For: half}, false).want(t, exitOK, "which a run of killed had left behind")
	if _, queues := w.taps.Names(); len(queues) != 1 || !strings.Contains(queues[0], "-living-") {
		t.Errorf("got queues %v left, want the living watch's", queues)
	}
}

func TestVerifyRefusesBadOptionsBeforeItTouchesTheBus(t *testing.T) {
	for name, c := range map[string]contractsVerifyCommand{
		"no time":           {},
		"too long":          {For: 2 * time.Hour},
		"a negative number": {For: half, Max: -1},
		"an unknown type":   {For: half, Type: []string{"OrderLost"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			w.verify(t.Context(), c, false).want(t, exitUsage)
			if rules, _ := w.taps.Names(); w.watching || len(rules) > 0 {
				t.Error("the bus was touched")
			}
		})
	}
}
