package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/facts"
)

// CodeContended means that others changed the row again and again.
const CodeContended outcome.Code = "payment_contended"

// Reader reads payments rows.
type Reader interface {
	// Get returns an order's row, read consistently; the zero Row where there is none.
	Get(ctx context.Context, id order.ID) (payment.Row, error)
}

// Returns shows what became of captured money. Its errors are those of package payment.
type Returns interface {
	// Refunds returns every refund of the intent, failed ones included, oldest first.
	Refunds(ctx context.Context, intentID string) ([]payment.Refund, error)
	// Disputes returns every dispute of the intent, oldest first.
	Disputes(ctx context.Context, intentID string) ([]payment.Dispute, error)
}

// Orders reads the orders table.
type Orders interface {
	// Get returns an order, read consistently, or order.ErrNotFound.
	Get(ctx context.Context, id order.ID) (order.Order, error)
}

// Reconciler holds a row against all that the provider shows of its intent.
type Reconciler struct {
	Settler
	Read    Reader
	Returns Returns
}

// Teller is a [Reconciler] for those who learn of an intent from outside, and know nothing of its order.
type Teller struct {
	Reconciler
	Orders Orders
}

// Reconcile brings the row of the order that an intent was made for up to date, and returns all that the row says then, whether or not it
// is news; but not what has changed the order already: stated again it would only have the change stated again, and
// the saga started again. There is nothing to say of an intent that names no order, or that no row names.
func (r Teller) Reconcile(ctx context.Context, intentID string) ([]event.Event, error) {
	intent, err := r.Intents.Retrieve(ctx, intentID)
	if err != nil {
		return nil, payment.Classify(err)
	}
	if !intent.OrderID.Valid() {
		return nil, nil
	}
	for range MaxRounds {
		row, err := r.Read.Get(ctx, intent.OrderID)
		if err != nil || !row.Exists() || row.IntentID != intentID {
			return nil, err
		}
		row, err = r.update(ctx, row)
		if errors.Is(err, payment.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return r.tell(ctx, row)
	}
	return nil, Contended(intent.OrderID)
}

func (r Teller) tell(ctx context.Context, row payment.Row) ([]event.Event, error) {
	o, err := r.Orders.Get(ctx, row.OrderID)
	if err != nil && !errors.Is(err, order.ErrNotFound) {
		return nil, err
	}
	all, err := facts.All(row, events.Cause{TraceParent: o.TraceParent})
	return slices.DeleteFunc(all, func(e event.Event) bool {
		_, applied := o.ChangeCausedBy(e.ID())
		return applied
	}), err
}

// Contended is the error of a caller that lost every put.
func Contended(id order.ID) error {
	return outcome.Transient(CodeContended, fmt.Errorf("order %s: %w", id, payment.ErrConflict))
}

func (r Reconciler) update(ctx context.Context, row payment.Row) (payment.Row, error) {
	if !row.Ended() {
		looked, err := r.Look(ctx, row)
		if errors.Is(err, ErrUnconfirmed) {
			return row, nil
		}
		if err != nil {
			return payment.Row{}, err
		}
		row = looked
	}
	if !row.Captured() || row.IntentID == order.NoPayment {
		return row, nil
	}
	row, err := r.SeeRefunds(ctx, row)
	if err != nil {
		return payment.Row{}, err
	}
	return r.seeDisputes(ctx, row)
}

// SeeRefunds returns the row that follows from the refunds that the provider shows of row's intent.
func (r Reconciler) SeeRefunds(ctx context.Context, row payment.Row) (payment.Row, error) {
	shown, err := r.Returns.Refunds(ctx, row.IntentID)
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	return r.putNews(ctx, row, row.WithRefunds(shown, r.Now()))
}

func (r Reconciler) seeDisputes(ctx context.Context, row payment.Row) (payment.Row, error) {
	shown, err := r.Returns.Disputes(ctx, row.IntentID)
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	return r.putNews(ctx, row, row.WithDisputes(shown, r.Now()))
}

func (r Reconciler) putNews(ctx context.Context, row, next payment.Row) (payment.Row, error) {
	if next.Revision == row.Revision {
		return row, nil
	}
	return r.put(ctx, next)
}
