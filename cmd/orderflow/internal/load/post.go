package load

import (
	"context"
	"sync"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Shop places orders and cancels them.
type Shop interface {
	Place(ctx context.Context, o api.PlaceOrder) (api.Placed, error)
	Cancel(ctx context.Context, id order.ID) (api.Cancellation, error)
}

// Mail is how a mail ended.
type Mail struct {
	Version int64 // of the order that it told of
	Result  notification.Result
}

// Store reads what became of orders.
type Store interface {
	// Orders returns those of the orders that there are.
	Orders(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error)
	// Mails returns how the last mail about each order ended; nothing for an order whose last one has not ended, or that has none.
	Mails(ctx context.Context, ids []order.ID) (map[order.ID]Mail, error)
}

// Run loads jobs.
type Run struct {
	Shop        Shop
	Store       Store
	Concurrency int           // of orders being placed, and of cancellations being asked for besides
	Patience    time.Duration // how long nothing may move before the rest is given up
	Posted      func(n int)   // told of orders that were answered
	Rested      func(n int)   // told of orders that came to rest
	Mailed      func(n int)   // told of orders whose mail is settled
}

// Do places every job's order, asks for the cancellations, and follows each order until it rests and its mail is
// settled, or nothing moves any longer, or ctx ends. The error is ctx's own or one
// of Store; the outcomes are what is known by then, in the order of jobs.
func (r Run) Do(ctx context.Context, jobs []Job) ([]Outcome, error) {
	outcomes := make([]Outcome, len(jobs))
	answered := make(chan int, len(jobs))
	posting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		r.post(posting, jobs, outcomes, answered)
		close(answered)
	}()
	err := r.follow(ctx, outcomes, answered)
	cancel()
	for range answered {
		// until the last worker has left outcomes alone
	}
	if err == nil {
		err = r.followMails(ctx, outcomes)
	}
	return outcomes, err
}

// post places the orders side by side, and asks for the cancellations. An outcome is complete, but for what becomes of
// the order, before its index is sent.
func (r Run) post(ctx context.Context, jobs []Job, outcomes []Outcome, answered chan<- int) {
	next := make(chan int)
	turns := make(chan struct{}, r.Concurrency)
	var workers, cancellations sync.WaitGroup
	for range r.Concurrency {
		workers.Go(func() {
			for i := range next {
				o := &outcomes[i]
				switch {
				case !r.place(ctx, jobs[i], o):
				case o.Err == nil && o.Job.Fate == Cancel:
					cancellations.Go(func() {
						if r.cancel(ctx, o, turns) {
							answered <- i
						}
					})
				default:
					answered <- i
				}
			}
		})
	}
	feed(ctx, next, len(jobs))
	close(next)
	workers.Wait()
	cancellations.Wait()
}

// place places one order. It reports false, and leaves o alone, where that was broken off, which is no answer.
func (r Run) place(ctx context.Context, j Job, o *Outcome) bool {
	placed, err := r.Shop.Place(ctx, j.Order)
	if err != nil && ctx.Err() != nil {
		return false
	}
	*o = Outcome{Job: j, Placed: placed, Err: err, answered: true}
	r.Posted(1)
	return true
}

// cancel asks, when it is time and its turn, for an order to be cancelled. It reports false where that was broken off.
func (r Run) cancel(ctx context.Context, o *Outcome, turns chan struct{}) bool {
	if wait(ctx, o.Job.CancelAfter) != nil || o.Job.CancelPaid && r.untilPaid(ctx, o.Job.Order.OrderID) != nil {
		return false
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return false
	}
	asked, err := r.Shop.Cancel(ctx, o.Job.Order.OrderID)
	if err != nil && ctx.Err() != nil {
		return false
	}
	o.Asked, o.CancelErr = asked.Status, err
	return true
}

// lookEvery is the time between two looks at an order that is to be cancelled once it is paid.
const lookEvery = time.Second

// untilPaid waits until an order is no longer RECORDED, as long as Patience. The error is that of ctx: an order that can't be read
// is cancelled at once.
func (r Run) untilPaid(ctx context.Context, id order.ID) error {
	for end := time.Now().Add(r.Patience); time.Now().Before(end); {
		found, err := r.Store.Orders(ctx, []order.ID{id})
		if err != nil || found[id].Status != order.Recorded {
			return ctx.Err()
		}
		if err := wait(ctx, lookEvery); err != nil {
			return err
		}
	}
	return nil
}

// feed sends 0 to n-1, until ctx ends.
func feed(ctx context.Context, next chan<- int, n int) {
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			return
		}
	}
}
