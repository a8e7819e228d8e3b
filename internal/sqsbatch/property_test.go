package sqsbatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/outcome"
)

// plan is a drawn batch: what happens to the record of each body.
type plan struct {
	batch   []lambdaevents.SQSMessage
	fates   map[string]string // by version of order: what the stage does
	bodies  map[string]string // by message id
	keys    map[string]string // by message id: version of order, empty for a body that is no event
	refused map[string]bool   // subjects whose events the bus does not take
}

func drawPlan(t *testing.T, rt *rapid.T) plan {
	p := plan{fates: map[string]string{}, bodies: map[string]string{}, keys: map[string]string{}, refused: map[string]bool{}}
	n := rapid.IntRange(0, 12).Draw(rt, "messages")
	for i := range n {
		id := fmt.Sprintf("m%d", i)
		order := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "order of "+id)
		fate := rapid.SampledFrom([]string{"ok", "ok", "ok", "stale", "transient", "permanent", "panic", "unreadable"}).Draw(rt, "fate of "+id)
		msg := versioned(t, id, order, int64(i+1))
		if fate == "unreadable" {
			msg.Body = "unreadable " + id
		} else {
			p.keys[id] = key(order, int64(i+1))
			p.fates[p.keys[id]] = fate
		}
		p.bodies[id] = msg.Body
		p.batch = append(p.batch, msg)
		if rapid.IntRange(0, 9).Draw(rt, "copy of "+id) == 0 {
			p.batch = append(p.batch, msg)
		}
	}
	for _, order := range []string{"a", "b", "c", "d"} {
		p.refused[order] = rapid.IntRange(0, 3).Draw(rt, "the bus refuses "+order) == 0
	}
	return p
}

func key(order string, version int64) string { return fmt.Sprintf("%s/%d", order, version) }

// witness is a stage that follows the plan and notes, by order, the versions that it saw.
type witness struct {
	plan plan
	mu   sync.Mutex
	seen map[string][]int64
}

func (w *witness) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	d, err := events.As[events.OrderUpdated](in)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.seen[in.Subject()] = append(w.seen[in.Subject()], d.Version)
	w.mu.Unlock()
	switch w.plan.fates[key(in.Subject(), d.Version)] {
	case "stale":
		return nil, outcome.Stale("late")
	case "transient":
		return nil, errBroken
	case "permanent":
		return nil, outcome.Permanent("never", nil)
	case "panic":
		return explodes(ctx, in)
	default:
		return []event.Event{in}, nil
	}
}

func TestNoRecordIsEverLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(t, rt)
		w := &witness{plan: p, seen: map[string][]int64{}}
		b := newBench(t, each(w))
		b.runner.Workers = rapid.IntRange(1, 4).Draw(rt, "workers")
		b.refuse = func(subject string) error {
			if p.refused[subject] {
				return errBroken
			}
			return nil
		}
		if rapid.IntRange(0, 3).Draw(rt, "parking fails") == 0 {
			b.parkErr = errBroken
		}
		if rapid.IntRange(0, 3).Draw(rt, "delaying fails") == 0 {
			b.delayErr = errBroken
		}
		reported := idsOf(rt, b.run(t.Context(), p.batch...))
		for id := range p.bodies {
			checkEnd(rt, b, p, id, reported)
		}
		checkTurns(rt, w)
		checkPublished(rt, b)
		if got := len(b.delayed); got != len(reported) {
			rt.Fatalf("%d messages were delayed, want the %d that come again", got, len(reported))
		}
	})
}

func idsOf(rt *rapid.T, answer string) map[string]bool {
	var response lambdaevents.SQSEventResponse
	if err := json.Unmarshal([]byte(answer), &response); err != nil {
		rt.Fatal(err)
	}
	ids := map[string]bool{}
	for _, f := range response.BatchItemFailures {
		if ids[f.ItemIdentifier] {
			rt.Fatalf("%s is reported twice", f.ItemIdentifier)
		}
		ids[f.ItemIdentifier] = true
	}
	return ids
}

// checkEnd tells whether the message ended in exactly one of the ways there are, and in the right one.
func checkEnd(rt *rapid.T, b *bench, p plan, id string, reported map[string]bool) {
	ends := map[string]bool{"reported": reported[id]}
	for _, l := range b.parked {
		if l.Body == p.bodies[id] {
			if ends["parked"] {
				rt.Fatalf("%s is parked twice", id)
			}
			ends["parked"] = true
		}
	}
	logged := map[string]int{}
	for _, l := range b.lines() {
		if l.Msg == "record" && l.MessageID == id {
			logged[l.Outcome]++
		}
	}
	fate := p.fates[p.keys[id]]
	ends["stale"] = logged["stale"] == 1 && fate == "stale"
	ends["done"] = logged["done"] == 1 && fate == "ok" && !p.refused[subjectOf(p.keys[id])]
	n := 0
	for _, ended := range ends {
		if ended {
			n++
		}
	}
	if n != 1 || len(logged) != 1 {
		rt.Fatalf("%s, with fate %q, ended as %v and was logged as %v", id, fate, ends, logged)
	}
}

func subjectOf(key string) string {
	order, _, _ := strings.Cut(key, "/")
	return order
}

// checkPublished tells whether the bus has one event for every record that ended as done, and none besides.
func checkPublished(rt *rapid.T, b *bench) {
	balance := map[string]int{}
	for _, subject := range b.published {
		balance[subject]++
	}
	for _, l := range b.lines() {
		if l.Outcome == "done" {
			balance[l.Order]--
		}
	}
	for order, n := range balance {
		if n != 0 {
			rt.Fatalf("order %s: %d more events on the bus than records done", order, n)
		}
	}
}

// checkTurns tells whether each order's records were handled in the batch's order, and none behind one that comes again.
func checkTurns(rt *rapid.T, w *witness) {
	for order, versions := range w.seen {
		if !slices.IsSorted(versions) {
			rt.Fatalf("order %s was handled as %v", order, versions)
		}
		for i, v := range versions {
			fate := w.plan.fates[key(order, v)]
			if (fate == "transient" || fate == "panic") && i != len(versions)-1 {
				rt.Fatalf("order %s: version %d comes again and %v were handled behind it", order, v, versions[i+1:])
			}
		}
	}
}
