package saga

import (
	"context"
	"errors"
	"fmt"

	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
)

// Orders reads the orders table.
type Orders interface {
	// Get returns an order, read consistently, or order.ErrNotFound.
	Get(ctx context.Context, id order.ID) (order.Order, error)
}

// Cause returns the id of the OrderUpdated that the execution works for. In the order's history it marks what the execution did.
func (t Task) Cause() string { return announce.UpdatedID(t.OrderID, t.Version) }

// Open returns the task's order where a step has work to do: the order is CANCELLING at the task's version. Otherwise it says in
// next what follows instead: Close where an execution of the same cause has ended the order, so that what it
// did is published again; Stale where the order has moved on without it, or where there is no such order.
func (t Task) Open(ctx context.Context, orders Orders) (o order.Order, next Next, err error) {
	o, err = orders.Get(ctx, t.OrderID)
	if errors.Is(err, order.ErrNotFound) {
		return order.Order{}, Stale, nil
	}
	if err != nil {
		return order.Order{}, "", fmt.Errorf("get order %s: %w", t.OrderID, err)
	}
	if _, ended := o.ChangeCausedBy(t.Cause()); ended {
		return o, Close, nil
	}
	if o.Status != order.Cancelling || o.Version != t.Version {
		return o, Stale, nil
	}
	return o, "", nil
}
