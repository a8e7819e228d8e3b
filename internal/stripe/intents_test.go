package stripe_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// seen is a request as it came in.
type seen struct {
	method, path, body string
	header             http.Header
}

// recorder remembers the requests on their way to a handler.
type recorder struct {
	next http.Handler
	mu   sync.Mutex
	all  []seen
}

func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // from memory
	}
	rec.mu.Lock()
	rec.all = append(rec.all, seen{r.Method, r.URL.Path, string(body), r.Header.Clone()})
	rec.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec.next.ServeHTTP(w, r)
}

func (rec *recorder) keys() []string {
	var keys []string
	for _, s := range rec.all {
		keys = append(keys, s.header.Get("Idempotency-Key"))
	}
	return keys
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// account is a sandbox, what was asked of it and the client that asks.
type account struct {
	*recorder
	sandbox *stripesandbox.Sandbox
	client  *stripe.Client
	clock   *clock
}

func open() account {
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	sandbox := stripesandbox.New(stripesandbox.Options{Now: c.now})
	rec := &recorder{next: sandbox}
	return account{rec, sandbox, stripetest.New(rec, c.now), c}
}

func (a account) fault(t *testing.T, f stripesandbox.Fault) {
	t.Helper()
	if err := a.sandbox.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

func (a account) create(t *testing.T, method string) payment.Intent {
	t.Helper()
	i, err := a.client.Create(t.Context(), "o1", euros(method))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func euros(method string) payment.Params {
	return payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_1", PaymentMethod: method}
}

func wantDeclined(t *testing.T, err error, want order.Reason) {
	t.Helper()
	d, ok := errors.AsType[*payment.DeclinedError](err)
	if !ok {
		t.Fatalf("error %v, want a decline", err)
	}
	if d.Reason != want || !d.Reason.Valid() {
		t.Errorf("declined because of %q, want %q", d.Reason, want)
	}
}

func TestIntentIsMadeUnconfirmedAndThenCapturesOnce(t *testing.T) {
	a := open()
	made := a.create(t, "pm_card_visa")
	want := payment.Intent{ID: made.ID, Status: payment.RequiresConfirmation, Amount: 1999, Currency: "EUR"}
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
