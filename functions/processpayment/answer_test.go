package processpayment_test

import (
	"testing"
	"testing/synctest"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// The faults of the sandbox that take effect all the same, and those that don't.
var (
	withEffect    = []stripesandbox.FaultKind{stripesandbox.Hang, stripesandbox.FailAfter}
	withoutEffect = []stripesandbox.FaultKind{
		stripesandbox.FailBefore, stripesandbox.Unavailable, stripesandbox.RateLimited,
		stripesandbox.LockTimeout, stripesandbox.KeyInUse, stripesandbox.Down,
	}
)

// each runs a promise under each fault of one operation, in a bubble whose timeouts take no time.
func each(t *testing.T, kinds []stripesandbox.FaultKind, op stripesandbox.Operation, run func(t *testing.T, f stripesandbox.Fault)) {
	t.Helper()
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { run(t, stripesandbox.Fault{Kind: kind, Operation: op, Calls: 1}) })
		})
	}
}

// Case: a decline was retried (woocommerce#4758, pay-connector#4550, artsy/exchange#448).
func TestDeclineIsOneAttemptAndAnEvent(t *testing.T) {
	for method, want := range map[string]order.Reason{
		"pm_card_chargeDeclined":                  order.CardDeclined,
		"pm_card_chargeDeclinedInsufficientFunds": order.InsufficientFunds,
		"pm_card_chargeDeclinedExpiredCard":       order.ExpiredCard,
		"pm_card_authenticationRequired":          order.AuthenticationRequired,
	} {
		t.Run(method, func(t *testing.T) {
			b, in := ready(t, method)
			h := b.watch()
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, order.PaymentDeclined)
			wantFailed(t, out, row, want)
			for range 4 {
				wantFailed(t, b.deliver(t, in), row, want)
			}
			if h.count("confirm") != 1 || b.intents("o1")[0].Status != stripesandbox.Canceled {
				t.Errorf("%d confirmations, intents %+v", h.count("confirm"), b.intents("o1"))
			}
		})
	}
}

func TestIntentIsCancelledBeforeTheRowSaysDeclined(t *testing.T) {
	b, in := ready(t, "pm_card_chargeDeclined")
	b.hook(func(call string) error {
		if call == "put" && b.row(t, "o1").Exists() && b.intents("o1")[0].Status != stripesandbox.Canceled {
			t.Error("the row was about to be DECLINED over an intent that could still be charged")
		}
		return nil
	})
	b.deliver(t, in)
	wantStatus(t, b.row(t, "o1"), order.PaymentDeclined)
}

// Case: an amount below the minimum stayed due for ever (epcon#1259, openfoodnetwork#5803).
func TestOrderThatTheProviderCannotTakeIsDeclined(t *testing.T) {
	for name, c := range map[string]struct {
		o      order.Order
		method string
		want   order.Reason
	}{
		"under the minimum":       {order.Order{Amount: 49, Currency: "EUR"}, "pm_card_visa", order.AmountTooSmall},
		"under another's minimum": {order.Order{Amount: 5, Currency: "JPY"}, "pm_card_visa", order.AmountTooSmall},
		"last of three decimals":  {order.Order{Amount: 35205, Currency: "BHD"}, "pm_card_visa", payment.AmountIndivisible},
		"currency not taken":      {order.Order{Amount: 35205, Currency: "IRR"}, "pm_card_visa", order.CurrencyNotSupported},
		"payment method gone":     {order.Order{Amount: 1999, Currency: "EUR"}, "pm_gone", payment.PaymentMethodMissing},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			in := verified(t, b.place(t, "o1", c.o.Amount, c.o.Currency), c.method)
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, order.PaymentDeclined)
			wantFailed(t, out, row, c.want)
			wantFailed(t, b.deliver(t, in), row, c.want)
			if row.IntentID != "" || len(b.intents("o1")) != 0 {
				t.Errorf("row %+v, intents %+v", row, b.intents("o1"))
			}
		})
	}
}

func TestConfirmationThatTookEffectUnansweredIsFoundAtOnce(t *testing.T) {
	each(t, withEffect, stripesandbox.Confirm, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_visa")
		b.fault(t, f)
		h := b.watch()
		out := b.deliver(t, in)
		wantProcessed(t, out, b.row(t, "o1"))
		if h.count("confirm") != 1 || h.count("retrieve") != 1 || b.captures("o1") != 1 {
			t.Errorf("calls %v, %d captures", h.calls, b.captures("o1"))
		}
	})
}

func TestDeclineThatWasNotAnsweredIsFoundAtOnce(t *testing.T) {
	each(t, withEffect, stripesandbox.Confirm, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_chargeDeclinedExpiredCard")
		b.fault(t, f)
		out := b.deliver(t, in)
		row := b.row(t, "o1")
		wantStatus(t, row, order.PaymentDeclined)
		wantFailed(t, out, row, order.ExpiredCard)
	})
}

