package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
)

// answering answers every call alike.
func answering(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

func confirmAgainst(t *testing.T, h http.Handler) error {
	t.Helper()
	_, err := stripetest.New(h, time.Now).Confirm(t.Context(), "pi_1")
	if err == nil {
		t.Fatal("no error")
	}
	return err
}

// Case: 409 and 429 were taken for declines, declines for errors (stripe-ruby#431, stripity-stripe#564, artsy/exchange#448).
func TestErrorsMeanWhatTheyMeanForThePayment(t *testing.T) {
	for _, c := range []struct {
		status int
		fields string // of the error object
		want   error
		reason order.Reason // of a decline
	}{
		{500, `"type":"api_error"`, payment.ErrUnclear, ""},
		{503, `"type":"api_error"`, payment.ErrUnclear, ""},
		{409, `"type":"idempotency_error","code":"idempotency_key_in_use"`, payment.ErrUnclear, ""},
		{409, `"type":"invalid_request_error","code":"idempotency_key_in_use"`, payment.ErrUnclear, ""},
		{429, `"type":"invalid_request_error","code":"lock_timeout"`, payment.ErrUnclear, ""},
		{429, `"type":"invalid_request_error","code":"rate_limit"`, payment.ErrUnclear, ""},
		{400, `"type":"invalid_request_error","code":"lock_timeout"`, payment.ErrUnclear, ""},
		{400, `"type":"idempotency_error"`, payment.ErrKeyReused, ""},
		{400, `"type":"invalid_request_error","code":"payment_intent_unexpected_state"`, payment.ErrState, ""},
		{404, `"type":"invalid_request_error","code":"resource_missing","param":"intent"`, payment.ErrNoIntent, ""},
		{401, `"type":"invalid_request_error"`, payment.ErrKey, ""},
		{401, `"type":"invalid_request_error","code":"api_key_expired"`, payment.ErrKey, ""},
		{403, `"type":"invalid_request_error"`, payment.ErrKey, ""},
		{400, `"type":"invalid_request_error","code":"testmode_charges_only"`, payment.ErrKey, ""},
		{400, `"type":"invalid_request_error","code":"livemode_mismatch"`, payment.ErrKey, ""},
		{400, `"type":"invalid_request_error","code":"parameter_unknown","param":"colour"`, payment.ErrRefused, ""},
		{400, `"type":"invalid_request_error"`, payment.ErrRefused, ""},
		{402, `"type":"card_error","code":"card_declined","decline_code":"generic_decline"`, nil, order.CardDeclined},
		{402, `"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"`, nil, order.InsufficientFunds},
		{402, `"type":"card_error","code":"card_declined"`, nil, order.CardDeclined},
		{402, `"type":"card_error","code":"expired_card"`, nil, order.ExpiredCard},
		{402, `"type":"card_error","code":"card_declined","decline_code":"Not A Code!"`, nil, order.CardDeclined},
		{402, `"type":"card_error","code":"` + strings.Repeat("x", 65) + `"`, nil, order.CardDeclined},
		{402, `"type":"card_error"`, nil, order.CardDeclined},
		{402, `"type":"card_error","code":"authentication_required","decline_code":"authentication_required"`, nil, order.AuthenticationRequired},
		{402, `"type":"card_error","code":"authentication_not_handled"`, nil, order.AuthenticationRequired},
		{402, `"type":"invalid_request_error","code":"account_closed"`, nil, "account_closed"},
		{400, `"type":"card_error","code":"incorrect_number"`, nil, "incorrect_number"},
		{400, `"type":"invalid_request_error","code":"amount_too_small","param":"amount"`, nil, order.AmountTooSmall},
		{400, `"type":"invalid_request_error","code":"amount_too_large","param":"amount"`, nil, payment.AmountTooLarge},
		{400, `"type":"invalid_request_error","param":"currency"`, nil, order.CurrencyNotSupported},
		{400, `"type":"invalid_request_error","code":"resource_missing","param":"payment_method"`, nil, payment.PaymentMethodMissing},
		{400, `"type":"invalid_request_error","code":"resource_missing","param":"customer"`, nil, payment.CustomerMissing},
		{400, `"type":"invalid_request_error","param":"payment_method"`, nil, payment.PaymentMethodRefused},
		{400, `"type":"invalid_request_error","code":"payment_method_unactivated"`, nil, payment.PaymentMethodRefused},
		{400, `"type":"invalid_request_error","code":"payment_intent_incompatible_payment_method"`, nil, payment.PaymentMethodRefused},
		{400, `"type":"invalid_request_error","code":"charge_exceeds_transaction_limit"`, nil, payment.AmountTooLarge},
	} {
		t.Run(fmt.Sprint(c.status, c.fields), func(t *testing.T) {
			err := confirmAgainst(t, answering(c.status, `{"error":{"message":"for jane@example.com",`+c.fields+`}}`))
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if c.reason != "" {
				wantDeclined(t, err, c.reason)
			}
			if strings.Contains(err.Error(), "jane") {
				t.Errorf("error quotes the message: %v", err)
			}
		})
	}
}

func TestUnreadableAnswerIsUnclearAndNotQuoted(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
	}{
		{502, "<html>jane"},
		{500, `{"jane":1}`},
		{400, "jane"},
		{402, ""},
		{200, "jane"},
		{200, ""},
		{200, `{"id":"pi_1"`},
		{200, `{}`},
		{200, `{"id":"pi_1","status":"succeeded","amount":5,"currency":"jane"}`},
		{200, `{"id":"pi_1","amount":5,"currency":"eur"}`},
		{200, `{"status":"succeeded","amount":5,"currency":"eur"}`},
	} {
		err := confirmAgainst(t, answering(c.status, c.body))
		if !errors.Is(err, payment.ErrUnclear) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%d %s: error %v, want ErrUnclear without the body", c.status, c.body, err)
		}
	}
}

