package updateorder

import (
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
)

// factOf reads the fact in an event of one of the types that this stage subscribes to.
func factOf(in event.Event) (order.Fact, error) {
	data, err := events.DataOf(in)
	if err != nil {
		return order.Fact{}, err
	}
	switch d := data.(type) {
	case events.PaymentProcessed:
		return order.Fact{Kind: order.PaymentProcessed, Cause: in.ID(), Amount: d.Amount, Currency: d.Currency}, nil
	case events.PaymentFailed:
		return order.Fact{Kind: order.PaymentFailed, Cause: in.ID(), Reason: d.Reason}, nil
	case events.OrderRejected:
		return order.Fact{Kind: order.OrderRejected, Cause: in.ID(), Reason: d.Reason}, nil
	case events.OrderCancelRequested:
		return order.Fact{Kind: order.CancelRequested, Cause: in.ID(), Reason: d.Reason, Asker: d.RequestedBy}, nil
	case events.PaymentRefunded:
		return order.Fact{Kind: order.PaymentRefunded, Cause: in.ID()}, nil
	case events.PaymentRefundFailed:
		return order.Fact{Kind: order.PaymentRefundFailed, Cause: in.ID(), Reason: d.Reason}, nil
	}
	return order.Fact{}, fmt.Errorf("%s: %w", in.Type(), events.ErrUnknownType)
}