// Case: "in progress" was taken for a decline (stripe-ruby#431, stripity-stripe#564, stripe-terminal-android#470).
func TestConfirmationWithoutEffectComesAgainAndIsNeverAFailure(t *testing.T) {
	each(t, withoutEffect, stripesandbox.Confirm, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_visa")
		b.fault(t, f)
		b.refuses(t, in, outcome.KindTransient, payment.CodeUnconfirmed)
		wantStatus(t, b.row(t, "o1"), order.PaymentOpen)
		wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
		if b.captures("o1") != 1 || len(b.intents("o1")) != 1 {
			t.Errorf("intents %+v", b.intents("o1"))
		}
	})
}

func TestConfirmationThatNobodyCanTellOfComesAgain(t *testing.T) {
	each(t, append(withoutEffect, withEffect...), stripesandbox.Retrieve, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_visa")
		b.fault(t, stripesandbox.Fault{Kind: stripesandbox.FailAfter, Operation: stripesandbox.Confirm, Calls: 1})
		if f.Kind == stripesandbox.Down {
			f.Calls = 0 // one call by Down may take two, see Fault
		}
		b.fault(t, f)
		b.refuses(t, in, outcome.KindTransient, payment.CodeUnclear)
		wantStatus(t, b.row(t, "o1"), order.PaymentOpen)
		b.sandbox.ClearFaults()
		wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
		if b.captures("o1") != 1 {
			t.Errorf("%d captures", b.captures("o1"))
		}
	})
}

func TestCreationThatNobodyCanTellOfComesAgain(t *testing.T) {
	each(t, append(withoutEffect, withEffect...), stripesandbox.CreateIntent, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_visa")
		b.fault(t, f)
		b.refuses(t, in, outcome.KindTransient, payment.CodeUnclear)
		if b.row(t, "o1").Exists() {
			t.Error("a row without an intent")
		}
		b.sandbox.ClearFaults()
		wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
		if b.captures("o1") != 1 {
			t.Errorf("%d captures", b.captures("o1"))
		}
	})
}

func TestCancellationThatNobodyCanTellOfComesAgainAndKeepsTheReason(t *testing.T) {
	each(t, append(withoutEffect, withEffect...), stripesandbox.Cancel, func(t *testing.T, f stripesandbox.Fault) {
		b, in := ready(t, "pm_card_chargeDeclinedExpiredCard")
		b.fault(t, f)
		b.refuses(t, in, outcome.KindTransient, payment.CodeUnclear)
		wantStatus(t, b.row(t, "o1"), order.PaymentOpen)
		b.sandbox.ClearFaults()
		out := b.deliver(t, in)
		row := b.row(t, "o1")
		// With the effect of the first cancellation the intent is found cancelled, which is VOIDED.
		if row.Status != order.PaymentDeclined && row.Status != order.PaymentVoided {
			t.Errorf("row is %s", row.Status)
		}
		wantFailed(t, out, row, order.ExpiredCard)
		if got := b.intents("o1"); len(got) != 1 || got[0].Status != stripesandbox.Canceled {
			t.Errorf("intents %+v", got)
		}
	})
}

func TestDeclineThatAConfirmationOvertookIsNoDecline(t *testing.T) {
	for method, want := range map[string]order.PaymentStatus{
		"pm_card_visa":             order.PaymentSucceeded,
		"pm_usBankAccount_success": order.PaymentPending,
	} {
		t.Run(method, func(t *testing.T) {
			b, in := ready(t, "pm_card_chargeDeclined")
			b.hook(once("cancel", func() {
				p := stripesandbox.ConfirmParams{PaymentMethod: method, OffSession: true}
				if _, err := b.sandbox.Ledger().Confirm(b.intents("o1")[0].ID, p); err != nil {
					t.Error(err)
				}
			}))
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, want)
			wantStated(t, out, row)
		})
	}
}

func TestConfirmationThatSomebodyOvertookGoesByTheIntent(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*stripesandbox.Ledger, string) (stripesandbox.Intent, error)
		want      order.PaymentStatus
	}{
		"by confirming it": {
			func(l *stripesandbox.Ledger, id string) (stripesandbox.Intent, error) {
				return l.Confirm(id, stripesandbox.ConfirmParams{OffSession: true})
			}, order.PaymentSucceeded,
		},
		"by cancelling it": {
			func(l *stripesandbox.Ledger, id string) (stripesandbox.Intent, error) { return l.Cancel(id, "") }, order.PaymentVoided,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, in := ready(t, "pm_card_visa")
			h := b.hook(once("confirm", func() {
				if _, err := c.meanwhile(b.sandbox.Ledger(), b.intents("o1")[0].ID); err != nil {
					t.Error(err)
				}
			}))
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, c.want)
			wantStated(t, out, row)
			if h.count("confirm") != 1 || b.captures("o1") > 1 {
				t.Errorf("calls %v, %d captures", h.calls, b.captures("o1"))
			}
		})
	}
}
