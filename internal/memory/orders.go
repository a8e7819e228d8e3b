package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Orders is the orders table.
type Orders struct {
	rows     *table[order.Order]
	payments *table[payment.Row]
}

// Create stores o unless there is an order of that id. It returns what is stored, and whether o was stored just now.
func (s *Orders) Create(ctx context.Context, o order.Order) (stored order.Order, created bool, err error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return order.Order{}, false, fmt.Errorf("create order %s: %w", o.ID, err)
	}
	before, found, err := s.rows.get(string(o.ID))
	if err != nil {
		return order.Order{}, false, fmt.Errorf("create order %s: %w", o.ID, err)
	}
	if found {
		return before, false, nil
	}
	stored, err = s.write(o)
	if err != nil {
		return order.Order{}, false, fmt.Errorf("create order %s: %w", o.ID, err)
	}
	return stored, true, nil
}

// write stores o and reads it back.
func (s *Orders) write(o order.Order) (order.Order, error) {
	m := item.FromOrder(o)
	stored, err := item.Order(m)
	if err != nil {
		return order.Order{}, err
	}
	return stored, s.rows.put(string(o.ID), m)
}

// Get returns an order, or order.ErrNotFound.
func (s *Orders) Get(ctx context.Context, id order.ID) (order.Order, error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return order.Order{}, fmt.Errorf("get order %s: %w", id, err)
	}
	o, found, err := s.rows.get(string(id))
	if err == nil && !found {
		err = order.ErrNotFound
	}
	if err != nil {
		return order.Order{}, fmt.Errorf("get order %s: %w", id, err)
	}
	return o, nil
}

// GetMany returns those of the orders that there are.
func (s *Orders) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return nil, fmt.Errorf("get %d orders: %w", len(ids), err)
	}
	orders, err := getMany(s.rows, ids)
	if err != nil {
		return nil, fmt.Errorf("get %d orders: %w", len(ids), err)
	}
	return orders, nil
}

// Apply writes d's change to the order that before was read as. The error is
// order.ErrNotFound, order.ErrConflict where before is stale, or
// order.ErrPaymentCondition. The very same change written before is a success.
func (s *Orders) Apply(ctx context.Context, before order.Order, d order.Decision) error {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err == nil {
		err = s.apply(before, d)
	}
	if err != nil {
		return fmt.Errorf("update order %s: %w", before.ID, err)
	}
	return nil
}

func (s *Orders) apply(before order.Order, d order.Decision) error {
	stored, found, err := s.rows.get(string(before.ID))
	if err != nil {
		return err
	}
	if !found {
		return order.ErrNotFound
	}
	if item.Holds(stored, d.Change) {
		return nil
	}
	if stored.Status != before.Status || stored.Version != before.Version {
		return order.ErrConflict
	}
	if err := s.checkPayment(before.ID, d.IfPayment); err != nil {
		return err
	}
	_, err = s.write(stored.With(d.Change))
	return err
}

func (s *Orders) checkPayment(id order.ID, want order.PaymentStatus) error {
	if want == "" {
		return nil
	}
	row, _, err := s.payments.get(string(id))
	if err != nil {
		return err
	}
	if row.Status != want {
		return order.ErrPaymentCondition
	}
	return nil
}

// ListByUser returns a page of a user's orders, newest first, and the cursor of
// the next page, empty where there is none. The first page's cursor is empty;
// limit is taken into 1 to 100. A cursor that is not one of this user's list is
// order.ErrBadCursor.
func (s *Orders) ListByUser(ctx context.Context, user order.UserID, cursor string, limit int) (page []order.Order, next string, err error) {
	var after item.Position
	if cursor != "" {
		if after, err = item.ParseCursor(cursor, user); err != nil {
			return nil, "", fmt.Errorf("list orders of user %s: %w", user, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, "", fmt.Errorf("list orders of user %s: %w", user, err)
	}
	page = slices.DeleteFunc(s.rows.all(), func(o order.Order) bool {
		return o.UserID != user || cursor != "" && comparePositions(item.PositionOf(o), after) >= 0
	})
	slices.SortFunc(page, func(a, b order.Order) int {
		return comparePositions(item.PositionOf(b), item.PositionOf(a))
	})
	if limit = max(1, min(limit, item.MaxPage)); len(page) > limit {
		page = page[:limit]
		next = item.PositionOf(page[limit-1]).Cursor()
	}
	return page, next, nil
}

// comparePositions orders positions of one user's list from the oldest to the newest.
func comparePositions(a, b item.Position) int {
	return cmp.Or(a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(a.OrderID, b.OrderID))
}

// All returns every order, sorted by id.
func (s *Orders) All() []order.Order { return s.rows.all() }
