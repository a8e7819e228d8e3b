package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
)

func request() payment.RefundRequest {
	return payment.RefundRequest{OrderID: "o1", IntentID: "pi_1", Amount: 1999, Currency: "EUR", Number: 1}
}

func TestRefundIsAskedForUnderAKeyOfOrderAndNumber(t *testing.T) {
	rec := &recorder{next: answering(200, refund("re_1", "pending", "", 1999))}
	client := stripetest.New(rec, time.Now)
	second := request()
	second.Number = 2
	for _, r := range []payment.RefundRequest{request(), request(), second} {
		if err := client.GiveBack(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"refund-o1-1-1999", "refund-o1-1-1999", "refund-o1-2-1999"}, rec.keys()); diff != "" {
		t.Error(diff)
	}
	form, err := url.ParseQuery(rec.all[0].body)
	want := url.Values{"payment_intent": {"pi_1"}, "amount": {"1999"}, "metadata[order_id]": {"o1"}}
	if diff := cmp.Diff(want, form); diff != "" || err != nil || rec.all[0].path != "/v1/refunds" || rec.all[0].method != http.MethodPost {
		t.Errorf("%s %s: %v, %s", rec.all[0].method, rec.all[0].path, err, diff)
	}
	if rec.all[0].body != rec.all[1].body {
		t.Error("the second request has other bytes")
	}
}

func TestRefundIsAskedForInStripesUnit(t *testing.T) {
	rec := &recorder{next: answering(200, refund("re_1", "pending", "", 1))}
	r := request()
	r.Amount, r.Currency = 5000, "ISK"
	if err := stripetest.New(rec, time.Now).GiveBack(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if form, err := url.ParseQuery(rec.all[0].body); err != nil || form.Get("amount") != "500000" {
		t.Errorf("amount %s, %v, want 500000", form.Get("amount"), err)
	}
	r.Amount, r.Currency = 35205, "BHD"
	wantDeclined(t, stripetest.New(rec, time.Now).GiveBack(t.Context(), r), payment.AmountIndivisible)
}

// Case: a refund that a shop made at the gateway was an error for ever (commerce-coordinator#360, aa-stripe#77, woocommerce-payments#10025).
func TestErrorsMeanWhatTheyMeanForTheRefund(t *testing.T) {
	for _, c := range []struct {
		status int
		fields string
		want   error
		reason order.Reason // of a decline
	}{
		{400, `"type":"invalid_request_error","code":"charge_already_refunded"`, payment.ErrGivenBack, ""},
		{400, `"type":"invalid_request_error","param":"amount"`, payment.ErrGivenBack, ""},
		{400, `"type":"invalid_request_error","param":"amount","code":"amount_too_large"`, payment.ErrGivenBack, ""},
		{400, `"type":"invalid_request_error","code":"charge_disputed"`, nil, "charge_disputed"},
		{400, `"type":"invalid_request_error","code":"refund_disputed_payment"`, nil, "refund_disputed_payment"},
		{400, `"type":"invalid_request_error","code":"charge_not_refundable"`, nil, "charge_not_refundable"},
		{400, `"type":"invalid_request_error","code":"balance_insufficient"`, nil, "balance_insufficient"},
		{400, `"type":"invalid_request_error","code":"amount_too_small","param":"amount"`, nil, "amount_too_small"},
		{400, `"type":"invalid_request_error"`, nil, order.RefundFailed},
		{400, `"type":"invalid_request_error","param":"payment_intent"`, nil, order.RefundFailed},
		{400, `"type":"invalid_request_error","code":"Not A Code"`, nil, order.RefundFailed},
		{402, `"type":"card_error"`, nil, order.RefundFailed},
		{402, `"type":"card_error","code":"insufficient_funds"`, nil, order.InsufficientFunds},
		{400, `"type":"invalid_request_error","code":"parameter_unknown","param":"amount"`, payment.ErrRefused, ""},
		{400, `"type":"invalid_request_error","code":"parameter_invalid_integer","param":"amount"`, payment.ErrRefused, ""},
		{400, `"type":"idempotency_error"`, payment.ErrKeyReused, ""},
		{400, `"type":"invalid_request_error","code":"payment_intent_unexpected_state"`, payment.ErrState, ""},
		{404, `"type":"invalid_request_error","code":"resource_missing","param":"payment_intent"`, payment.ErrNoIntent, ""},
		{401, `"type":"invalid_request_error"`, payment.ErrKey, ""},
		{409, `"type":"idempotency_error","code":"idempotency_key_in_use"`, payment.ErrUnclear, ""},
		{429, `"type":"invalid_request_error","code":"lock_timeout"`, payment.ErrUnclear, ""},
		{500, `"type":"api_error","code":"charge_already_refunded"`, payment.ErrUnclear, ""},
	} {
		t.Run(fmt.Sprint(c.status, c.fields), func(t *testing.T) {
			h := answering(c.status, `{"error":{"message":"for jane@example.com",`+c.fields+`}}`)
			err := stripetest.New(h, time.Now).GiveBack(t.Context(), request())
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if c.reason != "" {
				wantDeclined(t, err, c.reason)
			}
			if err != nil && (strings.Contains(err.Error(), "jane") || !strings.HasPrefix(err.Error(), "refund order o1: ")) {
				t.Errorf("error %v, want verb and order without the message", err)
			}
		})
	}
}

func TestUnreadableRefundIsUnclear(t *testing.T) {
	for _, body := range []string{``, `{}`, `jane`, refund("", "pending", "", 1999), `{"id":"re_1"}`} {
		err := stripetest.New(answering(200, body), time.Now).GiveBack(t.Context(), request())
		if !errors.Is(err, payment.ErrUnclear) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: error %v, want ErrUnclear", body, err)
		}
	}
}

