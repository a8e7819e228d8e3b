// Package facts states, as events, what a payments row says.
package facts

import (
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// State returns the events of all that r says: none while the provider has not decided, PaymentProcessed for captured
// money whatever became of it later, PaymentFailed for a payment that can't come any more. Times are r's, so that a
// fact stated again is the same event.
func State(r payment.Row, because events.Cause) ([]event.Event, error) {
	var out event.Event
	var err error
	switch r.Status {
	case order.PaymentSucceeded, order.PaymentReturned:
		out, err = events.New(processed(r), r.CapturedAt, because)
	case order.PaymentDeclined, order.PaymentVoided:
		out, err = events.New(failed(r), r.At, because)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state payment of order %s: %w", r.OrderID, err)
	}
	return []event.Event{out}, nil
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
