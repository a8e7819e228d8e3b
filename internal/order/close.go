package order

import (
	"fmt"
	"slices"
	"time"
)

// ClosedBy returns the status in which an order that is CANCELLING ends where its payments row says p, and false where
// there is still something to be done about the money.
func (o Order) ClosedBy(p PaymentStatus) (Status, bool) {
	switch p {
	case PaymentVoided, PaymentDeclined:
		if o.rejected() {
			return Rejected, true
		}
		return Cancelled, true
	case PaymentReturned:
		return Refunded, true
	default:
		return "", false
	}
}

// rejected reports whether o was turned down by query-user before anything was paid.
func (o Order) rejected() bool {
	return len(o.History) > 1 && o.History[1].Status == Cancelling && slices.Contains(RejectionReasons(), o.History[1].Reason)
}

// CancelReason returns why o came to be cancelled: the reason with which it first became CANCELLING since it last stood otherwise. An
// operator who asks again is not the reason.
func (o Order) CancelReason() Reason {
	reason := o.Reason
	for _, c := range slices.Backward(o.History) {
		switch c.Status {
		case Cancelling:
			reason = c.Reason
		case NeedsAttention:
		default:
			return reason
		}
	}
	return reason
}

// Close decides how the saga that the event named cause started ends o, whose payments row says p. The change holds only while the row still says so.
// The error is ErrStale where o is not CANCELLING at version, and ErrTooEarly where the money is not settled.
func (o Order) Close(version int64, cause string, p PaymentStatus, now time.Time) (Decision, error) {
	if err := o.cancellingAt(version); err != nil {
		return Decision{}, err
	}
	status, ok := o.ClosedBy(p)
	if !ok {
		return Decision{}, fmt.Errorf("close order %s: payment is %s: %w", o.ID, p, ErrTooEarly)
	}
	return Decision{Change: o.next(status, o.CancelReason(), cause, now), IfPayment: p}, nil
}

// Park decides that the saga which the event named cause started can't finish o, and that somebody has to look at it.
// The error is ErrStale where o is not CANCELLING at version.
func (o Order) Park(version int64, cause string, why Reason, now time.Time) (Decision, error) {
	if err := o.cancellingAt(version); err != nil {
		return Decision{}, err
	}
	return Decision{Change: o.next(NeedsAttention, why, cause, now)}, nil
}

func (o Order) cancellingAt(version int64) error {
	if o.Status != Cancelling || o.Version != version {
		return fmt.Errorf("order %s is %s at version %d: %w", o.ID, o.Status, o.Version, ErrStale)
	}
	return nil
}

// next is the change that follows in o's history.
func (o Order) next(s Status, r Reason, cause string, now time.Time) Change {
	return Change{Version: o.Version + 1, Status: s, Reason: r, At: now.UTC().Truncate(time.Millisecond), Cause: cause}
}