// storing is an account that keeps the first answer to each key, as Stripe does.
type storing struct {
	answers []http.Handler // to keys not seen before, in their order
	kept    map[string]http.Handler
}

func (s *storing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	h, replayed := s.kept[key]
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		h, s.answers = s.answers[0], s.answers[1:]
		s.kept[key] = h
	}
	h.ServeHTTP(w, r)
}

func TestStoredErrorDoesNotHoldUpTheRefundForADay(t *testing.T) {
	for name, first := range map[string]http.Handler{
		"500":     answering(500, `{"error":{"type":"api_error"}}`),
		"balance": answering(400, `{"error":{"type":"invalid_request_error","code":"balance_insufficient"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{next: &storing{
				answers: []http.Handler{first, answering(200, refund("re_1", "pending", "", 1999))},
				kept:    map[string]http.Handler{},
			}}
			now := time.Unix(1_772_366_400, 0)
			client := stripetest.New(rec, func() time.Time { return now })
			if err := client.GiveBack(t.Context(), request()); err == nil || len(rec.all) != 1 {
				t.Fatalf("first: %v after %d calls, want the error itself", err, len(rec.all))
			}
			for range 2 {
				if err := client.GiveBack(t.Context(), request()); err != nil {
					t.Fatalf("with Stripe able again: %v", err)
				}
			}
			later := "refund-o1-1-1999-177236640"
			if diff := cmp.Diff([]string{"refund-o1-1-1999", "refund-o1-1-1999", later, "refund-o1-1-1999", later}, rec.keys()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefundIsAskedForWithinStripesBounds(t *testing.T) {
	rec := &recorder{next: answering(500, `{"error":{"type":"api_error"}}`)}
	r := request()
	r.OrderID, r.Number = order.ID(strings.Repeat("o", order.MaxIDLength)), 1<<31
	_ = stripetest.New(rec, time.Now).GiveBack(t.Context(), r) // only its request matters
	if len(rec.all) != 1 || len(rec.keys()[0])+20 > longestKey {
		t.Errorf("%d calls with keys %v", len(rec.all), rec.keys())
	}
}
