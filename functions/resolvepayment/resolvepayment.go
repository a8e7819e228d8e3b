// Package resolvepayment is the saga's first step: it finds out what became of an order's money, and sees to it that nobody can charge for the order any more.
package resolvepayment

import (
	"context"
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
)

// Step is the step. Payments must be the table that Settler writes to.
type Step struct {
	Orders   saga.Orders
	Payments settle.Reader
	Settler  settle.Settler
}

// Do resolves the payment of an order that is CANCELLING. Without a row it stores one that is VOIDED: whoever charges stores a row
// first, and can't any more. An intent that has not ended is cancelled. No event follows from it.
func (s Step) Do(ctx context.Context, t saga.Task) (saga.Next, []event.Event, error) {
	o, next, err := t.Open(ctx, s.Orders)
	if err != nil || next != "" {
		return next, nil, err
	}
	for range settle.MaxRounds {
		row, err := s.resolve(ctx, o)
		if errors.Is(err, payment.ErrConflict) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		return after(row), nil, nil
	}
	return "", nil, settle.Contended(o.ID)
}

// resolve takes the order's row to its end, as far as the provider lets it.
func (s Step) resolve(ctx context.Context, o order.Order) (payment.Row, error) {
	row, err := s.Payments.Get(ctx, o.ID)
	if err != nil {
		return payment.Row{}, err
	}
	switch {
	case !row.Exists():
		void := payment.Void(o.ID, order.PaymentCancelled, s.Settler.Now())
		if err := s.Settler.Rows.Put(ctx, void); err != nil {
			return payment.Row{}, fmt.Errorf("void payment of order %s: %w", o.ID, err)
		}
		return void, nil
	case row.Ended():
		return row, nil
	default:
		return s.Settler.Void(ctx, row)
	}
}

func after(row payment.Row) saga.Next {
	switch {
	case row.Status == order.PaymentSucceeded:
		return saga.Refund
	case row.Ended():
		return saga.Close
	default:
		return saga.Wait
	}
}
