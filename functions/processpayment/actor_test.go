package processpayment_test

import (
	"context"
	"errors"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/functions/resolvepayment"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
)

// failer is what *testing.T and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

func ctx(t failer) context.Context { return t.Context() }

// fate is what becomes of one call of a port.
type fate string

const (
	well       fate = "well"
	lostBefore fate = "lost before" // no effect, no answer
	lostAfter  fate = "lost after"  // takes effect, no answer
	dies       fate = "dies after"  // takes effect, and the caller never learns anything again
	diesBefore fate = "dies before" // no effect, and the caller never learns anything again
)

var errLost = errors.New("connection reset")

// actor is something that calls ports, and stops before each call until it is told to go on.
type actor struct {
	turn   chan fate
	parked chan bool // false: before a call; true: at its end
	dead   bool

	out []event.Event
	err error
}

func newActor() *actor { return &actor{turn: make(chan fate), parked: make(chan bool)} }

// start runs do until its first call.
func (a *actor) start(do func() ([]event.Event, error)) {
	go func() {
		a.out, a.err = do()
		a.parked <- true
	}()
}

// call makes one call of a port when its turn has come. Lost answers of the provider are unclear, as the adapter says.
func call[T any](a *actor, lost error, do func() (T, error)) (T, error) {
	var none T
	if a.dead {
		return none, lost
	}
	a.parked <- false
	f := <-a.turn
	a.dead = f == dies || f == diesBefore
	if f == lostBefore || f == diesBefore {
		return none, lost
	}
	v, err := do()
	if f == lostAfter || f == dies {
		return none, lost
	}
	return v, err
}

// ports are a bench's ports as an actor calls them.
type ports struct {
	*bench
	*actor
}

type read struct {
	rows   map[order.ID]payment.Row
	orders map[order.ID]order.Order
}

func (p ports) GetWithOrders(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, map[order.ID]order.Order, error) {
	r, err := call(p.actor, errLost, func() (read, error) {
		rows, orders, err := p.tables.Payments.GetWithOrders(ctx, ids)
		return read{rows, orders}, err
	})
	return r.rows, r.orders, err
}

func (p ports) Put(ctx context.Context, row payment.Row) error {
	_, err := call(p.actor, errLost, func() (struct{}, error) { return struct{}{}, p.tables.Payments.Put(ctx, row) })
	return err
}

func (p ports) provider(do func() (payment.Intent, error)) (payment.Intent, error) {
	return call(p.actor, payment.ErrUnclear, do)
}

func (p ports) Create(ctx context.Context, id order.ID, params payment.Params) (payment.Intent, error) {
	return p.provider(func() (payment.Intent, error) { return p.stripe.Create(ctx, id, params) })
}

func (p ports) Retrieve(ctx context.Context, id string) (payment.Intent, error) {
	return p.provider(func() (payment.Intent, error) { return p.stripe.Retrieve(ctx, id) })
}

func (p ports) Confirm(ctx context.Context, id string) (payment.Intent, error) {
	return p.provider(func() (payment.Intent, error) { return p.stripe.Confirm(ctx, id) })
}

func (p ports) Cancel(ctx context.Context, id string) (payment.Intent, error) {
	return p.provider(func() (payment.Intent, error) { return p.stripe.Cancel(ctx, id) })
}

// delivery starts a delivery of in.
func (b *bench) delivery(t failer, in event.Event) *actor {
	p := ports{b, newActor()}
	stage := processpayment.New(p, p, p, b.clock.now)
	p.start(func() ([]event.Event, error) { return stage.Handle(ctx(t), in) })
	return p.actor
}

// resolve starts a cancellation: the order becomes CANCELLING, and the saga's first step sees to it that nobody can charge it, or learns
// that somebody has.
func (b *bench) resolve(t failer, id order.ID) *actor {
	p := ports{b, newActor()}
	step := resolvepayment.Step{
		Orders: sagaOrders{p}, Payments: sagaRows{p}, Settler: settle.Settler{Rows: p, Intents: p, Now: b.clock.now},
	}
	p.start(func() ([]event.Event, error) {
		if err := p.becomeCancelling(ctx(t), id); err != nil {
			return nil, err
		}
		_, out, err := step.Do(ctx(t), saga.Task{OrderID: id, Version: 2})
		return out, err
	})
	return p.actor
}

