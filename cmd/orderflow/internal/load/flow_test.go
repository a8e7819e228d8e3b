package load_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/user"
)

// How long things take in a [flow].
const (
	deciding = time.Second            // from an order's being recorded to the word on its payment
	telling  = 200 * time.Millisecond // from the wish for a cancellation to the order
	undoing  = time.Second            // from CANCELLING to the end
)

// flow is an order flow by the table of states, with its saga.
type flow struct {
	mu       sync.Mutex
	users    map[order.UserID]user.User
	orders   map[order.ID]order.Order
	asked    map[order.ID]time.Time // when its cancellation was asked for
	captured map[order.ID]int64
	refunded map[order.ID]int64
	mailed   map[order.ID]int64 // the version that was told last
	refuse   map[order.ID]error // what placing an order ends with
	stuck    map[order.ID]bool  // nothing more happens to it
	parked   map[order.ID]bool  // its saga cannot finish
	unmailed map[order.ID]bool  // its customer is told nothing more
}

func newFlow(users []user.User) *flow {
	f := &flow{
		users: map[order.UserID]user.User{}, orders: map[order.ID]order.Order{}, asked: map[order.ID]time.Time{},
		captured: map[order.ID]int64{}, refunded: map[order.ID]int64{}, mailed: map[order.ID]int64{},
		refuse: map[order.ID]error{}, stuck: map[order.ID]bool{}, parked: map[order.ID]bool{}, unmailed: map[order.ID]bool{},
	}
	for _, u := range users {
		f.users[u.ID] = u
	}
	return f
}

func (f *flow) Place(_ context.Context, p api.PlaceOrder) (api.Placed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse[p.OrderID]; err != nil {
		return api.Placed{}, err
	}
	_, there := f.orders[p.OrderID]
	if !there {
		f.orders[p.OrderID] = order.New(order.Order{
			ID: p.OrderID, UserID: p.UserID, Amount: p.Amount, Currency: p.Currency, PaymentMethod: p.PaymentMethod,
		}, time.Now())
	}
	return api.Placed{Replayed: there, Took: 2 * time.Millisecond}, nil
}

func (f *flow) Cancel(_ context.Context, id order.ID) (api.Cancellation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.advance(id)
	if o.Status == order.Rejected || o.Status == order.NeedsAttention {
		return api.Cancellation{}, fmt.Errorf("cancel order %s: %w", id, &api.Error{Status: http.StatusConflict})
	}
	if o.Status == order.Recorded || o.Status == order.Paid {
		f.asked[id] = time.Now()
	}
	return api.Cancellation{OrderID: id, Status: o.Status, Version: o.Version}, nil
}

func (f *flow) Orders(_ context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[order.ID]order.Order{}
	for _, id := range ids {
		found[id] = f.advance(id)
	}
	return found, nil
}

func (f *flow) Mails(_ context.Context, ids []order.ID) (map[order.ID]load.Mail, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[order.ID]load.Mail{}
	for _, id := range ids {
		if version := f.mailed[id]; version > 0 {
			found[id] = load.Mail{Version: version, Result: notification.Sent}
		}
	}
	return found, nil
}

// advance lets everything happen to an order that has happened by now.
func (f *flow) advance(id order.ID) order.Order {
	for {
		o := f.orders[id]
		change, ok := f.next(o)
		if !ok {
			return o
		}
		f.orders[id] = o.With(change)
		if change.Status.Told() && !f.unmailed[id] {
			f.mailed[id] = change.Version
		}
	}
}

// next returns what happens to o next, and false where that is still to come.
func (f *flow) next(o order.Order) (order.Change, bool) {
	paid, cancelled := o.RecordedAt.Add(deciding), f.asked[o.ID].Add(telling)
	asked := !f.asked[o.ID].IsZero()
	switch {
	case f.stuck[o.ID]:
		return order.Change{}, false
	case o.Status == order.Cancelling:
		at := o.History[len(o.History)-1].At.Add(undoing)
		return happens(at, func() (order.Decision, error) { return f.undo(o, at) })
	case asked && (o.Status == order.Paid || o.Status == order.Recorded && cancelled.Before(paid)):
		return happens(cancelled, func() (order.Decision, error) {
			return order.Apply(o, order.Fact{Kind: order.CancelRequested, Reason: order.RequestedByShop, Asker: order.AskedByShop}, cancelled)
		})
	case o.Status == order.Recorded:
		return happens(paid, func() (order.Decision, error) { return order.Apply(o, f.decide(o), paid) })
	}
	return order.Change{}, false
}

// happens decides what happens at a time, where that has come.
func happens(at time.Time, decide func() (order.Decision, error)) (order.Change, bool) {
	if time.Now().Before(at) {
		return order.Change{}, false
	}
	d, err := decide()
	if err != nil {
		panic(err)
	}
	return d.Change, true
}

// decide checks the user and charges the card.
func (f *flow) decide(o order.Order) order.Fact {
	u, known := f.users[o.UserID]
	switch {
	case !known:
		return order.Fact{Kind: order.OrderRejected, Reason: order.UnknownUser}
	case u.Status != user.Active:
		return order.Fact{Kind: order.OrderRejected, Reason: order.BlockedUser}
	case o.PaymentMethod != "" && o.Amount > 0:
		return order.Fact{Kind: order.PaymentFailed, Reason: order.CardDeclined}
	}
	f.captured[o.ID] = o.Amount
	return order.Fact{Kind: order.PaymentProcessed, Amount: o.Amount, Currency: o.Currency}
}

// undo is the saga.
func (f *flow) undo(o order.Order, at time.Time) (order.Decision, error) {
	if f.parked[o.ID] {
		return o.Park(o.Version, "", order.RefundFailed, at)
	}
	if _, paid := f.captured[o.ID]; !paid {
		return o.Close(o.Version, "", order.PaymentVoided, at)
	}
	f.refunded[o.ID] = f.captured[o.ID]
	return o.Close(o.Version, "", order.PaymentReturned, at)
}

// ledger is what the provider would say.
func (f *flow) ledger() *stripesandbox.Report {
	r := &stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{}}
	for id, minor := range f.captured {
		if minor == 0 {
			continue
		}
		s := stripesandbox.Sum{Currency: "USD", Orders: 1, Captures: 1, Minor: minor, RefundedMinor: f.refunded[id]}
		if s.RefundedMinor > 0 {
			s.Refunds = 1
		}
		r.Orders[string(id)] = stripesandbox.OrderLines{Captured: []stripesandbox.Sum{s}}
	}
	return r
}
