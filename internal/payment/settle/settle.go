// Package settle brings payments rows up to date with the provider: it asks, decides by package payment what the answer means, and stores that.
//
// Whoever learns that something may have happened to a payment goes through here, be
// it a delivery of an event, a step of the saga, a webhook or the sweep. Each
// put depends on the revision that was read before the provider was asked; one
// that is lost is payment.ErrConflict, and the caller reads again.
package settle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// MaxRounds bounds how often a caller starts again that lost a put. A row changes a handful of times in its life.
const MaxRounds = 5

// ErrUnconfirmed means that the intent still waits for somebody to confirm it. Nothing was stored.
var ErrUnconfirmed = fmt.Errorf("the payment intent still waits for its confirmation: %w", payment.ErrUnclear)

// Writer stores payments rows.
type Writer interface {
	// Put stores row where the stored revision is the one before row's; payment.ErrConflict otherwise.
	// To find the very same row stored is a success.
	Put(ctx context.Context, row payment.Row) error
}

// Intents shows and cancels payment intents. Its errors are those of package payment.
type Intents interface {
	Retrieve(ctx context.Context, intentID string) (payment.Intent, error)
	Cancel(ctx context.Context, intentID string) (payment.Intent, error)
}

// Settler settles the charge of a row: from OPEN or PENDING to its end. Errors of the provider come back with their kind, by [payment.Classify].
type Settler struct {
	Rows    Writer
	Intents Intents
	Now     func() time.Time
}

// Look asks for row's intent and returns the row that follows. It is row itself where the provider is still processing.
// The error is ErrUnconfirmed where nobody has asked for the money yet.
func (s Settler) Look(ctx context.Context, row payment.Row) (payment.Row, error) {
	intent, err := s.Intents.Retrieve(ctx, row.IntentID)
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	return s.Follow(ctx, row, intent)
}

// Follow is [Settler.Look] with an intent that was asked for after row was read.
func (s Settler) Follow(ctx context.Context, row payment.Row, intent payment.Intent) (payment.Row, error) {
	next, err := row.Follow(intent, s.Now())
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	return s.take(ctx, row, next)
}

// Decline ends a row whose charge was declined because of reason. The intent is cancelled first, since somebody else may be confirming
// it at this moment; only what the provider says after that goes into the row.
func (s Settler) Decline(ctx context.Context, row payment.Row, reason order.Reason) (payment.Row, error) {
	intent, err := s.cancel(ctx, row)
	if err != nil {
		return payment.Row{}, err
	}
	next, err := row.Cancelled(intent, reason, s.Now())
	if err != nil {
		return payment.Row{}, payment.Classify(err)
	}
	return s.take(ctx, row, next)
}

// Void cancels row's intent, so that nobody can charge it any more, and returns the row that follows: VOIDED; SUCCEEDED where the money
// was taken before; PENDING where the provider can't cancel it yet.
func (s Settler) Void(ctx context.Context, row payment.Row) (payment.Row, error) {
	intent, err := s.cancel(ctx, row)
	if err != nil {
		return payment.Row{}, err
	}
	row, err = s.Follow(ctx, row, intent)
	if errors.Is(err, ErrUnconfirmed) {
		return payment.Row{}, payment.Classify(err)
	}
	return row, err
}

// cancel returns the intent as it stands after it was to be cancelled.
func (s Settler) cancel(ctx context.Context, row payment.Row) (payment.Intent, error) {
	intent, err := s.Intents.Cancel(ctx, row.IntentID)
	if errors.Is(err, payment.ErrState) {
		intent, err = s.Intents.Retrieve(ctx, row.IntentID)
	}
	return intent, payment.Classify(err)
}

func (s Settler) take(ctx context.Context, row payment.Row, next payment.Decision) (payment.Row, error) {
	switch next.Step {
	case payment.StepSave:
		return s.put(ctx, next.Row)
	case payment.StepCancel:
		return s.Decline(ctx, row, next.Reason)
	case payment.StepConfirm:
		return payment.Row{}, ErrUnconfirmed
	default:
		return row, nil
	}
}

func (s Settler) put(ctx context.Context, row payment.Row) (payment.Row, error) {
	if err := s.Rows.Put(ctx, row); err != nil {
		return payment.Row{}, fmt.Errorf("store payment of order %s: %w", row.OrderID, err)
	}
	return row, nil
}
