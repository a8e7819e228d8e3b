// Package conformance states what every store of orders, users, payments rows and mails promises, as tests that each implementation runs.
package conformance

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/user"
)

// Orders is a store of orders.
type Orders interface {
	Create(ctx context.Context, o order.Order) (stored order.Order, created bool, err error)
	Get(ctx context.Context, id order.ID) (order.Order, error)
	GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error)
	Apply(ctx context.Context, before order.Order, d order.Decision) error
	ListByUser(ctx context.Context, user order.UserID, cursor string, limit int) (page []order.Order, next string, err error)
	ListOpen(ctx context.Context, before time.Time) iter.Seq2[order.ID, error]
}

// Users is a store of users.
type Users interface {
	Get(ctx context.Context, id order.UserID) (u user.User, found bool, err error)
	GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error)
	Put(ctx context.Context, u user.User) error
	PutMany(ctx context.Context, users []user.User) error
	RefuseMail(ctx context.Context, id order.UserID, r user.MailRefusal) error
}

// Payments is a store of payments rows.
type Payments interface {
	Get(ctx context.Context, id order.ID) (payment.Row, error)
	GetMany(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, error)
	GetWithOrders(ctx context.Context, ids []order.ID) (rows map[order.ID]payment.Row, orders map[order.ID]order.Order, err error)
	Put(ctx context.Context, row payment.Row) error
}

// Notifications is a ledger of mails.
type Notifications interface {
	Claim(ctx context.Context, c notification.Claim, now time.Time) error
	Settle(ctx context.Context, c notification.Claim, r notification.Result, at time.Time) error
	Release(ctx context.Context, c notification.Claim) error
}

// Stores are one implementation's stores over the same tables.
type Stores struct {
	Orders        Orders
	Users         Users
	Payments      Payments
	Notifications Notifications
	// Resends says that a call may reach the tables twice, so that the Create that made an order may look like a repeat.
	Resends bool
}

// Open returns stores over empty tables, which are gone when t ends.
type Open func(t *testing.T) Stores

// Test runs the whole suite.
func Test(t *testing.T, open Open) {
	t.Run("orders", func(t *testing.T) { testOrders(t, open) })
	t.Run("apply", func(t *testing.T) { testApply(t, open) })
	t.Run("apply with payment", func(t *testing.T) { testApplyWithPayment(t, open) })
	t.Run("list", func(t *testing.T) { testList(t, open) })
	t.Run("open", func(t *testing.T) { testOpen(t, open) })
	t.Run("users", func(t *testing.T) { testUsers(t, open) })
	t.Run("payments", func(t *testing.T) { testPayments(t, open) })
	t.Run("claim", func(t *testing.T) { testClaim(t, open) })
	t.Run("settle", func(t *testing.T) { testSettle(t, open) })
	t.Run("release", func(t *testing.T) { testRelease(t, open) })
	t.Run("done context", func(t *testing.T) { testDoneContext(t, open(t)) })
}

// promise is one test over fresh stores.
type promise struct {
	name string
	test func(t *testing.T, s Stores)
}

func run(t *testing.T, open Open, promises []promise) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.test(t, open(t)) })
	}
}

// testDoneContext checks that no method does anything once its context is done.
func testDoneContext(t *testing.T, s Stores) {
	mustCreate(t, s, recorded("o1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"orders.Create": func() error { _, _, err := s.Orders.Create(ctx, recorded("o2")); return err },
		"orders.Get":    func() error { _, err := s.Orders.Get(ctx, "o1"); return err },
		"orders.GetMany": func() error {
			_, err := s.Orders.GetMany(ctx, []order.ID{"o1"})
			return err
		},
		"orders.Apply":      func() error { return s.Orders.Apply(ctx, recorded("o1"), paid(recorded("o1"))) },
		"orders.ListByUser": func() error { _, _, err := s.Orders.ListByUser(ctx, "u1", "", 10); return err },
		"users.Get":         func() error { _, _, err := s.Users.Get(ctx, "u1"); return err },
		"users.GetMany":     func() error { _, err := s.Users.GetMany(ctx, []order.UserID{"u1"}); return err },
		"users.Put":         func() error { return s.Users.Put(ctx, fullUser("u1")) },
		"users.PutMany":     func() error { return s.Users.PutMany(ctx, []user.User{fullUser("u1")}) },
		"users.RefuseMail":  func() error { return s.Users.RefuseMail(ctx, "u1", refusalOf("u1@example.com")) },
		"payments.Get":      func() error { _, err := s.Payments.Get(ctx, "o1"); return err },
		"payments.GetMany":  func() error { _, err := s.Payments.GetMany(ctx, []order.ID{"o1"}); return err },
		"payments.GetWithOrders": func() error {
			_, _, err := s.Payments.GetWithOrders(ctx, []order.ID{"o1"})
			return err
		},
		"payments.Put":          func() error { return s.Payments.Put(ctx, row("o1", 1)) },
		"notifications.Claim":   func() error { return s.Notifications.Claim(ctx, claim(1, "a"), noon) },
		"notifications.Settle":  func() error { return s.Notifications.Settle(ctx, claim(1, "a"), notification.Sent, noon) },
		"notifications.Release": func() error { return s.Notifications.Release(ctx, claim(1, "a")) },
	}
	for name, call := range calls {
		wantError(t, name, call(), context.Canceled)
	}
	if got := mustGet(t, s, "o1"); got.Version != 1 {
		t.Errorf("a call with a done context changed the order to version %d", got.Version)
	}
}
