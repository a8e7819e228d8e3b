package processpayment

import (
	"context"
	"errors"
	"fmt"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/settle"
)

// Codes of errors of this stage's own.
const (
	codeNoOrder        outcome.Code = "order_not_found"
	codeAmountMismatch outcome.Code = "amount_mismatch"
	codeUserMismatch   outcome.Code = "user_mismatch"
)

var (
	errNoOrder        = errors.New("there is no such order")
	errAmountMismatch = errors.New("amount or currency is not the order's")
	errUserMismatch   = errors.New("user is not the order's")
)

// delivery is one handling of an OrderVerified.
type delivery struct {
	*Stage
	verified events.OrderVerified
	state    state
	fresh    string // the intent that this delivery made, if its put was lost
}

// settle goes by the row until it has ended or nothing more can be done now, and returns it. Whenever a put is
// lost it starts again with the row that won, since the provider must be asked after the row was read.
func (d *delivery) settle(ctx context.Context) (payment.Row, error) {
	for range settle.MaxRounds {
		row, err := d.advance(ctx)
		if !errors.Is(err, payment.ErrConflict) {
			return row, err
		}
		if err := d.reload(ctx); err != nil {
			return payment.Row{}, err
		}
	}
	return payment.Row{}, settle.Contended(d.verified.OrderID)
}

// reload reads what beat this delivery, and cancels the intent that it made in vain.
func (d *delivery) reload(ctx context.Context) error {
	st, err := d.load(ctx, d.verified.OrderID)
	if err != nil {
		return err
	}
	d.state = st
	if d.fresh != "" && st.row.Exists() && st.row.IntentID != d.fresh {
		// Nobody can confirm an intent that no row names, so that a failure to cancel it costs nothing.
		_, _ = d.intents.Cancel(ctx, d.fresh)
	}
	d.fresh = ""
	return nil
}

// advance takes the row as far as it goes.
func (d *delivery) advance(ctx context.Context) (payment.Row, error) {
	switch row := d.state.row; {
	case !row.Exists():
		return d.open(ctx)
	case row.Ended():
		return row, nil
	default:
		return d.resume(ctx, row)
	}
}

// open makes the order's first row. Money follows the stored order, never the message alone.
func (d *delivery) open(ctx context.Context) (payment.Row, error) {
	o := d.state.order
	if err := agree(d.verified, o); err != nil {
		return payment.Row{}, err
	}
	switch {
	case o.Status != order.Recorded:
		return d.put(ctx, payment.Void(o.ID, order.NotPayable, d.now()))
	case o.Amount == 0:
		return d.put(ctx, payment.Free(o.ID, o.Currency, d.now()))
	default:
		return d.charge(ctx, o)
	}
}

// agree checks that the message speaks of the order that is stored.
func agree(v events.OrderVerified, o order.Order) error {
	switch {
	case o.ID == "":
		return outcome.Permanent(codeNoOrder, fmt.Errorf("order %s: %w", v.OrderID, errNoOrder))
	case v.UserID != o.UserID:
		return outcome.Permanent(codeUserMismatch, fmt.Errorf("order %s: %w", v.OrderID, errUserMismatch))
	case v.Amount != o.Amount || v.Currency != o.Currency:
		return outcome.Permanent(codeAmountMismatch, fmt.Errorf("order %s: %w", v.OrderID, errAmountMismatch))
	default:
		return nil
	}
}

// charge makes an unconfirmed intent, stores its id, and only then confirms it.
func (d *delivery) charge(ctx context.Context, o order.Order) (payment.Row, error) {
	params := payment.Params{
		Amount:        o.Amount,
		Currency:      o.Currency,
		Customer:      d.verified.Customer,
		PaymentMethod: d.verified.PaymentMethod,
	}
	intent, err := d.charges.Create(ctx, o.ID, params)
	if declined, ok := errors.AsType[*payment.DeclinedError](err); ok {
		return d.put(ctx, payment.Refuse(o.ID, declined.Reason, d.now()))
	}
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	d.fresh = intent.ID
	row, err := d.put(ctx, payment.Open(o.ID, intent.ID, params, d.now()))
	if err != nil {
		return payment.Row{}, err
	}
	d.fresh = ""
	return d.confirm(ctx, row)
}

// resume goes on with a row whose intent somebody made before.
func (d *delivery) resume(ctx context.Context, row payment.Row) (payment.Row, error) {
	next, err := d.settler.Look(ctx, row)
	if errors.Is(err, settle.ErrUnconfirmed) {
		return d.confirm(ctx, row)
	}
	return next, err
}

// confirm asks for the money and goes by the answer, or by the intent's status where the answer does not tell. An intent that still waits
// for its confirmation after that has had its chance in this delivery.
func (d *delivery) confirm(ctx context.Context, row payment.Row) (payment.Row, error) {
	next, err := d.confirmOnce(ctx, row)
	if errors.Is(err, settle.ErrUnconfirmed) {
		return payment.Row{}, outcome.Transient(payment.CodeUnconfirmed, fmt.Errorf("order %s: %w", row.OrderID, err))
	}
	return next, err
}

func (d *delivery) confirmOnce(ctx context.Context, row payment.Row) (payment.Row, error) {
	intent, err := d.charges.Confirm(ctx, row.IntentID)
	if declined, ok := errors.AsType[*payment.DeclinedError](err); ok {
		return d.settler.Decline(ctx, row, declined.Reason)
	}
	switch {
	case err == nil:
		return d.settler.Follow(ctx, row, intent)
	case errors.Is(err, payment.ErrUnclear), errors.Is(err, payment.ErrState):
		return d.settler.Look(ctx, row)
	default:
		return payment.Row{}, payment.Classify(err)
	}
}

// put stores row and returns it.
func (d *delivery) put(ctx context.Context, row payment.Row) (payment.Row, error) {
	if err := d.payments.Put(ctx, row); err != nil {
		return payment.Row{}, fmt.Errorf("store payment of order %s: %w", row.OrderID, err)
	}
	return row, nil
}
