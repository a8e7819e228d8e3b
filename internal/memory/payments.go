package memory

import (
	"context"
	"fmt"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Payments is the payments table.
type Payments struct {
	rows   *table[payment.Row]
	orders *table[order.Order]
}

// Get returns an order's row, the zero Row where there is none.
func (s *Payments) Get(ctx context.Context, id order.ID) (payment.Row, error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	var row payment.Row
	if err == nil {
		row, _, err = s.rows.get(string(id))
	}
	if err != nil {
		return payment.Row{}, fmt.Errorf("get payments row of order %s: %w", id, err)
	}
	return row, nil
}

// GetMany returns those of the orders' rows that there are.
func (s *Payments) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, error) {
	rows, _, err := s.GetWithOrders(ctx, ids)
	return rows, err
}

// GetWithOrders returns those of the orders and of their rows that there are.
func (s *Payments) GetWithOrders(ctx context.Context, ids []order.ID) (rows map[order.ID]payment.Row, orders map[order.ID]order.Order, err error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err == nil {
		rows, err = getMany(s.rows, ids)
	}
	if err == nil {
		orders, err = getMany(s.orders, ids)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("get payments rows of %d orders: %w", len(ids), err)
	}
	return rows, orders, nil
}

// Put stores row where the stored revision is the one before row's: none where
// row's is 1. The error is payment.ErrConflict otherwise. The very same row
// written before is a success.
func (s *Payments) Put(ctx context.Context, row payment.Row) error {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err == nil {
		err = s.put(row)
	}
	if err != nil {
		return fmt.Errorf("put payments row of order %s: %w", row.OrderID, err)
	}
	return nil
}

func (s *Payments) put(row payment.Row) error {
	m := item.FromPayment(row)
	written, err := item.Payment(m)
	if err != nil {
		return err
	}
	stored, _, err := s.rows.get(string(row.OrderID))
	if err != nil {
		return err
	}
	if stored.Equal(written) {
		return nil
	}
	if stored.Revision != row.Revision-1 {
		return payment.ErrConflict
	}
	return s.rows.put(string(row.OrderID), m)
}

// All returns every row, sorted by order id.
func (s *Payments) All() []payment.Row { return s.rows.all() }
