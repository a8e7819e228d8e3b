package processpayment_test

import (
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// clock goes a millisecond further each time it is read, so that a time that was not stored can't come out right by chance.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Millisecond)
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is the stage with tables in memory and, through the real adapter, a provider in the same process.
type bench struct {
	tables  memory.Tables
	sandbox *stripesandbox.Sandbox
	stripe  *stripe.Client
	clock   *clock
	stage   *processpayment.Stage
}

func newBench() *bench {
	b := &bench{tables: memory.New(), clock: newClock()}
	b.sandbox = stripesandbox.New(stripesandbox.Options{Now: b.clock.now})
	b.stripe = stripetest.New(b.sandbox, b.clock.now)
	b.stage = processpayment.New(b.tables.Payments, b.stripe, b.stripe, b.clock.now)
	return b
}

// place stores an order of u1.
func (b *bench) place(t failer, id order.ID, amount int64, c money.Currency) order.Order {
	t.Helper()
	o, _, err := b.tables.Orders.Create(ctx(t), order.New(order.Order{
		ID: id, UserID: "u1", Amount: amount, Currency: c, PlacedBy: "shop", PayloadHash: "hash",
	}, b.clock.now()))
	if err != nil {
		t.Fatalf("place: %v", err)
	}
	return o
}

// verified is query-user's event about an order that is to be paid with method.
func verified(t failer, o order.Order, method string) event.Event {
	t.Helper()
	e, err := events.New(events.OrderVerified{
		OrderID: o.ID, UserID: o.UserID, Amount: o.Amount, Currency: o.Currency, Customer: "cus_1", PaymentMethod: method,
	}, o.RecordedAt, events.Cause{ID: "cause"})
	if err != nil {
		t.Fatalf("verified: %v", err)
	}
	return e
}

// ready is a bench with the order o1 of 19.99 EUR, and the event about it.
func ready(t *testing.T, method string) (*bench, event.Event) {
	t.Helper()
	b := newBench()
	return b, verified(t, b.place(t, "o1", 1999, "EUR"), method)
}

func (b *bench) fault(t *testing.T, f stripesandbox.Fault) {
	t.Helper()
	if err := b.sandbox.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// deliver handles an event that is handled without an error.
func (b *bench) deliver(t *testing.T, in event.Event) []event.Event {
	t.Helper()
	out, err := b.stage.Handle(t.Context(), in)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return out
}

// refuses checks that an event ends in an error of this kind and code.
func (b *bench) refuses(t *testing.T, in event.Event, kind outcome.Kind, code outcome.Code) {
	t.Helper()
	out, err := b.stage.Handle(t.Context(), in)
	if gotKind, gotCode := outcome.Of(err); gotKind != kind || gotCode != code || len(out) != 0 {
		t.Fatalf("got %d events and %v, want %s %s", len(out), err, kind, code)
	}
}

func (b *bench) row(t failer, id order.ID) payment.Row {
	t.Helper()
	row, err := b.tables.Payments.Get(ctx(t), id)
	if err != nil {
		t.Fatalf("row: %v", err)
	}
	return row
}

func (b *bench) put(t failer, row payment.Row) payment.Row {
	t.Helper()
	if err := b.tables.Payments.Put(ctx(t), row); err != nil {
		t.Fatalf("put: %v", err)
	}
	return b.row(t, row.OrderID)
}

// opened stores an OPEN row with a new intent for the order of in, as an earlier delivery would have.
func (b *bench) opened(t *testing.T, in event.Event) payment.Row {
	t.Helper()
	v, err := events.As[events.OrderVerified](in)
	if err != nil {
		t.Fatal(err)
	}
	p := payment.Params{Amount: v.Amount, Currency: v.Currency, Customer: v.Customer, PaymentMethod: v.PaymentMethod}
	i, err := b.stripe.Create(t.Context(), v.OrderID, p)
	if err != nil {
		t.Fatal(err)
	}
	return b.put(t, payment.Open(v.OrderID, i.ID, p, b.clock.now()))
}

// captures is how often the provider took money for an order.
func (b *bench) captures(id order.ID) int {
	n := 0
	for _, i := range b.sandbox.Ledger().Order(string(id)).Intents {
		n += i.Captures
	}
	return n
}

func (b *bench) intents(id order.ID) []stripesandbox.IntentLine {
	return b.sandbox.Ledger().Order(string(id)).Intents
}

// cancelOrder moves an order out of RECORDED.
func (b *bench) cancelOrder(t failer, id order.ID) {
	t.Helper()
	o, err := b.tables.Orders.Get(ctx(t), id)
	if err != nil {
		t.Fatalf("cancel order: %v", err)
	}
	d, err := order.Apply(o, order.Fact{Kind: order.CancelRequested, Cause: "c1", Reason: order.RequestedByShop, Asker: order.AskedByShop}, b.clock.now())
	if err != nil {
		t.Fatalf("cancel order: %v", err)
	}
	if err := b.tables.Orders.Apply(ctx(t), o, d); err != nil {
		t.Fatalf("cancel order: %v", err)
	}
}

func wantProcessed(t *testing.T, out []event.Event, row payment.Row) {
	t.Helper()
	want := events.PaymentProcessed{
		OrderID: row.OrderID, PaymentID: row.IntentID, Amount: row.Params.Amount, Currency: row.Params.Currency, ProcessedAt: row.CapturedAt,
	}
	wantEvent(t, out, want, row.CapturedAt)
}

func wantFailed(t *testing.T, out []event.Event, row payment.Row, reason order.Reason) {
	t.Helper()
	wantEvent(t, out, events.PaymentFailed{OrderID: row.OrderID, PaymentID: row.IntentID, Reason: reason}, row.At)
}

func wantEvent(t *testing.T, out []event.Event, want events.Data, at time.Time) {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%d events, want one", len(out))
	}
	got, err := events.DataOf(out[0])
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !out[0].Time().Equal(at) || at.IsZero() {
		t.Errorf("time %v, want the row's %v", out[0].Time(), at)
	}
}

func wantStatus(t *testing.T, row payment.Row, want order.PaymentStatus) {
	t.Helper()
	if row.Status != want {
		t.Fatalf("row is %q, want %s", row.Status, want)
	}
}
