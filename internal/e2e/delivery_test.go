package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
)

// listener remembers every event on the bus since [listen].
type listener struct {
	tap  *tap.Tap
	mu   sync.Mutex
	seen []event.Event
}

// listen follows the bus for as long as the test runs.
func listen(t *testing.T) *listener {
	t.Helper()
	opened, err := tap.Open(t.Context(), world.Config, world.Stack.BusName, tap.Filter{DetailOnly: true}, "listener", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return &listener{tap: opened}
}

// drain moves what has arrived into seen and returns all of it.
func (l *listener) drain(t *testing.T) []event.Event {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		arrived, err := l.tap.Receive(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(arrived) == 0 {
			return l.seen
		}
		for _, body := range arrived {
			e, err := events.Parse([]byte(body))
			if err != nil {
				t.Errorf("on the bus: %v", err)
			}
			l.seen = append(l.seen, e)
		}
	}
}

// about returns the events of one order, each fact once, in the order of their types in the flow.
func about(all []event.Event, id order.ID) []event.Event {
	rank := map[events.Type]int{
		events.TypeOrderRecorded: 0, events.TypeOrderVerified: 1, events.TypePaymentProcessed: 2, events.TypeOrderUpdated: 3,
	}
	seen := map[string]bool{}
	var own []event.Event
	for _, e := range all {
		if e.Subject() == string(id) && !seen[e.ID()] {
			seen[e.ID()] = true
			own = append(own, e)
		}
	}
	slices.SortFunc(own, func(a, b event.Event) int { return rank[events.Type(a.Type())] - rank[events.Type(b.Type())] })
	return own
}

func publish(t *testing.T, all ...event.Event) {
	t.Helper()
	publisher := bus.New(eventbridge.NewFromConfig(world.Config), world.Stack.BusName)
	for _, err := range publisher.Publish(t.Context(), all) {
		if err != nil {
			t.Error(err)
		}
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			all = append(all, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return all
}

// TestAnyEventAnyNumberOfTimesInAnyOrder plays every event of 24 paid orders
// back: each order in another of the 24 orders of its four events, each event five times and two at once.
func TestAnyEventAnyNumberOfTimesInAnyOrder(t *testing.T) {
	explain(t)
	listening := listen(t)
	turns := permutations(4)
	all := ids(t, len(turns))
	sideBySide(len(all), func(i int) {
		place(t, placed{OrderID: all[i], UserID: "kim", Amount: 1000 + int64(i), Currency: "USD"})
	})
	before := reaches(t, order.Paid, all...)
	mailed(t, all...)
	var facts []event.Event
	eventually(t, func() error {
		facts = listening.drain(t)
		for _, id := range all {
			if n := len(about(facts, id)); n != 4 {
				return fmt.Errorf("order %s has %d events, want 4", id, n)
			}
		}
		return nil
	})
	rows := map[order.ID]any{}
	for _, id := range all {
		rows[id] = paymentRow(t, id)
	}

	sideBySide(len(all), func(i int) {
		own := about(facts, all[i])
		for _, k := range turns[i] {
			publish(t, own[k], own[k])
			publish(t, own[k])
		}
		for _, k := range turns[i] {
			publish(t, own[k], own[k])
		}
	})
	atRest(t)

	after := reaches(t, order.Paid, all...)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("orders (-before +after)\n%s", diff)
	}
	mails := mailsAbout(t, all...)
	for i, id := range all {
		if n, total := charges(t, id); n != 1 || total != 1000+int64(i) {
			t.Errorf("%s: got %d charges of %d, want one of %d", id, n, total, 1000+i)
		}
		if len(mails[id]) != 1 {
			t.Errorf("%s: got %d mails, want one", id, len(mails[id]))
		}
		if diff := cmp.Diff(rows[id], any(paymentRow(t, id))); diff != "" {
			t.Errorf("%s: payments row (-before +after)\n%s", id, diff)
		}
	}
	for _, id := range all {
		if n := len(about(listening.drain(t), id)); n != 4 {
			t.Errorf("%s: got %d facts after the replay, want the same 4", id, n)
		}
	}
}

// TestTheSameEventTwiceAtOnceBeforeAnythingHappened publishes OrderRecorded again and again while the order is on its way.
func TestTheSameEventTwiceAtOnceBeforeAnythingHappened(t *testing.T) {
	explain(t)
	all := ids(t, 10)
	sideBySide(len(all), func(i int) {
		place(t, placed{OrderID: all[i], UserID: "kim", Amount: 2500, Currency: "USD"})
		o, err := world.orders.Get(t.Context(), all[i])
		if err != nil {
			t.Error(err)
			return
		}
		e, err := events.New(events.OrderRecorded{
			OrderID: o.ID, UserID: o.UserID, Amount: o.Amount, Currency: o.Currency, RecordedAt: o.RecordedAt,
		}, o.RecordedAt, events.Cause{})
		if err != nil {
			t.Error(err)
			return
		}
		for range 5 {
			publish(t, e, e)
			pause(t, time.Duration(rand.IntN(50))*time.Millisecond)
		}
	})
	reaches(t, order.Paid, all...)
	atRest(t)
	mails := mailed(t, all...)
	for _, id := range all {
		if n, total := charges(t, id); n != 1 || total != 2500 {
			t.Errorf("%s: got %d charges of %d, want one of 2500", id, n, total)
		}
		if len(mails[id]) != 1 {
			t.Errorf("%s: got %d mails, want one", id, len(mails[id]))
		}
	}
}
