package dynamo

import (
	"context"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Get returns the latest claim on an order's row and how it ended, and whether there is one.
func (s *Notifications) Get(ctx context.Context, id order.ID, channel notification.Channel) (e item.Entry, found bool, err error) {
	m, err := get(ctx, s.client, s.tables.Notifications, item.Map{item.OrderID: item.Text(string(id)), item.Channel: item.Text(string(channel))})
	if err != nil || m == nil {
		return item.Entry{}, false, wrap(err, "get mail of order %s", id)
	}
	e, err = item.Notification(m)
	return e, err == nil, wrap(broken(err), "get mail of order %s", id)
}
