package sweeporders_test

import (
	"testing"
	"time"

	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// none is that there is no payments row.
const none order.PaymentStatus = ""

func TestDecide(t *testing.T) {
	const tick = time.Millisecond
	for name, c := range map[string]struct {
		status order.Status
		age    time.Duration // of the status
		row    order.PaymentStatus
		want   sweeporders.Action
	}{
		"just recorded":                       {order.Recorded, 0, none, sweeporders.Nothing},
		"recorded for nearly five minutes":    {order.Recorded, limits.RecordedAfter - tick, none, sweeporders.Nothing},
		"recorded for five minutes":           {order.Recorded, limits.RecordedAfter, none, sweeporders.Nothing},
		"recorded for over five minutes":      {order.Recorded, limits.RecordedAfter + tick, none, sweeporders.Reannounce},
		"recorded by a clock that runs ahead": {order.Recorded, -time.Hour, none, sweeporders.Nothing},
		"recorded, open for an hour":          {order.Recorded, time.Hour, order.PaymentOpen, sweeporders.Reannounce},
		"recorded, declined an hour ago":      {order.Recorded, time.Hour, order.PaymentDeclined, sweeporders.Reannounce},
		"recorded for nearly the window":      {order.Recorded, limits.PaymentWindow - tick, none, sweeporders.Reannounce},
		"recorded for the window":             {order.Recorded, limits.PaymentWindow, none, sweeporders.Reannounce},
		"past the window, without a row":      {order.Recorded, limits.PaymentWindow + tick, none, sweeporders.RequestCancel},
		"past the window, open":               {order.Recorded, limits.PaymentWindow + tick, order.PaymentOpen, sweeporders.RequestCancel},
		"past the window, declined":           {order.Recorded, limits.PaymentWindow + tick, order.PaymentDeclined, sweeporders.RequestCancel},
		"past the window, voided":             {order.Recorded, limits.PaymentWindow + tick, order.PaymentVoided, sweeporders.RequestCancel},
		"past the window, succeeded":          {order.Recorded, limits.PaymentWindow + tick, order.PaymentSucceeded, sweeporders.Reannounce},
		"past the window, refunded":           {order.Recorded, limits.PaymentWindow + tick, order.PaymentReturned, sweeporders.Reannounce},
		"pending for two days is not expired": {order.Recorded, 48 * time.Hour, order.PaymentPending, sweeporders.Reannounce},
		"pending for a year is not expired":   {order.Recorded, 365 * 24 * time.Hour, order.PaymentPending, sweeporders.Reannounce},
		"cancelling for a quarter of an hour": {order.Cancelling, limits.CancellingAfter, none, sweeporders.Nothing},
		"cancelling for over a quarter":       {order.Cancelling, limits.CancellingAfter + tick, none, sweeporders.RestartSaga},
		"cancelling for two days, pending":    {order.Cancelling, 48 * time.Hour, order.PaymentPending, sweeporders.RestartSaga},
		"cancelling for two days, succeeded":  {order.Cancelling, 48 * time.Hour, order.PaymentSucceeded, sweeporders.RestartSaga},
		"paid":                                {order.Paid, 48 * time.Hour, order.PaymentSucceeded, sweeporders.Nothing},
		"cancelled":                           {order.Cancelled, 48 * time.Hour, order.PaymentVoided, sweeporders.Nothing},
		"rejected":                            {order.Rejected, 48 * time.Hour, none, sweeporders.Nothing},
		"refunded":                            {order.Refunded, 48 * time.Hour, order.PaymentReturned, sweeporders.Nothing},
		"in need of attention is somebody's":  {order.NeedsAttention, 48 * time.Hour, order.PaymentSucceeded, sweeporders.Nothing},
	} {
		t.Run(name, func(t *testing.T) {
			row := payment.Row{OrderID: "o1", Status: c.row, Revision: 1}
			if c.row == none {
				row = payment.Row{}
			}
			if got := sweeporders.Decide(in(c.status, now.Add(-c.age)), row, now, limits); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// in returns an order that is in status since then.
func in(status order.Status, since time.Time) order.Order {
	if status == order.Recorded {
		return recorded("o1", since)
	}
	// Recorded long before: only the last change counts.
	return recorded("o1", since.Add(-30*24*time.Hour)).With(order.Change{Version: 2, Status: status, Reason: order.CardDeclined, At: since, Cause: "event-1"})
}

// Once it is CANCELLING, an order waits from that change on, not from when it was recorded.
func TestAnOrderThatWaitedLongStartsAnewAsCancelling(t *testing.T) {
	o := recorded("o1", now.Add(-48*time.Hour)).With(order.Change{Version: 2, Status: order.Cancelling, Reason: order.PaymentExpired, At: now.Add(-time.Minute)})
	if got := sweeporders.Decide(o, payment.Row{}, now, limits); got != sweeporders.Nothing {
		t.Errorf("got %q, want nothing", got)
	}
}
