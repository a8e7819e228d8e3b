// Package updateorder is the stage that applies what was found out about an order to the order itself.
//
// It reads facts of payments and users and requests to cancel, changes the
// order by the table in package order, and states the change as OrderUpdated.
package updateorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/prefetch"
	"github.com/orderflow/orderflow/internal/stage"
)

// Codes of this stage's outcomes.
const (
	CodeNoSuchOrder outcome.Code = "no_such_order"
	CodeForbidden   outcome.Code = "forbidden"
	CodeTooEarly    outcome.Code = "too_early"
	CodeStale       outcome.Code = "stale"
	CodeContended   outcome.Code = "contended"
	CodeBrokenOrder outcome.Code = "broken_order"
)

// Orders reads and changes the orders table.
type Orders interface {
	// GetMany returns those of the orders that there are, as they are now.
	GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error)
	// Apply writes a change to an order that was read as before. The error is
	// order.ErrConflict where it is no longer so, order.ErrPaymentCondition where the payments row forbids the change.
	Apply(ctx context.Context, before order.Order, d order.Decision) error
}

// Stage is the stage. It is a [stage.Preparer].
type Stage struct {
	Orders Orders
	Now    func() time.Time
}

// Prepare reads the orders of a whole batch at once.
func (s Stage) Prepare(ctx context.Context, batch []event.Event) (stage.Handler, error) {
	ids := make([]order.ID, len(batch))
	for i, in := range batch {
		ids[i] = order.ID(in.Subject())
	}
	orders, err := s.Orders.GetMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("get orders: %w", err)
	}
	return handler{s, prefetch.New(orders)}, nil
}

// handler handles a batch whose orders were read before.
type handler struct {
	Stage
	read *prefetch.Rows[order.ID, order.Order]
}

// maxRounds is how often a change that lost against another is decided anew before the message is left for later.
const maxRounds = 3

// Handle applies one fact to its order and returns the OrderUpdated that states the change.
func (h handler) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	fact, err := factOf(in)
	if err != nil {
		return nil, outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	for range maxRounds {
		before, err := h.load(ctx, order.ID(in.Subject()))
		if err != nil {
			return nil, err
		}
		after, d, err := Decide(before, fact, h.Now())
		if err != nil {
			return nil, classify(err)
		}
		if d != (order.Decision{}) {
			err = h.Orders.Apply(ctx, before, d)
		}
		if errors.Is(err, order.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, classify(err)
		}
		return state(after, in)
	}
	return nil, outcome.Transient(CodeContended, order.ErrConflict)
}

func (h handler) load(ctx context.Context, id order.ID) (order.Order, error) {
	if o, ok := h.read.Take(id); ok {
		return o, nil
	}
	orders, err := h.Orders.GetMany(ctx, []order.ID{id})
	if err != nil {
		return order.Order{}, fmt.Errorf("get order %s: %w", id, err)
	}
	o, ok := orders[id]
	if !ok {
		return order.Order{}, outcome.Permanent(CodeNoSuchOrder, fmt.Errorf("get order %s: %w", id, order.ErrNotFound))
	}
	return o, nil
}

// Updated is an order together with the change that an event made to it, now or when it first came.
type Updated struct {
	Order  order.Order
	Change order.Change
}

// Decide says what fact does to o at now. A fact that was applied before is recognised by
// the history and gives the same change again, with an empty decision: there is nothing to write.
func Decide(o order.Order, fact order.Fact, now time.Time) (Updated, order.Decision, error) {
	if change, applied := o.ChangeCausedBy(fact.Cause); applied {
		return Updated{o, change}, order.Decision{}, nil
	}
	d, err := order.Apply(o, fact, now)
	if err != nil {
		return Updated{}, order.Decision{}, err
	}
	return Updated{o.With(d.Change), d.Change}, d, nil
}

// state returns the OrderUpdated of a change, caused by in.
func state(u Updated, in event.Event) ([]event.Event, error) {
	out, err := announce.Updated(u.Order, u.Change, events.TraceParent(in))
	if err != nil {
		return nil, outcome.Permanent(CodeBrokenOrder, err)
	}
	return []event.Event{out}, nil
}

// classify gives the errors of the table and of the store their kind.
func classify(err error) error {
	switch {
	case errors.Is(err, order.ErrStale), errors.Is(err, order.ErrPaymentCondition):
		return outcome.Stale(CodeStale)
	case errors.Is(err, order.ErrTooEarly):
		return outcome.Transient(CodeTooEarly, err)
	case errors.Is(err, order.ErrForbidden):
		return outcome.Permanent(CodeForbidden, err)
	case errors.Is(err, order.ErrNotFound):
		return outcome.Permanent(CodeNoSuchOrder, err)
	}
	return err
}
