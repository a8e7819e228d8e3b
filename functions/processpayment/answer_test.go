package processpayment_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"

	"github.com/orderflow/orderflow/functions/processpayment"
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

func TestOutageOfAnHourEndsPaid(t *testing.T) {
	for _, kind := range withoutEffect {
		t.Run(string(kind), func(t *testing.T) {
			b, in := ready(t, "pm_card_visa")
			b.fault(t, stripesandbox.Fault{Kind: kind, Until: b.clock.now().Add(time.Hour)})
			for range 12 {
				b.refuses(t, in, outcome.KindTransient, payment.CodeUnclear)
				b.clock.advance(5 * time.Minute)
			}
			wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
			if b.captures("o1") != 1 {
				t.Errorf("%d captures", b.captures("o1"))
			}
		})
	}
}

func TestCreationsThatAnsweredFiveHundredDoNotWaitForADay(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.fault(t, stripesandbox.Fault{Kind: stripesandbox.FailAfter, Operation: stripesandbox.CreateIntent, Calls: 7})
	seconds := 0
	for ; ; seconds++ {
		if _, err := b.stage.Handle(t.Context(), in); err == nil {
			break
		}
		if seconds > 60 {
			t.Fatal("not paid within a minute of the provider's return")
		}
		b.clock.advance(time.Second)
	}
	wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
	if b.captures("o1") != 1 || len(b.intents("o1")) < 2 {
		t.Errorf("intents %+v, want stranded ones and one captured", b.intents("o1"))
	}
}

func TestKeyThatTheProviderRefusesComesAgain(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	bad := stripe.New(stripetest.Key("revoked"), stripe.Options{
		BaseURL: "http://stripe.test", Transport: stripetest.Transport{Handler: b.sandbox}, Now: b.clock.now,
	})
	good := b.stage
	b.stage = processpayment.New(b.tables.Payments, bad, bad, b.clock.now)
	b.refuses(t, in, outcome.KindTransient, payment.CodeAuth)
	b.stage = good
	wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
}

func TestErrorsThatNoRepetitionMendsAreParked(t *testing.T) {
	for err, want := range map[error]outcome.Code{
		payment.ErrKeyReused: payment.CodeKeyReused,
		payment.ErrRefused:   payment.CodeRefused,
	} {
		for _, at := range []string{"create", "confirm"} {
			b, in := ready(t, "pm_card_visa")
			b.hook(func(call string) error {
				if call == at {
					return err
				}
				return nil
			})
			b.refuses(t, in, outcome.KindPermanent, want)
		}
	}
}

func TestIntentThatIsNotTheRowsIsParked(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	row := b.opened(t, in)
	row.Params.Amount, row.Revision = 5, row.Revision+1
	b.put(t, row)
	b.refuses(t, in, outcome.KindPermanent, payment.CodeMismatch)
	if b.captures("o1") != 0 {
		t.Error("it was charged")
	}
}

func TestIntentThatTheProviderLostComesAgain(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.opened(t, in)
	b.sandbox.Ledger().Reset()
	b.refuses(t, in, outcome.KindTransient, payment.CodeNoIntent)
}
