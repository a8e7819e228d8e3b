package sweeporders

import (
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Limits say how long is too long. All are required.
type Limits struct {
	RecordedAfter     time.Duration // an order that is RECORDED for longer is announced again
	PaymentWindow     time.Duration // an order that is RECORDED for longer, and neither paid nor being paid, is to be cancelled
	CancellingAfter   time.Duration // an order that is CANCELLING for longer has its saga started again
	UndeliveredWithin time.Duration // how old an event of the provider's may be that its webhook did not bring
}

// shortest returns the age below which no order is looked at.
func (l Limits) shortest() time.Duration {
	return min(l.RecordedAfter, l.PaymentWindow, l.CancellingAfter)
}

// Action is what is done about an order, under the name that it has in the log.
type Action string

// The actions.
const (
	Nothing       Action = ""
	Reannounce    Action = "reannounced"
	RequestCancel Action = "cancel_requested"
	RestartSaga   Action = "saga_restarted"
	Recover       Action = "webhook_recovered" // of a notice, not decided by [Decide]
)

// Decide says what is to be done at now about o, whose payments row is row, the zero Row where there is none. The row
// matters only for an order that is RECORDED past the payment window.
func Decide(o order.Order, row payment.Row, now time.Time, l Limits) Action {
	age := openFor(o, now)
	switch {
	case o.Status == order.Cancelling && age > l.CancellingAfter:
		return RestartSaga
	case o.Status == order.Recorded && age > l.PaymentWindow && !paidOrBeingPaid(row):
		return RequestCancel
	case o.Status == order.Recorded && age > l.RecordedAfter:
		return Reannounce
	default:
		return Nothing
	}
}

// paidOrBeingPaid reports whether the money of row was taken, whatever became of it, or the provider is about to take it.
func paidOrBeingPaid(row payment.Row) bool {
	return row.Captured() || row.Status == order.PaymentPending
}

// openFor returns for how long o has had its status, 0 where it is not open.
func openFor(o order.Order, now time.Time) time.Duration {
	switch o.Status {
	case order.Recorded:
		return now.Sub(o.RecordedAt)
	case order.Cancelling:
		return now.Sub(lastChange(o).At)
	default:
		return 0
	}
}

// lastChange returns the change that gave o its status, the zero Change where its history is lost.
func lastChange(o order.Order) order.Change {
	if len(o.History) == 0 {
		return order.Change{}
	}
	return o.History[len(o.History)-1]
}

// event returns the event by which a is done about o at now. The error is a *strictjson.Error where the schema refuses what the row holds.
func (a Action) event(o order.Order, now time.Time) (event.Event, error) {
	switch a {
	case RequestCancel:
		return events.New(events.OrderCancelRequested{
			OrderID:     o.ID,
			Reason:      order.PaymentExpired,
			RequestedBy: order.AskedBySweep,
			SeenVersion: o.Version,
		}, now, events.Cause{TraceParent: o.TraceParent})
	case RestartSaga:
		return announce.Updated(o, lastChange(o), o.TraceParent)
	default:
		return announce.Recorded(o)
	}
}