func (p ports) becomeCancelling(ctx context.Context, id order.ID) error {
	_, err := call(p.actor, errLost, func() (struct{}, error) {
		o, err := p.tables.Orders.Get(ctx, id)
		if err != nil || o.Status != order.Recorded {
			return struct{}{}, err
		}
		c := order.Change{Version: 2, Status: order.Cancelling, Reason: order.RequestedByCustomer, At: o.RecordedAt, Cause: "asked"}
		return struct{}{}, p.tables.Orders.Apply(ctx, o, order.Decision{Change: c})
	})
	return err
}

// sagaOrders and sagaRows are the tables as the saga reads them.
type (
	sagaOrders struct{ ports }
	sagaRows   struct{ ports }
)

func (s sagaOrders) Get(ctx context.Context, id order.ID) (order.Order, error) {
	return call(s.actor, errLost, func() (order.Order, error) { return s.tables.Orders.Get(ctx, id) })
}

func (s sagaRows) Get(ctx context.Context, id order.ID) (payment.Row, error) {
	return call(s.actor, errLost, func() (payment.Row, error) { return s.tables.Payments.Get(ctx, id) })
}

// interleave runs actors call by call, in the order and with the fates that next picks among those that are not at their end.
func interleave(all []*actor, next func(running int) (int, fate)) {
	var running []*actor
	for _, a := range all {
		if !<-a.parked {
			running = append(running, a)
		}
	}
	for len(running) > 0 {
		i, f := next(len(running))
		running[i].turn <- f
		if <-running[i].parked {
			running = append(running[:i:i], running[i+1:]...)
		}
	}
}

// quiet delivers in, now that nothing goes wrong any more, and checks that everything agrees: the row with the provider's
// ledger, and all that was ever stated.
func (b *bench) quiet(t failer, in event.Event, actors ...*actor) {
	t.Helper()
	id := order.ID(in.Subject())
	stated, err := b.stage.Handle(ctx(t), in)
	if err == nil && len(stated) == 0 && b.sandbox.Ledger().Settle(string(id)) == 1 {
		stated, err = b.stage.Handle(ctx(t), in)
	}
	if err != nil || len(stated) != 1 {
		t.Fatalf("in the end %d events, %v", len(stated), err)
	}
	row, captures := b.row(t, id), b.captures(id)
	paid := events.Type(stated[0].Type()) == events.TypePaymentProcessed
	switch {
	case captures > 1:
		t.Fatalf("captured %d times", captures)
	case paid != (row.Status == order.PaymentSucceeded), paid != (captures == 1):
		t.Fatalf("stated %s, row %s, captured %d times", stated[0].Type(), row.Status, captures)
	}
	for _, i := range b.intents(id) {
		switch {
		case i.ID != row.IntentID && i.Captures > 0:
			t.Fatalf("an intent that the row does not name was captured")
		case i.ID == row.IntentID && (i.Status == "succeeded") != paid, i.ID == row.IntentID && (i.Status == "canceled") == paid:
			t.Fatalf("row is %s and its intent %s", row.Status, i.Status)
		}
	}
	for _, a := range actors {
		b.agrees(t, a, stated[0])
	}
}

// agrees checks that an actor stated what stands in the end, or nothing, and failed only in a way that lets the message come again.
func (b *bench) agrees(t failer, a *actor, stated event.Event) {
	t.Helper()
	for _, e := range a.out {
		if diff := cmp.Diff(stated.String(), e.String()); diff != "" {
			t.Fatalf("another delivery stated otherwise: %s", diff)
		}
	}
	if kind, code := outcome.Of(a.err); kind == outcome.KindPermanent {
		t.Fatalf("ended for good with %s", code)
	}
}
