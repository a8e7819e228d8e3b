package stripe_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestIntentIsMadeUnconfirmedAndThenCapturesOnce(t *testing.T) {
	a := open()
	made := a.create(t, "pm_card_visa")
	want := payment.Intent{ID: made.ID, OrderID: "o1", Status: payment.RequiresConfirmation, Amount: 1999, Currency: "EUR"}
	if diff := cmp.Diff(want, made); diff != "" || made.ID == "" {
		t.Errorf("made: %s", diff)
	}
	confirmed, err := a.client.Confirm(t.Context(), made.ID)
	if err != nil || confirmed.Status != payment.Succeeded {
		t.Fatalf("confirmed: %v, %v", confirmed, err)
	}
	if _, err := a.client.Confirm(t.Context(), made.ID); !errors.Is(err, payment.ErrState) {
		t.Errorf("second confirmation: %v, want ErrState", err)
	}
	if _, err := a.client.Cancel(t.Context(), made.ID); !errors.Is(err, payment.ErrState) {
		t.Errorf("cancellation: %v, want ErrState", err)
	}
	shown, err := a.client.Retrieve(t.Context(), made.ID)
	if diff := cmp.Diff(confirmed, shown); diff != "" || err != nil {
		t.Errorf("retrieved: %v, %s", err, diff)
	}
	if got := a.sandbox.Ledger().Order("o1").Captured; len(got) != 1 || got[0].Captures != 1 || got[0].Minor != 1999 {
		t.Errorf("captured %+v", got)
	}
}

