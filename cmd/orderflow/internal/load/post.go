package load

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Shop places orders.
type Shop interface {
	Place(ctx context.Context, o api.PlaceOrder) (api.Placed, error)
}

// Store reads what became of orders.
type Store interface {
	// Orders returns those of the orders that there are.
	Orders(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error)
	// Mails returns how the last mail about each order ended; nothing for an order without one that ended.
	Mails(ctx context.Context, ids []order.ID) (map[order.ID]notification.Result, error)
}

// Outcome is what became of a job.
type Outcome struct {
	Job      Job
	Placed   api.Placed
	Err      error       // of placing it
	Order    order.Order // as last seen; the zero order where it was never seen
	Mail     notification.Result
	answered bool
}

// Run loads jobs.
type Run struct {
	Shop        Shop
	Store       Store
	Concurrency int
	Patience    time.Duration // how long nothing may move before the rest is given up
	Posted      func(n int)   // told of orders that were answered
	Rested      func(n int)   // told of orders that came to rest
	Mailed      func(n int)   // told of orders whose mail is settled
}

// Do places every job's order and follows it until it rests and its mail is
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

// post places the orders side by side. An outcome is complete before its index is sent.
func (r Run) post(ctx context.Context, jobs []Job, outcomes []Outcome, answered chan<- int) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range r.Concurrency {
		workers.Go(func() {
			for i := range next {
				placed, err := r.Shop.Place(ctx, jobs[i].Order)
				if err != nil && ctx.Err() != nil {
					continue // broken off, not refused
				}
				outcomes[i] = Outcome{Job: jobs[i], Placed: placed, Err: err, answered: true}
				answered <- i
				r.Posted(1)
			}
		})
	}
	feed(ctx, next, len(jobs))
	close(next)
	workers.Wait()
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

// Answered counts the outcomes whose order the API answered.
func Answered(outcomes []Outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.answered {
			n++
		}
	}
	return n
}

// IsClash reports whether the API has another order under the id.
func IsClash(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Status == http.StatusUnprocessableEntity && len(e.Violations) == 0
}
