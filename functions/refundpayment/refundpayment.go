// Package refundpayment is the saga's second step: it gives captured money back, all of it and no more.
//
// What counts is what the provider shows, never what it answers: a refund is believed
// when it is seen among the intent's refunds. The provider never refunds more
// than was captured, and each request asks for the whole remainder, so that
// money is given back once however often the step runs.
package refundpayment

import (
	"context"
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/facts"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
)

// Codes of this step's errors.
const (
	CodeRefundFailed outcome.Code = "refund_failed"  // the provider shows a refund that failed, or refuses one
	CodeNotRefunded  outcome.Code = "refund_unclear" // the refund that was asked for does not show
	CodeBrokenRow    outcome.Code = "broken_payment" // the schema refuses what the row says
)

var errNotShown = errors.New("the provider shows no refund of the remainder")

// Refunds asks for refunds. Its errors are those of package payment.
type Refunds interface {
	// GiveBack asks for a refund. A *payment.DeclinedError says that it will not be made.
	GiveBack(ctx context.Context, r payment.RefundRequest) error
}

// Step is the step.
type Step struct {
	Orders     saga.Orders
	Reconciler settle.Reconciler
	Refunds    Refunds
}

// Do gives back the money of an order that is CANCELLING, and states all that the payments row says when all of it was. A refund that is
// pending counts. The error holds saga.ErrRefundFailed where the provider can't give the money back.
func (s Step) Do(ctx context.Context, t saga.Task) (saga.Next, []event.Event, error) {
	o, next, err := t.Open(ctx, s.Orders)
	if err != nil || next != "" {
		return next, nil, err
	}
	for range settle.MaxRounds {
		row, err := s.giveBack(ctx, o.ID)
		if errors.Is(err, payment.ErrConflict) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		return state(row, events.Cause{ID: t.Cause(), TraceParent: o.TraceParent})
	}
	return "", nil, settle.Contended(o.ID)
}

// state returns what is next. A row without captured money, as nobody asks this step about, is resolved again.
func state(row payment.Row, because events.Cause) (saga.Next, []event.Event, error) {
	if row.Status != order.PaymentReturned {
		return saga.Again, nil, nil
	}
	out, err := facts.All(row, because)
	if err != nil {
		return "", nil, outcome.Permanent(CodeBrokenRow, err)
	}
	return saga.Close, out, nil
}

// giveBack reads the row, asks for what is missing where money was captured, and returns the row that follows.
func (s Step) giveBack(ctx context.Context, id order.ID) (payment.Row, error) {
	row, err := s.Reconciler.Read.Get(ctx, id)
	switch {
	case err != nil:
		return payment.Row{}, err
	case row.Status != order.PaymentSucceeded:
		return row, nil
	case row.IntentID == order.NoPayment:
		return s.giveBackNothing(ctx, row)
	}
	row, err = s.Reconciler.SeeRefunds(ctx, row)
	if err != nil || row.Status != order.PaymentSucceeded {
		return row, err
	}
	return s.ask(ctx, row)
}

// giveBackNothing ends the row of an order that cost nothing. The provider knows nothing of it.
func (s Step) giveBackNothing(ctx context.Context, row payment.Row) (payment.Row, error) {
	row = row.GiveBackNothing(s.Reconciler.Now())
	if err := s.Reconciler.Rows.Put(ctx, row); err != nil {
		return payment.Row{}, fmt.Errorf("store payment of order %s: %w", row.OrderID, err)
	}
	return row, nil
}

// ask asks for the remainder, once, and then goes by the refunds.
func (s Step) ask(ctx context.Context, row payment.Row) (payment.Row, error) {
	err := s.Refunds.GiveBack(ctx, payment.RefundRequest{
		OrderID:  row.OrderID,
		IntentID: row.IntentID,
		Amount:   row.Remainder(),
		Currency: row.Params.Currency,
		Number:   len(row.Refunds) + 1,
	})
	_, declined := errors.AsType[*payment.DeclinedError](err)
	if err != nil && !declined && !errors.Is(err, payment.ErrGivenBack) && !errors.Is(err, payment.ErrUnclear) {
		return payment.Row{}, payment.Classify(err)
	}
	after, lookErr := s.Reconciler.SeeRefunds(ctx, row)
	switch {
	case lookErr != nil:
		return payment.Row{}, lookErr
	case after.Status == order.PaymentReturned:
		return after, nil
	case declined, failures(after) > failures(row):
		return payment.Row{}, outcome.Transient(CodeRefundFailed, errors.Join(fmt.Errorf("order %s: %w", row.OrderID, saga.ErrRefundFailed), err))
	default:
		return payment.Row{}, outcome.Transient(CodeNotRefunded, fmt.Errorf("order %s: %w", row.OrderID, errors.Join(errNotShown, err)))
	}
}

func failures(row payment.Row) int {
	n := 0
	for _, f := range row.Refunds {
		if f.Failed {
			n++
		}
	}
	return n
}
