// Package processpayment is the stage that charges a verified order: OrderVerified in, PaymentProcessed or PaymentFailed out.
//
// The provider's payment intent is the guard against charging twice, and the
// order's payments row holds its id before any money can move. All that happens
// goes by the row, so that any number of deliveries of an event, at the same
// time or weeks later, take the money once and state the same fact.
package processpayment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/facts"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/prefetch"
	"github.com/orderflow/orderflow/internal/stage"
)

// Payments is the payments table, with the orders beside it.
type Payments interface {
	// GetWithOrders returns those of the orders and of their payments rows that there are, read consistently.
	GetWithOrders(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, map[order.ID]order.Order, error)
	// Put stores row where the stored revision is the one before row's; payment.ErrConflict otherwise.
	// To find the very same row stored is a success.
	Put(ctx context.Context, row payment.Row) error
}

// Charges makes payment intents and charges them. Its errors are those of package payment.
type Charges interface {
	// Create makes an unconfirmed intent. The same order and parameters give the same intent.
	Create(ctx context.Context, id order.ID, p payment.Params) (payment.Intent, error)
	// Confirm charges the intent. It does so once, however often it is called.
	Confirm(ctx context.Context, intentID string) (payment.Intent, error)
}

// Stage charges orders. It is safe for concurrent use.
type Stage struct {
	payments Payments
	charges  Charges
	intents  settle.Intents
	settler  settle.Settler
	now      func() time.Time
}

// New returns the stage over its table, its provider and a clock.
func New(payments Payments, charges Charges, intents settle.Intents, now func() time.Time) *Stage {
	return &Stage{
		payments: payments, charges: charges, intents: intents, now: now,
		settler: settle.Settler{Rows: payments, Intents: intents, Now: now},
	}
}

// batch handles the events of one batch, whose orders and rows were read in one call.
type batch struct {
	*Stage
	read *prefetch.Rows[order.ID, state]
}

// state is what the tables hold of an order.
type state struct {
	row   payment.Row // the zero Row where there is none
	order order.Order // the zero Order where there is none
}

// Prepare reads what the events need, in one call. The handler that it returns may be used from several goroutines.
func (s *Stage) Prepare(ctx context.Context, in []event.Event) (stage.Handler, error) {
	return s.prepare(ctx, in)
}

func (s *Stage) prepare(ctx context.Context, in []event.Event) (*batch, error) {
	ids := subjects(in)
	read := make(map[order.ID]state, len(ids))
	if len(ids) > 0 {
		rows, orders, err := s.payments.GetWithOrders(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("read %d orders: %w", len(ids), err)
		}
		for _, id := range ids {
			read[id] = state{row: rows[id], order: orders[id]}
		}
	}
	return &batch{Stage: s, read: prefetch.New(read)}, nil
}

// subjects returns the orders that the events are about, each once.
func subjects(in []event.Event) []order.ID {
	ids := make([]order.ID, 0, len(in))
	for _, e := range in {
		if id := order.ID(e.Subject()); id.Valid() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Handle charges the order of an OrderVerified, unless that is done, and returns what the payments row says in the end: no
// event where the provider is still processing. A decline is an event, not an error; errors have a kind by package outcome.
func (s *Stage) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	b, err := s.prepare(ctx, []event.Event{in})
	if err != nil {
		return nil, err
	}
	return b.Handle(ctx, in)
}

// Handle is [Stage.Handle] with what was read for the batch.
func (b *batch) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	verified, err := events.As[events.OrderVerified](in)
	if err != nil {
		return nil, outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	now, err := b.take(ctx, verified.OrderID)
	if err != nil {
		return nil, err
	}
	d := delivery{Stage: b.Stage, verified: verified, state: now}
	row, err := d.settle(ctx)
	if err != nil {
		return nil, err
	}
	return facts.State(row, events.CauseOf(in))
}

// take returns what was read for an order the first time, and reads again after that: the first
// use may have changed it.
func (b *batch) take(ctx context.Context, id order.ID) (state, error) {
	if st, ok := b.read.Take(id); ok {
		return st, nil
	}
	return b.load(ctx, id)
}

func (s *Stage) load(ctx context.Context, id order.ID) (state, error) {
	rows, orders, err := s.payments.GetWithOrders(ctx, []order.ID{id})
	if err != nil {
		return state{}, fmt.Errorf("read order %s: %w", id, err)
	}
	return state{row: rows[id], order: orders[id]}, nil
}
