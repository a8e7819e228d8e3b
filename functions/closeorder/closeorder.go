// Package closeorder is the saga's last step: it ends an order that is CANCELLING by what its payments row says, or parks it for somebody to look at.
package closeorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/saga"
)

// Codes of this step's errors.
const (
	CodeContended   outcome.Code = "contended"
	CodeBrokenOrder outcome.Code = "broken_order" // the schema refuses what the order says
)

// maxRounds is how often a change that lost against another is decided anew.
const maxRounds = 3

// Orders reads and changes the orders table.
type Orders interface {
	saga.Orders
	// Apply writes a change to an order that was read as before. The error is
	// order.ErrConflict where it is no longer so, order.ErrPaymentCondition where the payments row forbids the change.
	Apply(ctx context.Context, before order.Order, d order.Decision) error
}

// Payments reads the payments table.
type Payments interface {
	// Get returns an order's row, the zero Row where there is none.
	Get(ctx context.Context, id order.ID) (payment.Row, error)
}

// Step is the step.
type Step struct {
	Orders   Orders
	Payments Payments
	Now      func() time.Time
}

// Do ends the task's order, or parks it where the task says so, and states the change. What an execution of the same cause did before is
// stated again, and nothing is written. Where the money is not settled (any more), the payment is to be resolved again.
func (s Step) Do(ctx context.Context, t saga.Task) (saga.Next, []event.Event, error) {
	for range maxRounds {
		o, next, err := t.Open(ctx, s.Orders)
		switch {
		case err != nil, next == saga.Stale:
			return next, nil, err
		case next == saga.Close:
			return state(o, t)
		}
		d, err := s.decide(ctx, o, t)
		if errors.Is(err, order.ErrTooEarly) {
			return saga.Again, nil, nil
		}
		if err != nil {
			return "", nil, err
		}
		err = s.Orders.Apply(ctx, o, d)
		switch {
		case errors.Is(err, order.ErrConflict):
			continue
		case errors.Is(err, order.ErrPaymentCondition):
			return saga.Again, nil, nil
		case err != nil:
			return "", nil, err
		}
		return state(o.With(d.Change), t)
	}
	return "", nil, outcome.Transient(CodeContended, fmt.Errorf("close order %s: %w", t.OrderID, order.ErrConflict))
}

func (s Step) decide(ctx context.Context, o order.Order, t saga.Task) (order.Decision, error) {
	row, err := s.Payments.Get(ctx, o.ID)
	if err != nil {
		return order.Decision{}, err
	}
	if t.Park {
		return o.Park(t.Version, t.Cause(), whyParked(row), s.Now())
	}
	return o.Close(t.Version, t.Cause(), row.Status, s.Now())
}

// whyParked says what could not be done: give the money back, or find out about it.
func whyParked(row payment.Row) order.Reason {
	if row.Status == order.PaymentSucceeded {
		return order.RefundFailed
	}
	return order.PaymentUnresolved
}

// state states the change that the task's execution made. An order that still stands parked fails the execution.
func state(o order.Order, t saga.Task) (saga.Next, []event.Event, error) {
	change, _ := o.ChangeCausedBy(t.Cause())
	updated, err := announce.Updated(o, change, o.TraceParent)
	if err != nil {
		return "", nil, outcome.Permanent(CodeBrokenOrder, err)
	}
	next := saga.Done
	if change.Status == order.NeedsAttention && change.Version == o.Version {
		next = saga.Parked
	}
	return next, []event.Event{updated}, nil
}
