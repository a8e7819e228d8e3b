// Package facts states, as events, what a payments row says.
package facts

import (
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// State returns what r says of the charge: no event while the provider has not decided, PaymentProcessed for captured
// money whatever became of it later, PaymentFailed for a payment that can't come any more. Times are r's, so that a
// fact stated again is the same event.
func State(r payment.Row, because events.Cause) ([]event.Event, error) {
	switch {
	case r.Captured():
		return state(r, because, fact{processed(r), r.CapturedAt})
	case r.Ended():
		return state(r, because, fact{failed(r), r.At})
	default:
		return nil, nil
	}
}

// All returns all that r says: [State], then each refund that failed, PaymentRefunded where all of the money was given back, and
// each dispute.
func All(r payment.Row, because events.Cause) ([]event.Event, error) {
	charge, err := State(r, because)
	if err != nil {
		return nil, err
	}
	var after []fact
	for _, f := range r.Refunds {
		if f.Failed {
			after = append(after, fact{refundFailed(r, f), f.At})
		}
	}
	if r.Status == order.PaymentReturned {
		after = append(after, refunded(r))
	}
	for _, d := range r.Disputes {
		after = append(after, fact{disputed(r, d), d.At})
	}
	rest, err := state(r, because, after...)
	return append(charge, rest...), err
}

// fact is data with the time at which it was committed.
type fact struct {
	data events.Data
	at   time.Time
}

func state(r payment.Row, because events.Cause, facts ...fact) ([]event.Event, error) {
	var out []event.Event
	for _, f := range facts {
		e, err := events.New(f.data, f.at, because)
		if err != nil {
			return nil, fmt.Errorf("state payment of order %s: %w", r.OrderID, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func processed(r payment.Row) events.PaymentProcessed {
	return events.PaymentProcessed{
		OrderID:     r.OrderID,
		PaymentID:   r.IntentID,
		Amount:      r.Params.Amount,
		Currency:    r.Params.Currency,
		ProcessedAt: r.CapturedAt,
	}
}

func failed(r payment.Row) events.PaymentFailed {
	return events.PaymentFailed{OrderID: r.OrderID, PaymentID: r.IntentID, Reason: r.Reason}
}

func refundFailed(r payment.Row, f payment.Refund) events.PaymentRefundFailed {
	return events.PaymentRefundFailed{OrderID: r.OrderID, PaymentID: r.IntentID, RefundID: f.ID, Reason: f.Reason}
}

// refunded states the refund that completed the sum. An order that cost nothing has none, and is named by its row.
func refunded(r payment.Row) fact {
	data := events.PaymentRefunded{
		OrderID: r.OrderID, PaymentID: r.IntentID, RefundID: events.NoPayment, Amount: r.Params.Amount, Currency: r.Params.Currency,
	}
	last, ok := r.LastRefund()
	if !ok {
		return fact{data, r.At}
	}
	data.RefundID = last.ID
	return fact{data, last.At}
}

func disputed(r payment.Row, d payment.Dispute) events.PaymentDisputed {
	return events.PaymentDisputed{
		OrderID: r.OrderID, PaymentID: r.IntentID, DisputeID: d.ID, Status: d.Status, Amount: d.Amount, Currency: r.Params.Currency,
	}
}

// News is how long a dispute or a failed refund is new, so that whoever states it counts it for the alarm: longer than a statement that
// has to be repeated takes.
const News = 15 * time.Minute

// Alarms returns how many of the events tell of a dispute, and how many of a refund that failed, that is new at now: what
// somebody has to look at.
func Alarms(stated []event.Event, now time.Time) (disputes, failedRefunds int) {
	for _, e := range stated {
		if now.Sub(e.Time()) > News {
			continue
		}
		switch events.Type(e.Type()) {
		case events.TypePaymentDisputed:
			disputes++
		case events.TypePaymentRefundFailed:
			failedRefunds++
		default:
		}
	}
	return disputes, failedRefunds
}