func TestErrorNamesWhatSupportWillAsk(t *testing.T) {
	err := confirmAgainst(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req_42")
		w.WriteHeader(http.StatusPaymentRequired)
		fmt.Fprint(w, `{"error":{"type":"card_error","code":"card_declined","decline_code":"lost_card"}}`)
	}))
	want := "confirm payment intent pi_1: 402 card_error card_declined lost_card req_42: declined: lost_card"
	if got := err.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCallThatTheCallerGivesUpIsUnclear(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open().client.Confirm(ctx, "pi_1")
	if !errors.Is(err, payment.ErrUnclear) {
		t.Errorf("error %v, want ErrUnclear", err)
	}
}

// ring is a key that was rotated, or not.
type ring struct {
	first, second string
	err, renewErr error
	renewals      int
}

func (r *ring) Key(context.Context) (string, error) { return r.first, r.err }

func (r *ring) Renew(_ context.Context, refused string) (string, error) {
	if refused != r.first {
		return "", errors.New("renewed another key")
	}
	r.renewals++
	return r.second, r.renewErr
}

func TestRefusedKeyIsReplacedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		ring  ring
		ok    bool
		calls int
		renew int
	}{
		"good key":                {ring{first: "sk_test_a"}, true, 1, 0},
		"rotated key":             {ring{first: "old", second: "sk_test_b"}, true, 2, 1},
		"replaced by a bad one":   {ring{first: "old", second: "worse"}, false, 2, 1},
		"not replaced":            {ring{first: "old", second: "old"}, false, 1, 1},
		"secret cannot be read":   {ring{err: errors.New("throttled")}, false, 0, 0},
		"new one cannot be read":  {ring{first: "old", renewErr: errors.New("throttled")}, false, 1, 1},
		"no key at all in secret": {ring{first: "", second: ""}, false, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := open()
			i := a.create(t, "pm_card_visa")
			a.all = nil
			r := c.ring
			client := stripe.New(&r, stripe.Options{BaseURL: "http://stripe.test", Transport: stripetest.Transport{Handler: a.recorder}})
			_, err := client.Retrieve(t.Context(), i.ID)
			if (err == nil) != c.ok || !c.ok && !errors.Is(err, payment.ErrKey) {
				t.Errorf("error %v, want none: %v", err, c.ok)
			}
			if len(a.all) != c.calls || r.renewals != c.renew {
				t.Errorf("%d calls and %d renewals, want %d and %d", len(a.all), r.renewals, c.calls, c.renew)
			}
		})
	}
}

func TestForbiddenCallDoesNotRenewTheKey(t *testing.T) {
	r := ring{first: "sk_test_a"}
	client := stripe.New(&r, stripe.Options{
		BaseURL:   "http://stripe.test",
		Transport: stripetest.Transport{Handler: answering(http.StatusForbidden, `{"error":{"type":"invalid_request_error"}}`)},
	})
	if _, err := client.Retrieve(t.Context(), "pi_1"); !errors.Is(err, payment.ErrKey) || r.renewals != 0 {
		t.Errorf("error %v after %d renewals, want ErrKey after none", err, r.renewals)
	}
}
