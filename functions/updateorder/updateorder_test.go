package updateorder_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/updateorder"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is the tables and a clock that moves one second with every look.
type world struct {
	t      *testing.T
	tables memory.Tables
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, tables: memory.New(), now: noon}
	o := order.Order{ID: "order-1042", UserID: "user-7", Amount: 3933, Currency: "USD", PlacedBy: "shop", PayloadHash: "x"}
	if _, _, err := w.tables.Orders.Create(t.Context(), order.New(o, noon)); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) stage() updateorder.Stage {
	return updateorder.Stage{Orders: w.tables.Orders, Now: func() time.Time {
		w.now = w.now.Add(time.Second)
		return w.now
	}}
}

// deliver hands one batch to the stage and returns what it returned for each event.
func (w *world) deliver(batch ...event.Event) (out [][]event.Event, errs []error) {
	w.t.Helper()
	h, err := w.stage().Prepare(w.t.Context(), batch)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, in := range batch {
		o, err := h.Handle(w.t.Context(), in)
		out, errs = append(out, o), append(errs, err)
	}
	return out, errs
}

func (w *world) order() order.Order {
	w.t.Helper()
	o, err := w.tables.Orders.Get(w.t.Context(), "order-1042")
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *world) payment(s order.PaymentStatus) {
	w.t.Helper()
	row, err := w.tables.Payments.Get(w.t.Context(), "order-1042")
	if err != nil {
		w.t.Fatal(err)
	}
	next := payment.Row{OrderID: "order-1042", Status: s, Revision: row.Revision + 1, IntentID: "pi_1", At: noon}
	if err := w.tables.Payments.Put(w.t.Context(), next); err != nil {
		w.t.Fatal(err)
	}
}

func paid(t *testing.T) event.Event { return eventstest.Example[events.PaymentProcessed](t, "full") }

func failed(t *testing.T) event.Event { return eventstest.Example[events.PaymentFailed](t, "full") }

func refused(t *testing.T) event.Event { return eventstest.Example[events.OrderRejected](t, "full") }

func cancel(t *testing.T) event.Event {
	return eventstest.Example[events.OrderCancelRequested](t, "full")
}

func refunded(t *testing.T) event.Event { return eventstest.Example[events.PaymentRefunded](t, "full") }

func refundFailed(t *testing.T) event.Event {
	return eventstest.Example[events.PaymentRefundFailed](t, "full")
}

func want(t *testing.T, err error, kind outcome.Kind, code outcome.Code) {
	t.Helper()
	if k, c := outcome.Of(err); k != kind || c != code {
		t.Errorf("got %s %s (%v), want %s %s", k, c, err, kind, code)
	}
}

func TestPaymentMakesTheOrderPaidAndSaysSo(t *testing.T) {
	w := newWorld(t)
	out, errs := w.deliver(paid(t))
	if errs[0] != nil || len(out[0]) != 1 {
		t.Fatalf("got %v, %v; want one event", out[0], errs[0])
	}
	got, err := events.As[events.OrderUpdated](out[0][0])
	if err != nil {
		t.Fatal(err)
	}
	wantData := events.OrderUpdated{
		OrderID: "order-1042", UserID: "user-7", Status: order.Paid, PreviousStatus: order.Recorded,
		Version: 2, Amount: 3933, Currency: "USD",
	}
	if diff := cmp.Diff(wantData, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	change := w.order().History[1]
	if !out[0][0].Time().Equal(change.At) || change.Cause != paid(t).ID() || events.CausationID(out[0][0]) != change.Cause {
		t.Errorf("event at %s caused by %s, want what the history says: %+v", out[0][0].Time(), events.CausationID(out[0][0]), change)
	}
}

// Case: the same event changed the order twice (trigger.dev#1151, sample-citadel#103).
func TestReplayReturnsTheSameEvent(t *testing.T) {
	for name, arrive := range map[string]func(*testing.T) event.Event{
		"paid": paid, "failed": failed, "rejected": refused, "cancelled": cancel,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			first, _ := w.deliver(arrive(t))
			before := w.order()
			// Delivered again at once, in a batch twice over, and after the order moved on.
			again, errs := w.deliver(arrive(t), arrive(t))
			w.deliver(cancel(t))
			later, laterErrs := w.deliver(arrive(t))
			for _, out := range [][]event.Event{again[0], again[1], later[0]} {
				if diff := cmp.Diff(encode(t, first[0]), encode(t, out)); diff != "" {
					t.Errorf("(-first +again)\n%s%v %v", diff, errs, laterErrs)
				}
			}
			if diff := cmp.Diff(before.History, w.order().History[:2]); diff != "" {
				t.Errorf("history changed (-before +after)\n%s", diff)
			}
		})
	}
}

func encode(t *testing.T, out []event.Event) string {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("got %d events, want 1", len(out))
	}
	raw, err := events.Encode(out[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestStaleFactsChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.deliver(paid(t))
	before := w.order()
	_, errs := w.deliver(failed(t))
	want(t, errs[0], outcome.KindStale, updateorder.CodeStale)
	if diff := cmp.Diff(before, w.order()); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
}

func TestARefundBeforeThePaymentComesAgain(t *testing.T) {
	w := newWorld(t)
	_, errs := w.deliver(refunded(t))
	want(t, errs[0], outcome.KindTransient, updateorder.CodeTooEarly)
}

func TestMoneyOfAnotherOrderIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	other := eventstest.Example(t, "full", func(d *events.PaymentProcessed) { d.Amount++ })
	_, errs := w.deliver(other)
	want(t, errs[0], outcome.KindPermanent, updateorder.CodeForbidden)
}

func TestAnOrderThatIsNotThereIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	other := eventstest.Example(t, "full", func(d *events.PaymentProcessed) { d.OrderID = "order-1" })
	_, errs := w.deliver(other)
	want(t, errs[0], outcome.KindPermanent, updateorder.CodeNoSuchOrder)
}

func TestATypeItDoesNotSubscribeToIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	_, errs := w.deliver(eventstest.Example[events.OrderVerified](t, "full"))
	want(t, errs[0], outcome.KindPermanent, outcome.CodeInvalidEvent)
}

func TestARefundCountsOnlyWhileThePaymentsRowSaysSo(t *testing.T) {
	w := newWorld(t)
	w.payment(order.PaymentSucceeded)
	w.deliver(paid(t))
	_, errs := w.deliver(refunded(t))
	want(t, errs[0], outcome.KindStale, updateorder.CodeStale)

	w.payment(order.PaymentReturned)
	_, errs = w.deliver(refunded(t))
	if o := w.order(); errs[0] != nil || o.Status != order.Refunded || o.Reason != order.RefundedAtProvider {
		t.Fatalf("got %s %s, %v; want REFUNDED refunded_at_provider", o.Status, o.Reason, errs[0])
	}

	_, errs = w.deliver(refundFailed(t))
	want(t, errs[0], outcome.KindStale, updateorder.CodeStale)
	w.payment(order.PaymentSucceeded)
	_, errs = w.deliver(refundFailed(t))
	if o := w.order(); errs[0] != nil || o.Status != order.NeedsAttention {
		t.Fatalf("got %s, %v; want NEEDS_ATTENTION", o.Status, errs[0])
	}
}

// TestAnyOrderOfArrivalEndsTheSame delivers the happy path's facts and their repeats in every order.
//
// Case: a late event overwrote a newer state (cumulus#2160, incacook-app#21, mostro#692).
func TestAnyOrderOfArrivalEndsTheSame(t *testing.T) {
	arrivals := []func(*testing.T) event.Event{paid, paid, cancel, failed}
	for _, p := range permutations(len(arrivals)) {
		w := newWorld(t)
		for _, i := range p {
			w.deliver(arrivals[i](t))
		}
		o := w.order()
		if o.Status != order.Cancelling {
			t.Errorf("%v: got %s, want CANCELLING", p, o.Status)
		}
		for i, c := range o.History {
			if c.Version != int64(i+1) {
				t.Errorf("%v: got versions %+v, want them without gaps", p, o.History)
			}
		}
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			all = append(all, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return all
}

// rival is a table in which somebody else changes the order before each write of ours.
type rival struct {
	*memory.Orders
	times int
}

func (r *rival) Apply(ctx context.Context, before order.Order, d order.Decision) error {
	if r.times > 0 {
		r.times--
		current, err := r.Get(ctx, before.ID)
		if err != nil {
			return err
		}
		theirs := order.Change{Version: current.Version + 1, Status: current.Status, At: noon, Cause: fmt.Sprintf("theirs-%d", current.Version)}
		if err := r.Orders.Apply(ctx, current, order.Decision{Change: theirs}); err != nil {
			return err
		}
	}
	return r.Orders.Apply(ctx, before, d)
}

func TestALostRaceIsDecidedAnew(t *testing.T) {
	w := newWorld(t)
	s := w.stage()
	s.Orders = &rival{w.tables.Orders, 2}
	h, err := s.Prepare(t.Context(), []event.Event{paid(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Handle(t.Context(), paid(t)); err != nil {
		t.Fatal(err)
	}
	if o := w.order(); o.Status != order.Paid || o.Version != 4 {
		t.Errorf("got %s at version %d, want PAID at 4", o.Status, o.Version)
	}
}

func TestARaceLostAgainAndAgainComesAgain(t *testing.T) {
	w := newWorld(t)
	s := w.stage()
	s.Orders = &rival{w.tables.Orders, 100}
	h, err := s.Prepare(t.Context(), []event.Event{paid(t)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Handle(t.Context(), paid(t))
	want(t, err, outcome.KindTransient, updateorder.CodeContended)
}

// unwritable is a table whose writes take effect and whose answers are lost.
type unwritable struct{ *memory.Orders }

var errTimeout = errors.New("timeout")

func (u unwritable) Apply(ctx context.Context, before order.Order, d order.Decision) error {
	if err := u.Orders.Apply(ctx, before, d); err != nil {
		return err
	}
	return errTimeout
}

// Case: an own earlier write was taken for an error (aws-sdk-java#2667).
func TestALostAnswerComesAgainAndStatesTheSameChange(t *testing.T) {
	w := newWorld(t)
	s := w.stage()
	s.Orders = unwritable{w.tables.Orders}
	h, err := s.Prepare(t.Context(), []event.Event{paid(t)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Handle(t.Context(), paid(t))
	want(t, err, outcome.KindTransient, outcome.CodeUnknown)

	at := w.order().History[1].At
	out, errs := w.deliver(paid(t))
	if errs[0] != nil || !out[0][0].Time().Equal(at) || w.order().Version != 2 {
		t.Errorf("got %v, %v at version %d; want the change of %s stated at version 2", out[0], errs[0], w.order().Version, at)
	}
}
