package settle_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga/sagatest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// told reconciles an intent and returns the types of what there is to say.
func told(t *testing.T, s settle.Teller, intentID string) ([]events.Type, []event.Event) {
	t.Helper()
	out, err := s.Reconcile(t.Context(), intentID)
	if err != nil {
		t.Fatal(err)
	}
	var types []events.Type
	for _, e := range out {
		types = append(types, events.Type(e.Type()))
	}
	return types, out
}

func TestARowIsBroughtUpToDateAndAllItSaysIsTold(t *testing.T) {
	for _, c := range []struct {
		promise string
		happens func(t *testing.T, b *sagatest.Bench, row payment.Row)
		method  string
		row     order.PaymentStatus
		want    []events.Type
	}{
		{"an intent that nobody confirmed says nothing", func(*testing.T, *sagatest.Bench, payment.Row) {}, "pm_card_visa", order.PaymentOpen, nil},
		{
			"a charge", func(t *testing.T, b *sagatest.Bench, row payment.Row) { t.Helper(); b.Confirm(t, row) },
			"pm_card_visa", order.PaymentSucceeded,
			[]events.Type{events.TypePaymentProcessed},
		},
		{
			"a decline is final only once the intent is cancelled", func(t *testing.T, b *sagatest.Bench, row payment.Row) { t.Helper(); b.Confirm(t, row) },
			"pm_card_chargeDeclined", order.PaymentDeclined,
			[]events.Type{events.TypePaymentFailed},
		},
		{
			"what is processing", func(t *testing.T, b *sagatest.Bench, row payment.Row) { t.Helper(); b.Confirm(t, row) },
			"pm_usBankAccount_success", order.PaymentPending, nil,
		},
		{"what was processing", func(t *testing.T, b *sagatest.Bench, row payment.Row) {
			t.Helper()
			b.Confirm(t, row)
			b.Sandbox.Ledger().Settle("o1")
		}, "pm_usBankAccount_success", order.PaymentSucceeded, []events.Type{events.TypePaymentProcessed}},
		{"a refund in the dashboard", func(t *testing.T, b *sagatest.Bench, row payment.Row) {
			t.Helper()
			b.Confirm(t, row)
			if _, err := b.Sandbox.Ledger().RefundOrder("o1", 0); err != nil {
				t.Fatal(err)
			}
		}, "pm_card_visa", order.PaymentReturned, []events.Type{events.TypePaymentProcessed, events.TypePaymentRefunded}},
		{"a part of it", func(t *testing.T, b *sagatest.Bench, row payment.Row) {
			t.Helper()
			b.Confirm(t, row)
			if _, err := b.Sandbox.Ledger().RefundOrder("o1", 1); err != nil {
				t.Fatal(err)
			}
		}, "pm_card_visa", order.PaymentSucceeded, []events.Type{events.TypePaymentProcessed}},
		{
			"a dispute", func(t *testing.T, b *sagatest.Bench, row payment.Row) { t.Helper(); b.Confirm(t, row) },
			"pm_card_createDispute", order.PaymentSucceeded,
			[]events.Type{events.TypePaymentProcessed, events.TypePaymentDisputed},
		},
	} {
		t.Run(c.promise, func(t *testing.T) {
			b := sagatest.New(t)
			b.Recorded(t, "o1")
			row := b.Open(t, "o1", c.method)
			c.happens(t, b, row)
			types, first := told(t, b.Teller(), row.IntentID)
			if !slices.Equal(types, c.want) || b.Row(t, "o1").Status != c.row {
				t.Errorf("told %v with row %s, want %v with %s", types, b.Row(t, "o1").Status, c.want, c.row)
			}
			revision := b.Row(t, "o1").Revision
			_, again := told(t, b.Teller(), row.IntentID)
			if len(first) != len(again) || b.Row(t, "o1").Revision != revision {
				t.Fatalf("again: %d events at revision %d, want %d at %d", len(again), b.Row(t, "o1").Revision, len(first), revision)
			}
			for i := range first {
				if first[i].String() != again[i].String() {
					t.Errorf("again told otherwise:\n%s\n%s", first[i], again[i])
				}
			}
		})
	}
}

func TestWhatChangedTheOrderAlreadyIsNotToldAgain(t *testing.T) {
	b := sagatest.New(t)
	o := b.Recorded(t, "o1")
	row := b.Paid(t, "o1", "pm_card_visa")
	_, out := told(t, b.Teller(), row.IntentID)
	paid := order.Change{Version: 2, Status: order.Paid, At: b.Now(), Cause: out[0].ID()}
	if err := b.Tables.Orders.Apply(t.Context(), o, order.Decision{Change: paid}); err != nil {
		t.Fatal(err)
	}
	if types, _ := told(t, b.Teller(), row.IntentID); len(types) > 0 {
		t.Errorf("told %v, want nothing", types)
	}
	if _, err := b.Sandbox.Ledger().RefundOrder("o1", 0); err != nil {
		t.Fatal(err)
	}
	if types, _ := told(t, b.Teller(), row.IntentID); !slices.Equal(types, []events.Type{events.TypePaymentRefunded}) {
		t.Errorf("told %v, want the refund alone", types)
	}
}

func TestThereIsNothingToSayOfAnIntentThatNoRowNames(t *testing.T) {
	b := sagatest.New(t)
	params := payment.Params{Amount: sagatest.Amount, Currency: "EUR", PaymentMethod: "pm_card_visa"}
	stranded, err := b.Stripe.Create(t.Context(), "o1", params)
	if err != nil {
		t.Fatal(err)
	}
	if types, _ := told(t, b.Teller(), stranded.ID); len(types) > 0 || b.Row(t, "o1").Exists() {
		t.Errorf("no row: told %v", types)
	}
	b.Put(t, payment.Void("o1", order.NotPayable, b.Now()))
	if types, _ := told(t, b.Teller(), stranded.ID); len(types) > 0 {
		t.Errorf("another intent than the row's: told %v", types)
	}
}

func TestAnErrorOfTheProviderHasItsKindAndStoresNothing(t *testing.T) {
	b := sagatest.New(t)
	row := b.Open(t, "o1", "pm_card_visa")
	b.Confirm(t, row)
	for _, op := range []stripesandbox.Operation{stripesandbox.Retrieve, stripesandbox.ListRefunds, stripesandbox.ListDisputes} {
		b.Fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: op})
		_, err := b.Teller().Reconcile(t.Context(), row.IntentID)
		if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != payment.CodeUnclear {
			t.Errorf("%s: got %s %s, want transient %s", op, kind, code, payment.CodeUnclear)
		}
		b.Sandbox.ClearFaults()
	}
}

// busy are rows that somebody else is always a moment ahead of.
type busy struct{ *sagatest.Bench }

func (busy) Put(context.Context, payment.Row) error { return payment.ErrConflict }

func TestARowThatOthersChangeAgainAndAgainComesAgain(t *testing.T) {
	b := sagatest.New(t)
	row := b.Open(t, "o1", "pm_card_visa")
	b.Confirm(t, row)
	teller := b.Teller()
	teller.Rows = busy{b}
	_, err := teller.Reconcile(t.Context(), row.IntentID)
	if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != settle.CodeContended || !errors.Is(err, payment.ErrConflict) {
		t.Errorf("got %v, want transient %s", err, settle.CodeContended)
	}
}
