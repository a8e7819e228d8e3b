package stripesandbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// newClient starts a sandbox on loopback and returns Stripe's own client for it, without retries.
func newClient(t *testing.T, o stripesandbox.Options) (*stripe.Client, *stripesandbox.Sandbox) {
	t.Helper()
	if o.Now == nil {
		o.Now = newClock().now
	}
	s := stripesandbox.New(o)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(server.URL), HTTPClient: server.Client(), MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry: stripe.Bool(false), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return stripe.NewClient("sk_test_client", stripe.WithBackends(backends)), s
}

func createWith(key, order, method string) *stripe.PaymentIntentCreateParams {
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(1999), Currency: stripe.String("usd"), PaymentMethod: stripe.String(method), Customer: stripe.String("cus_1"),
		AutomaticPaymentMethods: &stripe.PaymentIntentCreateAutomaticPaymentMethodsParams{
			Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never"),
		},
		Metadata: map[string]string{stripesandbox.OrderKey: order},
	}
	p.SetIdempotencyKey(key)
	return p
}

func confirmWith(key string) *stripe.PaymentIntentConfirmParams {
	p := &stripe.PaymentIntentConfirmParams{OffSession: stripe.Bool(true)}
	p.SetIdempotencyKey(key)
	return p
}

func clientCreate(t *testing.T, c *stripe.Client, order, method string) *stripe.PaymentIntent {
	t.Helper()
	in, err := c.V1PaymentIntents.Create(t.Context(), createWith("create-"+order, order, method))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		t.Fatalf("error %v is not Stripe's", err)
	}
	return e
}

func inUse(err error) bool {
	e, ok := errors.AsType[*stripe.Error](err)
	return ok && e.Code == stripe.ErrorCodeIdempotencyKeyInUse
}

func TestStripesClientPaysReadsAndLists(t *testing.T) {
	c, s := newClient(t, stripesandbox.Options{})
	in := clientCreate(t, c, "o1", "pm_card_visa")
	if in.Status != stripe.PaymentIntentStatusRequiresConfirmation || in.Amount != 1999 || in.Currency != "usd" || in.Customer.ID != "cus_1" ||
		in.Metadata["order_id"] != "o1" || in.PaymentMethod.ID != "pm_card_visa" || in.Livemode {
		t.Errorf("created %+v", in)
	}
	paid, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1"))
	if err != nil {
		t.Fatal(err)
	}
	if paid.Status != stripe.PaymentIntentStatusSucceeded || paid.AmountReceived != 1999 || paid.LatestCharge.ID == "" {
		t.Errorf("confirmed %+v", paid)
	}
	read, err := c.V1PaymentIntents.Retrieve(t.Context(), in.ID, nil)
	if err != nil || read.Status != paid.Status || read.LatestCharge.ID != paid.LatestCharge.ID {
		t.Errorf("retrieved %+v, %v", read, err)
	}
	clientCreate(t, c, "o2", "pm_card_visa")
	var orders []string
	for in, err := range c.V1PaymentIntents.List(t.Context(), &stripe.PaymentIntentListParams{ListParams: stripe.ListParams{Limit: stripe.Int64(1)}}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		orders = append(orders, in.Metadata["order_id"])
	}
	if len(orders) != 2 || orders[0] != "o2" || orders[1] != "o1" {
		t.Errorf("listed %v, want the newest first", orders)
	}
	if got := s.Ledger().Order("o1").Captured; len(got) != 1 || got[0].Minor != 1999 {
		t.Errorf("captured %+v", got)
	}
}

func TestStripesClientUnderstandsDeclines(t *testing.T) {
	c, _ := newClient(t, stripesandbox.Options{})
	for method, want := range map[string]struct {
		code    stripe.ErrorCode
		decline stripe.DeclineCode
	}{
		"pm_card_chargeDeclined":                  {stripe.ErrorCodeCardDeclined, stripe.DeclineCodeGenericDecline},
		"pm_card_chargeDeclinedInsufficientFunds": {stripe.ErrorCodeCardDeclined, stripe.DeclineCodeInsufficientFunds},
		"pm_card_chargeDeclinedExpiredCard":       {stripe.ErrorCodeExpiredCard, ""},
		"pm_card_chargeDeclinedIncorrectCvc":      {stripe.ErrorCodeIncorrectCVC, ""},
		"pm_card_chargeDeclinedProcessingError":   {stripe.ErrorCodeProcessingError, ""},
		"pm_card_authenticationRequired":          {stripe.ErrorCodeAuthenticationRequired, stripe.DeclineCodeAuthenticationRequired},
	} {
		in := clientCreate(t, c, method, method)
		_, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c-"+method))
		e := stripeError(t, err)
		if e.Type != stripe.ErrorTypeCard || e.HTTPStatusCode != http.StatusPaymentRequired || e.Code != want.code || e.DeclineCode != want.decline {
			t.Errorf("%s: %d %s %s %s", method, e.HTTPStatusCode, e.Type, e.Code, e.DeclineCode)
		}
		if e.PaymentIntent == nil || e.PaymentIntent.Status != stripe.PaymentIntentStatusRequiresPaymentMethod ||
			e.PaymentIntent.LastPaymentError == nil || e.PaymentIntent.LastPaymentError.Code != want.code || e.PaymentMethod.ID != method {
			t.Errorf("%s: embedded intent %+v", method, e.PaymentIntent)
		}
	}
}

