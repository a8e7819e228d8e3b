package load

import (
	"context"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

const (
	// firstLook is how long an order gets before it is looked at: less than it takes to be paid.
	firstLook = 300 * time.Millisecond
	// idle is how much longer than a look at all open orders the pause after it is, so that looking takes a fifth of the time at most.
	idle = 4
)

// follow looks at the orders that were answered until they all rest.
func (r Run) follow(ctx context.Context, outcomes []Outcome, answered <-chan int) error {
	var open []int
	moved := time.Now()
	for answered != nil || len(open) > 0 {
		fresh, more := drain(answered)
		if !more {
			answered = nil
		}
		for _, i := range fresh {
			moved = time.Now()
			if outcomes[i].Err == nil {
				open = append(open, i)
			}
		}
		began := time.Now()
		still, err := r.look(ctx, outcomes, open)
		if err != nil {
			return err
		}
		if len(still) < len(open) {
			moved = time.Now()
		}
		open = still
		if answered == nil && time.Since(moved) > r.Patience {
			return nil
		}
		if len(open) > 0 || answered != nil {
			if err := wait(ctx, max(firstLook, idle*time.Since(began))); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain takes what is there, and reports whether more may come.
func drain(answered <-chan int) (fresh []int, more bool) {
	for {
		select {
		case i, ok := <-answered:
			if !ok {
				return fresh, false
			}
			fresh = append(fresh, i)
		default:
			return fresh, answered != nil
		}
	}
}

// look reads the open orders and returns those that do not rest yet.
func (r Run) look(ctx context.Context, outcomes []Outcome, open []int) ([]int, error) {
	if len(open) == 0 {
		return nil, nil
	}
	found, err := r.Store.Orders(ctx, ids(outcomes, open))
	if err != nil {
		return nil, err
	}
	var still []int
	for _, i := range open {
		outcomes[i].Order = found[outcomes[i].Job.Order.OrderID]
		if !outcomes[i].rests() {
			still = append(still, i)
		}
	}
	r.Rested(len(open) - len(still))
	return still, nil
}

// followMails waits for the mails of the orders whose customer is told: of each, for the one about how it ended, since
// there may be an earlier one.
func (r Run) followMails(ctx context.Context, outcomes []Outcome) error {
	var due []int
	for i, o := range outcomes {
		if o.Order.Status.Told() {
			due = append(due, i)
		}
	}
	moved := time.Now()
	for len(due) > 0 {
		began := time.Now()
		found, err := r.Store.Mails(ctx, ids(outcomes, due))
		if err != nil {
			return err
		}
		var still []int
		for _, i := range due {
			if m := found[outcomes[i].Job.Order.OrderID]; m.Version >= outcomes[i].Order.Version {
				outcomes[i].Mail = m.Result
			} else {
				still = append(still, i)
			}
		}
		r.Mailed(len(due) - len(still))
		if len(still) < len(due) {
			moved = time.Now()
		}
		due = still
		if len(due) == 0 || time.Since(moved) > r.Patience {
			return nil
		}
		if err := wait(ctx, max(firstLook, idle*time.Since(began))); err != nil {
			return err
		}
	}
	return nil
}

func ids(outcomes []Outcome, at []int) []order.ID {
	out := make([]order.ID, len(at))
	for n, i := range at {
		out[n] = outcomes[i].Job.Order.OrderID
	}
	return out
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
