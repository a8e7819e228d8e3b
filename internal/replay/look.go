package replay

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	// hide is how long a message stays hidden once it was looked at. A run that is killed leaves messages hidden for so long.
	hide = 30 * time.Second
	// idleReceives, of a second each, outlast what a killed run has hidden.
	idleReceives = int(hide/receiveWait) + 5
	// quickReceives are enough where nobody waits for what others have hidden.
	quickReceives = 3
	releaseWithin = 20 * time.Second
)

// pass goes over a dead-letter queue, and shows each message once. What is not deleted stays hidden as well as it can be
// until release. It remembers an id and a handle for each message, and nothing else.
type pass struct {
	queue *Queue
	// patient passes wait until what somebody else has hidden is shown.
	patient bool

	seen    map[string]bool
	held    map[string]string // message id to receipt handle
	repeats int               // messages since the last new one
}

func newPass(queue *Queue, patient bool) *pass {
	return &pass{queue: queue, patient: patient, seen: map[string]bool{}, held: map[string]string{}}
}

// run shows what it finds to visit, until that says that it is enough or all was seen. Next says how many may come; 0 ends the pass.
func (p *pass) run(ctx context.Context, next func(context.Context) (int, error), visit func(context.Context, []Message) (more bool, err error)) error {
	for idle := 0; ; {
		n, err := next(ctx)
		if err != nil || n == 0 {
			return err
		}
		found, err := p.queue.Receive(ctx, n, hide)
		if err != nil {
			return err
		}
		fresh := p.fresh(found)
		switch {
		case len(found) == 0:
			idle++
			if done, err := p.empty(ctx, idle); done || err != nil {
				return err
			}
		case len(fresh) == 0:
			if p.repeats > 2*len(p.held)+maxBatch {
				return nil
			}
		default:
			idle = 0
			if more, err := visit(ctx, fresh); !more || err != nil {
				return err
			}
		}
	}
}

func (p *pass) fresh(found []Message) []Message {
	var fresh []Message
	for _, m := range found {
		p.held[m.ID] = m.Handle
		if p.seen[m.ID] {
			p.repeats++
			continue
		}
		p.seen[m.ID] = true
		p.repeats = 0
		fresh = append(fresh, m)
	}
	return fresh
}

// empty decides whether a queue that hands out nothing has no more.
func (p *pass) empty(ctx context.Context, idle int) (done bool, err error) {
	left, err := p.queue.Count(ctx)
	if err != nil {
		return true, err
	}
	if left.Visible == 0 && (!p.patient || left.Hidden <= len(p.held)) {
		return true, nil
	}
	if p.patient {
		return idle >= idleReceives, nil
	}
	return idle >= quickReceives, nil
}

// delete deletes messages that were shown. It returns how many could not be deleted, at two tries, which is no harm to them.
func (p *pass) delete(ctx context.Context, ids []string) (failed int) {
	for range 2 {
		var left []string
		for batch := range slices.Chunk(ids, maxBatch) {
			handles := make([]string, len(batch))
			for i, id := range batch {
				handles[i] = p.held[id]
			}
			for i, err := range p.queue.Delete(ctx, handles) {
				if err != nil {
					left = append(left, batch[i])
				} else {
					delete(p.held, batch[i])
				}
			}
		}
		ids = left
	}
	return len(ids)
}

// release gives back what was not deleted. It has time of its own for it, so that it works after an interrupt.
func (p *pass) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	for batch := range slices.Chunk(slices.Collect(maps.Values(p.held)), maxBatch) {
		if err := p.queue.Release(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// Survey shows at most limit dead letters of a queue, all of them where it is 0, and gives every one back. Each look adds one to a
// message's receive count.
func Survey(ctx context.Context, queue *Queue, limit int, each func(Letter)) (err error) {
	p := newPass(queue, false)
	defer func() {
		if released := p.release(ctx); err == nil {
			err = released
		}
	}()
	left := limit
	next := func(context.Context) (int, error) {
		if limit == 0 {
			return maxBatch, nil
		}
		return min(left, maxBatch), nil
	}
	return p.run(ctx, next, func(_ context.Context, found []Message) (bool, error) {
		for _, m := range found {
			each(Read(m))
		}
		left -= len(found)
		return true, nil
	})
}