func TestStripesClientCancels(t *testing.T) {
	c, _ := newClient(t, stripesandbox.Options{})
	in := clientCreate(t, c, "o1", "pm_card_visa")
	cancelled, err := c.V1PaymentIntents.Cancel(t.Context(), in.ID, &stripe.PaymentIntentCancelParams{
		CancellationReason: stripe.String("abandoned"),
	})
	if err != nil || cancelled.Status != stripe.PaymentIntentStatusCanceled || cancelled.CancellationReason != "abandoned" || cancelled.CanceledAt == 0 {
		t.Fatalf("cancelled %+v, %v", cancelled, err)
	}
	_, err = c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1"))
	if e := stripeError(t, err); e.Code != stripe.ErrorCodePaymentIntentUnexpectedState || e.PaymentIntent.Status != stripe.PaymentIntentStatusCanceled {
		t.Errorf("confirming a cancelled intent: %s, intent %s", e.Code, e.PaymentIntent.Status)
	}
}

func TestStripesClientSeesIdempotency(t *testing.T) {
	clk := newClock()
	c, s := newClient(t, stripesandbox.Options{Now: clk.now})
	first := clientCreate(t, c, "o1", "pm_card_visa")
	again := clientCreate(t, c, "o1", "pm_card_visa")
	if again.ID != first.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same create made %s and %s", first.ID, again.ID)
	}
	_, err := c.V1PaymentIntents.Create(t.Context(), createWith("create-o1", "o2", "pm_card_visa"))
	if e := stripeError(t, err); e.Type != stripe.ErrorTypeIdempotency || e.HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("other parameters: %d %s", e.HTTPStatusCode, e.Type)
	}

	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.FailAfter, Operation: stripesandbox.Confirm, Calls: 1})
	for range 2 {
		_, err = c.V1PaymentIntents.Confirm(t.Context(), first.ID, confirmWith("c1"))
		if e := stripeError(t, err); e.HTTPStatusCode != http.StatusInternalServerError || e.Type != stripe.ErrorTypeAPI {
			t.Errorf("stored 500: %d %s", e.HTTPStatusCode, e.Type)
		}
	}
	if in, err := c.V1PaymentIntents.Retrieve(t.Context(), first.ID, nil); err != nil || in.Status != stripe.PaymentIntentStatusSucceeded {
		t.Errorf("after the 500: %+v, %v", in, err)
	}
	clk.advance(24 * time.Hour)
	if later := clientCreate(t, c, "o1", "pm_card_visa"); later.ID == first.ID {
		t.Error("the key was still known after a day")
	}
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	c, s := newClient(t, stripesandbox.Options{})
	in := clientCreate(t, c, "o1", "pm_card_visa")
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm, Order: "o1", Calls: 1})
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		for len(s.Ledger().Order("o1").Captured) == 0 {
			runtime.Gosched()
		}
		giveUp()
	}()
	if _, err := c.V1PaymentIntents.Confirm(ctx, in.ID, confirmWith("c1")); !errors.Is(err, context.Canceled) {
		t.Fatalf("the call that hangs ended with %v", err)
	}
	if read, err := c.V1PaymentIntents.Retrieve(t.Context(), in.ID, nil); err != nil || read.Status != stripe.PaymentIntentStatusSucceeded {
		t.Errorf("retrieved %+v, %v", read, err)
	}
	paid, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1"))
	for inUse(err) { // the first call has taken the money but not stored its answer yet
		paid, err = c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1"))
	}
	if err != nil || paid.Status != stripe.PaymentIntentStatusSucceeded || paid.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same confirm again: %+v, %v", paid, err)
	}
	if got := s.Ledger().Order("o1").Captured[0].Captures; got != 1 {
		t.Errorf("%d captures", got)
	}
}

func TestProviderIsDownForAnHour(t *testing.T) {
	clk := newClock()
	c, s := newClient(t, stripesandbox.Options{Now: clk.now})
	in := clientCreate(t, c, "o1", "pm_card_visa")
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Down, Until: clk.now().Add(time.Hour)})
	for range 4 {
		_, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1"))
		if _, answered := errors.AsType[*stripe.Error](err); err == nil || answered {
			t.Errorf("at %s the provider answered: %v", clk.now().Format(time.TimeOnly), err)
		}
		clk.advance(15 * time.Minute)
	}
	if paid, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c1")); err != nil || paid.Status != stripe.PaymentIntentStatusSucceeded {
		t.Errorf("after the hour: %+v, %v", paid, err)
	}
}

func TestHangingCallHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := newAPI(t, stripesandbox.Options{})
		id := a.create("o1", "pm_card_visa")
		mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm, Calls: 1})
		ctx, giveUp := context.WithCancel(t.Context())
		ended := make(chan any, 1)
		go func() {
			defer func() { ended <- recover() }()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, a.confirmPath(id), nil)
			r.Header.Set("Authorization", "Bearer "+a.apiKey)
			a.handler.ServeHTTP(httptest.NewRecorder(), r)
		}()
		synctest.Wait()
		if len(ended) != 0 {
			t.Fatal("the call ended before its client gave up")
		}
		if g := a.get(intents + "/" + id); g.body.Status != "succeeded" {
			t.Errorf("while the call hangs the intent is %s", g.body.Status)
		}
		giveUp()
		if got, _ := (<-ended).(error); !errors.Is(got, http.ErrAbortHandler) {
			t.Errorf("the call ended with %v, want http.ErrAbortHandler", got)
		}
	})
}
