package sqsbatch

import (
	"context"
	"slices"
	"sync"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// handle gives every record that has not ended yet to the stage, and waits until
// all have ended or the time is up. Those that have not ended then come again.
func (r *Runner) handle(ctx context.Context, batch []*record) {
	open := unended(batch)
	if len(open) == 0 {
		return
	}
	work, cancelWork := before(ctx, r.margin())
	defer cancelWork()
	patience, cancelPatience := before(ctx, r.margin()/2)
	defer cancelPatience()

	b := newBoard(len(open))
	done := make(chan struct{})
	// The goroutine gets the events and not the records, for it may outlive this call.
	go func(incoming []event.Event) {
		defer close(done)
		r.run(work, incoming, b)
	}(eventsOf(open))
	select {
	case <-done:
	case <-patience.Done():
	}
	for i, res := range b.look() {
		open[i].result = res
	}
}

func unended(batch []*record) []*record {
	var open []*record
	for _, rec := range batch {
		if rec.kind == "" {
			open = append(open, rec)
		}
	}
	return open
}

func eventsOf(batch []*record) []event.Event {
	out := make([]event.Event, len(batch))
	for i, rec := range batch {
		out[i] = rec.event
	}
	return out
}

// board is where workers note results, by index. What is noted after the last look at it is seen by nobody.
type board struct {
	mu      sync.Mutex
	results []result
}

// newBoard returns a board for n records that have all missed the deadline until noted otherwise.
func newBoard(n int) *board {
	b := &board{results: make([]result, n)}
	for i := range b.results {
		b.results[i] = result{kind: outcome.KindTransient, code: CodeDeadline}
	}
	return b
}

func (b *board) note(i int, res result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.results[i] = res
}

func (b *board) look() []result {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.results)
}

// run prepares the stage and handles all events, noting each one's result.
func (r *Runner) run(ctx context.Context, incoming []event.Event, b *board) {
	if ctx.Err() != nil {
		return
	}
	handler, failed := r.prepare(ctx, incoming)
	if failed != nil {
		for i := range incoming {
			b.note(i, *failed)
		}
		return
	}
	groups := byOrder(incoming)
	side(len(groups), r.workers(), func(g int) {
		r.inTurn(ctx, handler, incoming, groups[g], b)
	})
}

// prepare returns the batch's handler or, where there is none, the result that all records share.
func (r *Runner) prepare(ctx context.Context, incoming []event.Event) (h stage.Handler, failed *result) {
	defer func() {
		if recover() != nil {
			failed = &result{kind: outcome.KindTransient, code: CodePanic, frame: telemetry.PanicFrame()}
		}
	}()
	h, err := r.Stage.Prepare(ctx, incoming)
	if err != nil {
		_, code := outcome.Of(err)
		if code == outcome.CodeUnknown {
			code = CodePrepareFailed
		}
		return nil, &result{kind: outcome.KindTransient, code: code}
	}
	return h, nil
}

// byOrder returns the indexes of each order's events, orders and events as they come in the batch.
func byOrder(incoming []event.Event) [][]int {
	var groups [][]int
	places := map[string]int{}
	for i, e := range incoming {
		g, ok := places[e.Subject()]
		if !ok {
			g = len(groups)
			places[e.Subject()] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// inTurn handles one order's events until one has to come again; those behind it come again with it.
func (r *Runner) inTurn(ctx context.Context, h stage.Handler, incoming []event.Event, group []int, b *board) {
	for n, i := range group {
		if ctx.Err() != nil {
			return
		}
		res := r.one(ctx, h, incoming[i])
		b.note(i, res)
		if res.kind == outcome.KindTransient {
			for _, behind := range group[n+1:] {
				b.note(behind, result{kind: outcome.KindTransient, code: CodeHeldBack})
			}
			return
		}
	}
}

func (r *Runner) one(ctx context.Context, h stage.Handler, in event.Event) (res result) {
	began := r.now()
	defer func() {
		if recover() != nil {
			res = result{kind: outcome.KindTransient, code: CodePanic, frame: telemetry.PanicFrame()}
		}
		res.took = r.now().Sub(began)
	}()
	return resultOf(h.Handle(ctx, in))
}

// side calls do for 0 to n-1, up to workers of them side by side, and waits for all.
func side(n, workers int, do func(i int)) {
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range min(n, workers) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	wg.Wait()
}
