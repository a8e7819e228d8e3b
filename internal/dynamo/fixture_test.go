package dynamo_test

import (
	"time"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func recorded(id order.ID) order.Order {
	return order.New(order.Order{ID: id, UserID: "u1", Amount: 500, Currency: "EUR", PlacedBy: "shop", PayloadHash: "hash"}, noon)
}

func voided(id order.ID) payment.Row { return payment.Void(id, order.NotPayable, noon) }

func claimOf(id order.ID) notification.Claim {
	return notification.Claim{OrderID: id, Channel: notification.Email, Version: 2, Until: noon.Add(time.Minute), Holder: "a"}
}
