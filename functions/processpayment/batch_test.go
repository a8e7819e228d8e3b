package processpayment_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
)

func prepare(t *testing.T, b *bench, in ...event.Event) stage.Handler {
	t.Helper()
	h, err := b.stage.Prepare(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestBatchIsReadInOneCall(t *testing.T) {
	b := newBench()
	var in []event.Event
	for i := range 10 {
		in = append(in, verified(t, b.place(t, order.ID(fmt.Sprint("o", i)), 1999, "EUR"), "pm_card_visa"))
	}
	h := b.watch()
	handler := prepare(t, b, in...)
	var all sync.WaitGroup
	for _, e := range in {
		all.Go(func() {
			if out, err := handler.Handle(t.Context(), e); err != nil || len(out) != 1 {
				t.Errorf("%d events, %v", len(out), err)
			}
		})
	}
	all.Wait()
	if h.count("load") != 1 {
		t.Errorf("%d reads, want 1", h.count("load"))
	}
}

func TestSecondRecordOfAnOrderReadsAgain(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	h := b.watch()
	handler := prepare(t, b, in, in)
	for range 2 {
		out, err := handler.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		wantProcessed(t, out, b.row(t, "o1"))
	}
	if h.count("load") != 2 || h.count("create") != 1 || b.captures("o1") != 1 {
		t.Errorf("calls %v", h.calls)
	}
}

func TestRowThatChangedAfterTheBatchWasReadIsNotOverwritten(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	handler := prepare(t, b, in)
	b.deliver(t, in)
	paid := b.row(t, "o1")
	out, err := handler.Handle(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	wantProcessed(t, out, paid)
	if !b.row(t, "o1").Equal(paid) || b.captures("o1") != 1 || len(b.intents("o1")) != 1 {
		t.Errorf("row %+v, intents %+v", b.row(t, "o1"), b.intents("o1"))
	}
}

// Case: the same event charged twice (trigger.dev#1151).
func TestFiveDeliveriesStateTheSameEvent(t *testing.T) {
	for _, method := range []string{"pm_card_visa", "pm_card_chargeDeclined"} {
		b, in := ready(t, method)
		first := b.deliver(t, in)
		for range 4 {
			if again := b.deliver(t, in); again[0].String() != first[0].String() {
				t.Errorf("got %v, want %v", again[0], first[0])
			}
		}
		if len(b.intents("o1")) != 1 {
			t.Errorf("intents %+v", b.intents("o1"))
		}
	}
}

// Case: the same event, two at once, charged twice (trigger.dev#1151).
func TestManyDeliveriesAtOnceChargeOnce(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			// One may meet another's creation in progress, and then comes again.
			out, err := b.stage.Handle(t.Context(), in)
			if kind, _ := outcome.Of(err); kind == outcome.KindPermanent || err == nil && len(out) != 1 {
				t.Errorf("%d events, %v", len(out), err)
			}
		})
	}
	all.Wait()
	b.quiet(t, in)
}
