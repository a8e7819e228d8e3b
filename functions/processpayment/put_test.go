package processpayment_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestPutLostToAnOpenRowGoesOnWithThatRow(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	var winner payment.Row
	h := b.hook(once("put", func() {
		p := payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_card_amex"}
		i, err := b.stripe.Create(t.Context(), "o1", p)
		if err != nil {
			t.Error(err)
		}
		winner = b.put(t, payment.Open("o1", i.ID, p, b.clock.now()))
	}))
	out := b.deliver(t, in)
	row := b.row(t, "o1")
	wantStatus(t, row, order.PaymentSucceeded)
	wantProcessed(t, out, row)
	if row.IntentID != winner.IntentID || row.Params != winner.Params || b.captures("o1") != 1 {
		t.Errorf("row %+v, want to go on with %+v, %d captures", row, winner, b.captures("o1"))
	}
	if want := []string{"load", "create", "put", "load", "cancel", "retrieve", "confirm", "put"}; !slices.Equal(h.calls, want) {
		t.Errorf("calls %v, want %v", h.calls, want)
	}
}

func TestPutLostToAVoidedRowCancelsTheFreshIntent(t *testing.T) {
	for _, cancelFails := range []bool{false, true} {
		b, in := ready(t, "pm_card_visa")
		void := once("put", func() { b.put(t, payment.Void("o1", order.PaymentCancelled, b.clock.now())) })
		b.hook(func(call string) error {
			if call == "cancel" && cancelFails {
				return payment.ErrUnclear
			}
			return void(call)
		})
		out := b.deliver(t, in)
		row := b.row(t, "o1")
		wantStatus(t, row, order.PaymentVoided)
		wantFailed(t, out, row, order.PaymentCancelled)
		if got := b.intents("o1"); len(got) != 1 || (got[0].Status == stripesandbox.Canceled) == cancelFails || got[0].Captures != 0 {
			t.Errorf("intents %+v", got)
		}
	}
}

func TestPutThatAlwaysLosesComesAgain(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.hook(func(call string) error {
		if call == "put" {
			return fmt.Errorf("put: %w", payment.ErrConflict)
		}
		return nil
	})
	b.refuses(t, in, outcome.KindTransient, "payment_contended")
}

func TestPutWithoutAnswerComesAgainAndChargesOnce(t *testing.T) {
	for _, n := range []int{1, 2} { // the n-th put takes effect and is not answered
		b, in := ready(t, "pm_card_visa")
		b.watch().losePut(n)
		if _, err := b.stage.Handle(t.Context(), in); !errors.Is(err, errLost) {
			t.Fatalf("error %v, want the lost answer", err)
		}
		out := b.deliver(t, in)
		wantProcessed(t, out, b.row(t, "o1"))
		if b.captures("o1") != 1 || len(b.intents("o1")) != 1 {
			t.Errorf("put %d lost: intents %+v", n, b.intents("o1"))
		}
	}
}

func TestTableThatCannotBeReadFailsTheBatch(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.hook(func(call string) error {
		if call == "load" {
			return errLost
		}
		return nil
	})
	if _, err := b.stage.Prepare(t.Context(), []event.Event{in}); !errors.Is(err, errLost) {
		t.Errorf("error %v, want the table's", err)
	}
}
