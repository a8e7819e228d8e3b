// Package sagatest is a bench for tests of the saga's steps: tables in memory, the payment provider's stand-in behind the real adapter, and an order that is CANCELLING.
package sagatest

import (
	"sync"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// Amount is what the bench's orders cost, in cents.
const Amount = 1999

// Bench is what a step works on.
type Bench struct {
	Tables  memory.Tables
	Sandbox *stripesandbox.Sandbox
	Stripe  *stripe.Client

	mu  sync.Mutex
	now time.Time
}

// New returns an empty bench.
func New(t testing.TB) *Bench {
	b := &Bench{Tables: memory.New(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.Sandbox = stripesandbox.New(stripesandbox.Options{Now: b.Now})
	t.Cleanup(b.Sandbox.Close)
	b.Stripe = stripetest.New(b.Sandbox, b.Now)
	return b
}

// Now is the bench's clock. It goes a millisecond further each time it is read, so that a time that was not stored can't come out right by chance.
func (b *Bench) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(time.Millisecond)
	return b.now
}

// Reconciler works on the bench's tables and provider.
func (b *Bench) Reconciler() settle.Reconciler {
	return settle.Reconciler{
		Settler: settle.Settler{Rows: b.Tables.Payments, Intents: b.Stripe, Now: b.Now},
		Read:    b.Tables.Payments, Returns: b.Stripe,
	}
}

// Teller works on the bench's tables and provider.
func (b *Bench) Teller() settle.Teller {
	return settle.Teller{Reconciler: b.Reconciler(), Orders: b.Tables.Orders}
}

// Cancelling stores an order that became CANCELLING for this reason, after the given statuses, and returns the task that its OrderUpdated starts.
func (b *Bench) Cancelling(t testing.TB, id order.ID, why order.Reason, after ...order.Status) saga.Task {
	t.Helper()
	return b.costing(t, id, Amount, why, after...)
}

// CancellingFree is [Bench.Cancelling] of an order that cost nothing.
func (b *Bench) CancellingFree(t testing.TB, id order.ID, why order.Reason, after ...order.Status) saga.Task {
	t.Helper()
	return b.costing(t, id, 0, why, after...)
}

// Recorded stores an order that was just recorded.
func (b *Bench) Recorded(t testing.TB, id order.ID) order.Order {
	t.Helper()
	return b.recorded(t, id, Amount)
}

func (b *Bench) recorded(t testing.TB, id order.ID, amount int64) order.Order {
	t.Helper()
	o, _, err := b.Tables.Orders.Create(t.Context(), order.New(order.Order{
		ID: id, UserID: "u1", Amount: amount, Currency: "EUR", PlacedBy: "shop", PayloadHash: "hash",
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}, b.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (b *Bench) costing(t testing.TB, id order.ID, amount int64, why order.Reason, after ...order.Status) saga.Task {
	t.Helper()
	b.recorded(t, id, amount)
	for _, s := range after {
		b.Become(t, id, s, "")
	}
	o := b.Become(t, id, order.Cancelling, why)
	return saga.Task{OrderID: id, Version: o.Version}
}

// Become changes an order's status, by a cause of its own.
func (b *Bench) Become(t testing.TB, id order.ID, s order.Status, why order.Reason) order.Order {
	t.Helper()
	o := b.Order(t, id)
	c := order.Change{Version: o.Version + 1, Status: s, Reason: why, At: b.Now().Truncate(time.Millisecond), Cause: string(s) + "-" + string(rune('0'+o.Version))}
	if err := b.Tables.Orders.Apply(t.Context(), o, order.Decision{Change: c}); err != nil {
		t.Fatal(err)
	}
	return o.With(c)
}

// Order returns an order.
func (b *Bench) Order(t testing.TB, id order.ID) order.Order {
	t.Helper()
	o, err := b.Tables.Orders.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Row returns an order's payments row.
func (b *Bench) Row(t testing.TB, id order.ID) payment.Row {
	t.Helper()
	row, err := b.Tables.Payments.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// Open makes an order's intent, to be paid with method, and stores the row that names it.
func (b *Bench) Open(t testing.TB, id order.ID, method string) payment.Row {
	t.Helper()
	params := payment.Params{Amount: Amount, Currency: "EUR", Customer: "cus_1", PaymentMethod: method}
	intent, err := b.Stripe.Create(t.Context(), id, params)
	if err != nil {
		t.Fatal(err)
	}
	return b.Put(t, payment.Open(id, intent.ID, params, b.Now()))
}

// Confirm charges the intent of a row, whose answer is lost: the row stays as it is.
func (b *Bench) Confirm(t testing.TB, row payment.Row) {
	t.Helper()
	_, _ = b.Stripe.Confirm(t.Context(), row.IntentID)
}

// Paid is [Bench.Open] with the money captured, and the row saying so.
func (b *Bench) Paid(t testing.TB, id order.ID, method string) payment.Row {
	t.Helper()
	row := b.Open(t, id, method)
	b.Confirm(t, row)
	row, err := b.Reconciler().Look(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	if row.Status != order.PaymentSucceeded {
		t.Fatalf("payment with %s is %s, want SUCCEEDED", method, row.Status)
	}
	return row
}

// Put stores a row.
func (b *Bench) Put(t testing.TB, row payment.Row) payment.Row {
	t.Helper()
	if err := b.Tables.Payments.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	return row
}

// Fault puts a fault of the provider in force.
func (b *Bench) Fault(t testing.TB, f stripesandbox.Fault) {
	t.Helper()
	if err := b.Sandbox.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// Net returns what the provider holds of an order's money, and how often it took any, in cents.
func (b *Bench) Net(id order.ID) (net int64, captures int) {
	for _, s := range b.Sandbox.Ledger().Order(string(id)).Captured {
		net += s.Net()
		captures += s.Captures
	}
	return net, captures
}
