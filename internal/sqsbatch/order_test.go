package sqsbatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/outcome"
)

// versioned is a message about a version of an order, so that records of one order can be told apart.
func versioned(t testing.TB, id, order string, version int64) lambdaevents.SQSMessage {
	t.Helper()
	body, err := events.Encode(eventstest.Example(t, "full", func(d *events.OrderUpdated) {
		d.OrderID, d.Version = events.OrderID(order), version
	}))
	if err != nil {
		t.Fatal(err)
	}
	return raw(id, string(body))
}

// diary notes which versions of each order were handled, in turn, and whether two of one order ever overlapped.
type diary struct {
	mu       sync.Mutex
	running  map[string]bool
	overlaps int
	handled  map[string][]int64
}

func newDiary() *diary { return &diary{running: map[string]bool{}, handled: map[string][]int64{}} }

func (d *diary) Handle(_ context.Context, in event.Event) ([]event.Event, error) {
	data, err := events.As[events.OrderUpdated](in)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	if d.running[in.Subject()] {
		d.overlaps++
	}
	d.running[in.Subject()] = true
	d.handled[in.Subject()] = append(d.handled[in.Subject()], data.Version)
	d.mu.Unlock()

	time.Sleep(time.Second)

	d.mu.Lock()
	defer d.mu.Unlock()
	d.running[in.Subject()] = false
	return nil, nil
}

func TestRecordsOfOneOrderRunInTurnAndOrdersSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		b := newBench(t, each(d))
		began := time.Now()
		b.run(t.Context(),
			versioned(t, "m1", "a", 3), versioned(t, "m2", "b", 2), versioned(t, "m3", "a", 2),
			versioned(t, "m4", "c", 2), versioned(t, "m5", "b", 3), versioned(t, "m6", "a", 4))
		equal(t, "took", time.Since(began), 3*time.Second)
		equal(t, "overlaps", d.overlaps, 0)
		equal(t, "handled", d.handled, map[string][]int64{"a": {3, 2, 4}, "b": {2, 3}, "c": {2}})
	})
}

func TestNoMoreOrdersThanWorkersRunAtOnce(t *testing.T) {
	for workers, want := range map[int]time.Duration{0: 2 * time.Second, 1: 12 * time.Second, 4: 3 * time.Second, 20: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, each(newDiary()))
			b.runner.Workers = workers
			var batch []lambdaevents.SQSMessage
			for i := range 12 {
				batch = append(batch, versioned(t, fmt.Sprintf("m%d", i), fmt.Sprintf("order-%d", i), 2))
			}
			began := time.Now()
			b.run(t.Context(), batch...)
			equal(t, fmt.Sprintf("%d workers took", workers), time.Since(began), want)
		})
	}
}

// third is a stage that gives up version 3 with err and notes what it handled.
func third(err error, handled *[]int64) handlerFunc {
	return func(_ context.Context, in event.Event) ([]event.Event, error) {
		d, decodeErr := events.As[events.OrderUpdated](in)
		if decodeErr != nil {
			return nil, decodeErr
		}
		*handled = append(*handled, d.Version)
		if d.Version == 3 {
			return nil, err
		}
		return nil, nil
	}
}

func TestBehindARecordThatComesAgainItsOrderWaits(t *testing.T) {
	var handled []int64
	b := newBench(t, each(third(errBroken, &handled)))
	equal(t, "answer", b.run(t.Context(),
		versioned(t, "m1", "a", 2), versioned(t, "m2", "a", 3), versioned(t, "m3", "a", 4), versioned(t, "m4", "a", 5)), failures("m2", "m3", "m4"))
	equal(t, "handled", handled, []int64{2, 3})
	equal(t, "log", b.logged(), []string{"m1 done", "m2 transient unclassified", "m3 transient held_back", "m4 transient held_back"})
	equal(t, "delays", b.delays, map[string]int{"receipt-m2": 1, "receipt-m3": 1, "receipt-m4": 1})
}

func TestBehindARecordThatNeverComesAgainItsOrderGoesOn(t *testing.T) {
	for name, err := range map[string]error{"permanent": outcome.Permanent("x", nil), "stale": outcome.Stale("x")} {
		t.Run(name, func(t *testing.T) {
			var handled []int64
			b := newBench(t, each(third(err, &handled)))
			equal(t, "answer", b.run(t.Context(), versioned(t, "m1", "a", 3), versioned(t, "m2", "a", 4)), failures())
			equal(t, "handled", handled, []int64{3, 4})
		})
	}
}

func TestAnUnreadableRecordHoldsNobodyBack(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	b.run(t.Context(), raw("m1", `{"subject":"a"}`), message(t, "m2", "a"))
	equal(t, "log", b.logged(), []string{"m1 permanent invalid_event", "m2 done"})
}
