// Package announce states, as events, what an order's row says: that it was recorded, and each change of its status.
//
// Everything in such an event comes from the row, so that whoever states a fact, and
// however often, it is the very same event.
package announce

import (
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
)

// Recorded returns the fact that o was recorded. It is the same for as long as o exists, whatever happens to o.
// The error is a *strictjson.Error where the schema refuses what the row holds.
func Recorded(o order.Order) (event.Event, error) {
	return events.New(events.OrderRecorded{
		OrderID:       o.ID,
		UserID:        o.UserID,
		Amount:        o.Amount,
		Currency:      o.Currency,
		Items:         o.Items,
		PaymentMethod: o.PaymentMethod,
		RecordedAt:    o.RecordedAt,
	}, o.RecordedAt, events.Cause{TraceParent: o.TraceParent})
}

// Updated returns the OrderUpdated of c, a change in o's history. The trace context is the one of what caused it, where that is
// known, else o's own. The error is a *strictjson.Error where the schema refuses what the row holds.
func Updated(o order.Order, c order.Change, traceParent string) (event.Event, error) {
	e, err := events.New(updated(o, c), c.At, events.Cause{ID: c.Cause, TraceParent: traceParent})
	if err != nil {
		return event.Event{}, fmt.Errorf("order %s: %w", o.ID, err)
	}
	return e, nil
}

// UpdatedID returns the id of the OrderUpdated of o's change to version, which names that change wherever it is a cause.
func UpdatedID(id order.ID, version int64) string {
	return events.IDOf(events.OrderUpdated{OrderID: id, Version: version})
}

func updated(o order.Order, c order.Change) events.OrderUpdated {
	return events.OrderUpdated{
		OrderID:        o.ID,
		UserID:         o.UserID,
		Status:         c.Status,
		PreviousStatus: o.StatusBefore(c),
		Version:        c.Version,
		Reason:         c.Reason,
		Amount:         o.Amount,
		Currency:       o.Currency,
	}
}
