package processpayment_test

import (
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"

	"github.com/orderflow/orderflow/functions/processpayment"
)

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

// Case: an idempotency key came with another body and was retried (stripe-ruby#503, fjordllc/bootcamp#4268).
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
