package stripe_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
)

// Bounds of Stripe, https://docs.stripe.com/api/metadata and https://docs.stripe.com/api/idempotent_requests.
const (
	longestMetadataKey   = 40
	longestMetadataValue = 500
	longestKey           = 255
)

// Case: metadata or keys too long for the gateway (stripe-php#246, openedx ecommerce#4110).
func TestTheLongestOrderKeepsWithinStripesBounds(t *testing.T) {
	a := open()
	id := order.ID(strings.Repeat("o", order.MaxIDLength))
	p := payment.Params{Amount: order.MaxAmount, Currency: "EUR", Customer: "cus_" + strings.Repeat("c", 251), PaymentMethod: "pm_card_visa"}
	i, err := a.client.Create(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []func() error{
		func() error { _, err := a.client.Confirm(t.Context(), i.ID); return err },
		func() error { _, err := a.client.Retrieve(t.Context(), i.ID); return err },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	noted := 0
	for _, s := range a.all {
		if key := s.header.Get("Idempotency-Key"); len(key) > longestKey {
			t.Errorf("%s has a key of %d characters", s.path, len(key))
		}
		form, err := url.ParseQuery(s.body)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range form {
			key, found := strings.CutPrefix(name, "metadata[")
			if !found {
				continue
			}
			noted++
			if key = strings.TrimSuffix(key, "]"); len(key) > longestMetadataKey || len(values[0]) > longestMetadataValue {
				t.Errorf("metadata %s has a name of %d and a value of %d characters", key, len(key), len(values[0]))
			}
		}
	}
	if noted == 0 {
		t.Error("no metadata was sent")
	}
}

// Case: an idempotency key built from a short-lived token (tempoxyz/pympp#155).
func TestANewAPIKeyRepeatsTheVerySameRequest(t *testing.T) {
	a := open()
	client := stripe.New(&ring{first: "old", second: "sk_test_b"}, stripe.Options{
		BaseURL: "http://stripe.test", Transport: stripetest.Transport{Handler: a.recorder}, Now: a.clock.now,
	})
	if _, err := client.Create(t.Context(), "o1", euros("pm_card_visa")); err != nil {
		t.Fatal(err)
	}
	if len(a.all) != 2 {
		t.Fatalf("%d calls, want one that is refused and one with the new API key", len(a.all))
	}
	refused, repeated := a.all[0], a.all[1]
	if refused.header.Get("Authorization") == repeated.header.Get("Authorization") {
		t.Error("both calls have the same API key")
	}
	if keys := a.keys(); keys[0] == "" || keys[0] != keys[1] || refused.body != repeated.body {
		t.Errorf("keys %v and bodies %q, %q; want both the same", keys, refused.body, repeated.body)
	}
}