func TestRequestsSayWhatTheyMust(t *testing.T) {
	a := open()
	i := a.create(t, "pm_card_visa")
	if _, err := a.client.Confirm(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	_, _ = a.client.Cancel(t.Context(), i.ID) // only its request matters
	want := []string{
		"POST /v1/payment_intents amount=1999&automatic_payment_methods[allow_redirects]=never&automatic_payment_methods[enabled]=true" +
			"&currency=eur&customer=cus_1&metadata[order_id]=o1&payment_method=pm_card_visa",
		"POST /v1/payment_intents/" + i.ID + "/confirm off_session=true",
		"POST /v1/payment_intents/" + i.ID + "/cancel cancellation_reason=abandoned",
	}
	var got []string
	for _, s := range a.all {
		form, err := url.ParseQuery(s.body)
		if err != nil {
			t.Fatal(err)
		}
		sorted, err := url.QueryUnescape(form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.method+" "+s.path+" "+sorted)
		if s.header.Get("Authorization") != "Bearer sk_test_orderflow" || s.header.Get("X-Stripe-Client-Telemetry") != "" {
			t.Errorf("headers %v", s.header)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Case: zero-decimal amounts times 100, three-decimal ones divided by 10 (Paymenter#1258, woocommerce-gateway-stripe#2720).
func TestAmountIsInStripesUnit(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency money.Currency
		want     string
	}{
		{80, "JPY", "80"}, {8000, "USD", "8000"}, {35200, "BHD", "35200"}, {92000, "KWD", "92000"}, {5000, "ISK", "500000"}, {50000, "MGA", "500"},
	} {
		a := open()
		p := euros("pm_card_visa")
		p.Amount, p.Currency = c.amount, c.currency
		i, err := a.client.Create(t.Context(), "o1", p)
		if err != nil {
			t.Errorf("%d %s: %v", c.amount, c.currency, err)
			continue
		}
		form, _ := url.ParseQuery(a.all[0].body)
		if got := form.Get("amount"); got != c.want || form.Get("currency") != strings.ToLower(string(c.currency)) {
			t.Errorf("%d %s was sent as %s %s, want %s", c.amount, c.currency, got, form.Get("currency"), c.want)
		}
		if i.Amount != c.amount || i.Currency != c.currency {
			t.Errorf("%d %s came back as %d %s", c.amount, c.currency, i.Amount, i.Currency)
		}
	}
}

// Case: an amount below the minimum (epcon#1259, opencollective-api#10662, woocommerce#81).
func TestOrderThatNoIntentFitsIsDeclined(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*payment.Params)
		want   order.Reason
		asked  int
	}{
		"below the minimum":        {func(p *payment.Params) { p.Amount = 49 }, order.AmountTooSmall, 1},
		"below the minimum in yen": {func(p *payment.Params) { p.Amount, p.Currency = 5, "JPY" }, order.AmountTooSmall, 1},
		"over eight digits":        {func(p *payment.Params) { p.Amount = 100_000_000 }, payment.AmountTooLarge, 1},
		"too many with decimals":   {func(p *payment.Params) { p.Amount, p.Currency = 1<<62, "ISK" }, payment.AmountTooLarge, 0},
		"last of three decimals":   {func(p *payment.Params) { p.Amount, p.Currency = 35205, "BHD" }, payment.AmountIndivisible, 0},
		"currency not taken":       {func(p *payment.Params) { p.Currency = "IRR" }, order.CurrencyNotSupported, 0},
		"no such currency":         {func(p *payment.Params) { p.Currency = "ZZZ" }, order.CurrencyNotSupported, 0},
		"unknown payment method":   {func(p *payment.Params) { p.PaymentMethod = "pm_gone" }, payment.PaymentMethodMissing, 1},
		"unknown customer":         {func(p *payment.Params) { p.Customer = "nobody" }, payment.CustomerMissing, 1},
	} {
		t.Run(name, func(t *testing.T) {
			a, p := open(), euros("pm_card_visa")
			c.change(&p)
			_, err := a.client.Create(t.Context(), "o1", p)
			wantDeclined(t, err, c.want)
			if len(a.all) != c.asked {
				t.Errorf("%d calls, want %d", len(a.all), c.asked)
			}
		})
	}
}

func TestDeclineHasTheIssuersReason(t *testing.T) {
	for method, want := range map[string]order.Reason{
		"pm_card_chargeDeclined":                       order.CardDeclined,
		"pm_card_visa_chargeDeclined":                  order.CardDeclined,
		"pm_card_visa_chargeDeclinedInsufficientFunds": order.InsufficientFunds,
		"pm_card_chargeDeclinedExpiredCard":            order.ExpiredCard,
		"pm_card_chargeDeclinedIncorrectCvc":           "incorrect_cvc",
		"pm_card_chargeDeclinedProcessingError":        "processing_error",
		"pm_card_chargeDeclinedLostCard":               "lost_card",
		"pm_card_authenticationRequired":               order.AuthenticationRequired,
	} {
		t.Run(method, func(t *testing.T) {
			a := open()
			i := a.create(t, method)
			_, err := a.client.Confirm(t.Context(), i.ID)
			wantDeclined(t, err, want)
			shown, err := a.client.Retrieve(t.Context(), i.ID)
			if err != nil || shown.Status != payment.RequiresPaymentMethod || shown.Declined != want {
				t.Errorf("afterwards %+v, %v", shown, err)
			}
			if _, err := a.client.Confirm(t.Context(), i.ID); !errors.Is(err, payment.ErrState) {
				t.Errorf("second confirmation: %v, want ErrState: a declined card is not tried again", err)
			}
			cancelled, err := a.client.Cancel(t.Context(), i.ID)
			if err != nil || cancelled.Status != payment.Canceled {
				t.Errorf("cancelled: %+v, %v", cancelled, err)
			}
		})
	}
}

func TestSlowMethodIsProcessingAndCannotBeCancelled(t *testing.T) {
	a := open()
	i := a.create(t, "pm_usBankAccount_success")
	confirmed, err := a.client.Confirm(t.Context(), i.ID)
	if err != nil || confirmed.Status != payment.Processing {
		t.Fatalf("confirmed: %+v, %v", confirmed, err)
	}
	if _, err := a.client.Cancel(t.Context(), i.ID); !errors.Is(err, payment.ErrState) {
		t.Errorf("cancelled: %v, want ErrState", err)
	}
}

func TestUnknownIntentIsSaidToBeMissing(t *testing.T) {
	a := open()
	if _, err := a.client.Retrieve(t.Context(), "pi_unknown"); !errors.Is(err, payment.ErrNoIntent) {
		t.Errorf("error %v, want ErrNoIntent", err)
	}
}

func TestNoClearAnswerIsUnclear(t *testing.T) {
	for _, kind := range []stripesandbox.FaultKind{
		stripesandbox.FailBefore, stripesandbox.FailAfter, stripesandbox.Unavailable, stripesandbox.RateLimited,
		stripesandbox.LockTimeout, stripesandbox.KeyInUse, stripesandbox.Down,
	} {
		t.Run(string(kind), func(t *testing.T) {
			a := open()
			i := a.create(t, "pm_card_visa")
			a.fault(t, stripesandbox.Fault{Kind: kind})
			_, created := a.client.Create(t.Context(), "o2", euros("pm_card_visa"))
			_, confirmed := a.client.Confirm(t.Context(), i.ID)
			_, retrieved := a.client.Retrieve(t.Context(), i.ID)
			_, cancelled := a.client.Cancel(t.Context(), i.ID)
			for _, err := range []error{created, confirmed, retrieved, cancelled} {
				if !errors.Is(err, payment.ErrUnclear) {
					t.Errorf("error %v, want ErrUnclear", err)
				}
			}
		})
	}
}

func TestCallThatHangsEndsAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open()
		i := a.create(t, "pm_card_visa")
		a.fault(t, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm})
		began := time.Now()
		_, err := a.client.Confirm(t.Context(), i.ID)
		if took := time.Since(began); !errors.Is(err, payment.ErrUnclear) || took != stripe.DefaultTimeout {
			t.Errorf("after %v: %v, want ErrUnclear after %v", took, err, stripe.DefaultTimeout)
		}
		if shown, err := a.client.Retrieve(t.Context(), i.ID); err != nil || shown.Status != payment.Succeeded {
			t.Errorf("afterwards %+v, %v, want it succeeded", shown, err)
		}
	})
}
