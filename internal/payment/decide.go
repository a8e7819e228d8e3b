package payment

import (
	"fmt"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// Step is what is to be done next about a payment.
type Step string

// The steps.
const (
	// StepNone means that the row says all that the intent says.
	StepNone Step = "none"
	// StepSave means that the decision's row is to be stored.
	StepSave Step = "save"
	// StepConfirm means that the intent still waits for its confirmation.
	StepConfirm Step = "confirm"
	// StepCancel means that the charge was declined. The intent is to be cancelled before the
	// row may say so, because somebody else may be confirming it at this moment.
	StepCancel Step = "cancel"
)

// Decision is what an intent means for its row.
type Decision struct {
	Step   Step
	Row    Row          // of StepSave, to be put; of StepNone, as it is
	Reason order.Reason // of StepCancel, to be given to [Row.Cancelled]
}

// Follow decides what i, as the provider shows it now, means for r. An ended row is not changed by any intent.
// The error is ErrMismatch, or ErrUnclear for a status that is not known here.
func (r Row) Follow(i Intent, now time.Time) (Decision, error) {
	if err := r.match(i); err != nil {
		return Decision{}, err
	}
	if r.Ended() {
		return Decision{Step: StepNone, Row: r}, nil
	}
	switch i.Status {
	case RequiresConfirmation:
		return Decision{Step: StepConfirm}, nil
	case RequiresPaymentMethod, RequiresAction:
		return Decision{Step: StepCancel, Reason: i.declineReason()}, nil
	case Processing:
		return r.pend(now), nil
	case Succeeded:
		return save(r.become(order.PaymentSucceeded, "", now)), nil
	case Canceled:
		return save(r.become(order.PaymentVoided, voidReason(i), now)), nil
	default:
		return Decision{}, fmt.Errorf("payment intent %s has an unknown status: %w", i.ID, ErrUnclear)
	}
}

// Cancelled decides what the answer to cancelling a declined intent means for r. Only if the intent is cancelled may r
// become DECLINED; it may as well have succeeded, or be processing. The error is ErrMismatch, or ErrUnclear where the intent
// could still be confirmed.
func (r Row) Cancelled(i Intent, declined order.Reason, now time.Time) (Decision, error) {
	if err := r.match(i); err != nil {
		return Decision{}, err
	}
	if i.Status == Canceled && !r.Ended() {
		return save(r.become(order.PaymentDeclined, declined, now)), nil
	}
	d, err := r.Follow(i, now)
	if err == nil && (d.Step == StepConfirm || d.Step == StepCancel) {
		return Decision{}, fmt.Errorf("payment intent %s is %s after it was to be cancelled: %w", i.ID, i.Status, ErrUnclear)
	}
	return d, err
}

func (r Row) pend(now time.Time) Decision {
	if r.Status == order.PaymentPending {
		return Decision{Step: StepNone, Row: r}
	}
	return save(r.become(order.PaymentPending, "", now))
}

func save(r Row) Decision { return Decision{Step: StepSave, Row: r} }

// match guards against a row that points at money of something else.
func (r Row) match(i Intent) error {
	if i.ID != r.IntentID || i.Amount != r.Params.Amount || i.Currency != r.Params.Currency {
		return fmt.Errorf("payments row of order %s: %w", r.OrderID, ErrMismatch)
	}
	return nil
}

// voidReason keeps the reason of a decline whose row was never stored, because its delivery died between the cancelling and the put.
func voidReason(i Intent) order.Reason {
	if i.Declined != "" {
		return i.Declined
	}
	return order.PaymentCancelled
}
