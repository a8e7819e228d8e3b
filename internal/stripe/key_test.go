package stripe_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// Case: a key was made of something that changes (tempoxyz/pympp#155).
func TestSameOrderAndParametersGiveTheSameIntent(t *testing.T) {
	a := open()
	first := a.create(t, "pm_card_visa")
	a.clock.advance(23 * time.Hour)
	if again := a.create(t, "pm_card_visa"); again.ID != first.ID {
		t.Errorf("second intent %s, want %s", again.ID, first.ID)
	}
	if a.all[0].body != a.all[1].body {
		t.Error("the second request has other bytes")
	}
}

func TestEveryParameterIsInTheCreateKey(t *testing.T) {
	a := open()
	calls := []struct {
		id order.ID
		p  payment.Params
	}{
		{"o1", euros("pm_card_visa")},
		{"o2", euros("pm_card_visa")},
		{"o1", euros("pm_card_amex")},
		{"o1", payment.Params{Amount: 2000, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_card_visa"}},
		{"o1", payment.Params{Amount: 1999, Currency: "USD", Customer: "cus_1", PaymentMethod: "pm_card_visa"}},
		{"o1", payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_2", PaymentMethod: "pm_card_visa"}},
		{order.ID(strings.Repeat("o", order.MaxIDLength)), euros("pm_card_visa")},
	}
	for _, c := range calls {
		if _, err := a.client.Create(t.Context(), c.id, c.p); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	keys := slices.Compact(slices.Sorted(slices.Values(a.keys())))
	if len(keys) != len(calls) {
		t.Errorf("%d keys for %d calls", len(keys), len(calls))
	}
}

func TestStoredErrorDoesNotHoldUpTheCreationForADay(t *testing.T) {
	for _, kind := range []stripesandbox.FaultKind{stripesandbox.FailBefore, stripesandbox.FailAfter} {
		t.Run(string(kind), func(t *testing.T) {
			a := open()
			a.fault(t, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.CreateIntent, Calls: 3}) // a replay uses one up, too
			create := func() (payment.Intent, error) { return a.client.Create(t.Context(), "o1", euros("pm_card_visa")) }
			for range 3 { // a fresh 500; its replay and a fresh one; two replays
				if _, err := create(); !errors.Is(err, payment.ErrUnclear) {
					t.Fatalf("error %v, want ErrUnclear", err)
				}
			}
			a.clock.advance(10 * time.Second)
			first, err := create()
			if err != nil || first.Status != payment.RequiresConfirmation {
				t.Fatalf("with the provider back: %+v, %v", first, err)
			}
			if again, err := create(); err != nil || again.ID != first.ID {
				t.Errorf("at the same time: %s, %v, want %s", again.ID, err, first.ID)
			}
		})
	}
}

func TestStoredErrorDoesNotHoldUpConfirmAndCancel(t *testing.T) {
	for _, kind := range []stripesandbox.FaultKind{stripesandbox.FailBefore, stripesandbox.FailAfter} {
		a := open()
		a.fault(t, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.Confirm, Calls: 1})
		a.fault(t, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.Cancel, Calls: 1})
		i := a.create(t, "pm_card_chargeDeclined")
		_, confirmErr := a.client.Confirm(t.Context(), i.ID)
		_, cancelErr := a.client.Cancel(t.Context(), i.ID)
		if !errors.Is(confirmErr, payment.ErrUnclear) || !errors.Is(cancelErr, payment.ErrUnclear) {
			t.Fatalf("%s: %v, %v, want both unclear", kind, confirmErr, cancelErr)
		}
		// The second time each is really asked again: declined without, refused by state with the first one's effect.
		_, confirmErr = a.client.Confirm(t.Context(), i.ID)
		if errors.Is(confirmErr, payment.ErrUnclear) || confirmErr == nil {
			t.Errorf("%s: second confirmation: %v", kind, confirmErr)
		}
		if _, err := a.client.Cancel(t.Context(), i.ID); errors.Is(err, payment.ErrUnclear) {
			t.Errorf("%s: second cancellation: %v", kind, err)
		}
	}
}

// Case: the same key with another body (stripe-ruby#503).
func TestKeyWithOtherParametersIsSaidToBeReused(t *testing.T) {
	a := open()
	a.create(t, "pm_card_visa")
	// Somebody else's request under our key: what a change to the parameters that forgot the key would be.
	a.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader(a.all[0].body + "&description=other"))
		a.sandbox.ServeHTTP(w, r)
	})
	if _, err := a.client.Create(t.Context(), "o1", euros("pm_card_visa")); !errors.Is(err, payment.ErrKeyReused) {
		t.Errorf("error %v, want ErrKeyReused", err)
	}
}
