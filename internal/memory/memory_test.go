package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/user"
)

func TestConformance(t *testing.T) {
	conformance.Test(t, func(*testing.T) conformance.Stores {
		tables := memory.New()
		return conformance.Stores{
			Orders:        tables.Orders,
			Users:         tables.Users,
			Payments:      tables.Payments,
			Notifications: tables.Notifications,
		}
	})
}

func TestAllIsSortedAndComplete(t *testing.T) {
	tables := memory.New()
	at := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	for _, id := range []string{"b", "c", "a"} {
		o := order.New(order.Order{ID: order.ID(id), UserID: "u1", Currency: "EUR"}, at)
		c := notification.Claim{OrderID: o.ID, Channel: notification.Email, Version: 1, Until: at, Holder: "h"}
		_, _, err := tables.Orders.Create(t.Context(), o)
		if err := errors.Join(err,
			tables.Users.Put(t.Context(), user.User{ID: order.UserID(id), Status: user.Active}),
			tables.Payments.Put(t.Context(), payment.Void(o.ID, order.NotPayable, at)),
			tables.Notifications.Claim(t.Context(), c, at),
			tables.Notifications.Settle(t.Context(), c, notification.Sent, at.Add(time.Second)),
		); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for i, o := range tables.Orders.All() {
		u, r, n := tables.Users.All()[i], tables.Payments.All()[i], tables.Notifications.All()[i]
		got = append(got, fmt.Sprint(o.ID, u.ID, r.OrderID, n.Claim.OrderID, " ", n.Result, " ", n.SettledAt.Sub(at)))
	}
	want := []string{"aaaa SENT 1s", "bbbb SENT 1s", "cccc SENT 1s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
