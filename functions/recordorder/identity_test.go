package recordorder_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

// idFor returns the id of the order that caller places with key, or what is wrong with it.
func idFor(t *testing.T, caller httpapi.Caller, key string) (order.ID, *httptest.ResponseRecorder) {
	t.Helper()
	a := newAPI()
	rec := a.post(t.Context(), caller, example(t, "without-order-id"), "Idempotency-Key", key)
	if stored := a.tables.Orders.All(); len(stored) == 1 {
		return stored[0].ID, rec
	}
	return "", rec
}

// Case: one caller's key met another's (worldmonitor#4769).
func TestKeyAndCallerMakeTheOrdersID(t *testing.T) {
	id, rec := idFor(t, shop, "k-1")
	// The UUIDv5 of "k-1\nshop-1" in the namespace of orders, computed with another implementation.
	if want := order.ID("fe8647de-aeb0-5e08-8ec8-a94f80859ef0"); id != want {
		t.Errorf("got id %s (%d %s), want %s", id, rec.Code, rec.Body, want)
	}
	if got, want := rec.Header().Get("Location"), "/orders/"+string(id); got != want {
		t.Errorf("got Location %s, want %s", got, want)
	}
	if other, _ := idFor(t, otherShop, "k-1"); other == id || other == "" {
		t.Errorf("another shop's key: got id %q, want another than %s", other, id)
	}
	if other, _ := idFor(t, shop, "k-2"); other == id || other == "" {
		t.Errorf("another key: got id %q, want another than %s", other, id)
	}
}

func TestQuotedAndBareKeyAreTheSame(t *testing.T) {
	tests := map[string]string{`k-1`: `"k-1"`, `a b`: ` "a b"	`, `a"b\c`: `"a\"b\\c"`}
	for bare, quoted := range tests {
		want, rec := idFor(t, shop, bare)
		if want == "" {
			t.Fatalf("%s: got %d %s, want an order", bare, rec.Code, rec.Body)
		}
		if got, _ := idFor(t, shop, quoted); got != want {
			t.Errorf("%s: got %q, want %q as for %s", quoted, got, want, bare)
		}
	}
}

func TestKeyHasBounds(t *testing.T) {
	tests := map[string]bool{
		"x":                                  true,
		"!#$%&'()*+-./:;<=>?@[]^_`{|}~":      true,
		strings.Repeat("k", 255):             true,
		`"` + strings.Repeat("k", 255) + `"`: true,
		`"a,b"`:                              true,
		" ":                                  false,
		`""`:                                 false,
		strings.Repeat("k", 256):             false,
		"a,b":                                false,
		"a, a":                               false,
		`"a", "a"`:                           false,
		`"a";p=1`:                            false,
		`"a`:                                 false,
		`"`:                                  false,
		`"a\`:                                false,
		`"a\"`:                               false,
		`"a\n"`:                              false,
		"a\tb":                               false,
		"\x7f":                               false,
		"schlüssel":                          false,
	}
	for key, ok := range tests {
		id, rec := idFor(t, shop, key)
		if ok && (rec.Code != http.StatusAccepted || !id.Valid()) {
			t.Errorf("%q: got %d %s, want an order", key, rec.Code, rec.Body)
		}
		if !ok && readRefusal(t, rec).Type != problem.InvalidKey {
			t.Errorf("%q: got %d %s, want invalid-idempotency-key", key, rec.Code, rec.Body)
		}
	}
}

// Case: a header that was sent twice came joined by a comma (localstack#12688).
func TestKeySentTwiceIsInvalid(t *testing.T) {
	r := httptest.NewRequestWithContext(httpapi.WithCaller(t.Context(), shop), http.MethodPost, "/orders", strings.NewReader(example(t, "without-order-id")))
	r.Header.Set("Content-Type", "application/json")
	r.Header["Idempotency-Key"] = []string{"k", "k"}
	rec := httptest.NewRecorder()
	newAPI().handler.ServeHTTP(rec, r)
	if got := readRefusal(t, rec); got.Type != problem.InvalidKey || rec.Code != http.StatusBadRequest {
		t.Errorf("got %d %s, want 400 invalid-idempotency-key", rec.Code, got.Type)
	}
}

// Case: a missing Idempotency-Key was let through (grape-idempotency#13).
func TestOrderWithoutIDNeedsAKey(t *testing.T) {
	rec := newAPI().post(t.Context(), shop, example(t, "without-order-id"))
	if got := readRefusal(t, rec); got.Type != problem.NoOrderID || rec.Code != http.StatusBadRequest {
		t.Errorf("got %d %s, want 400 no-order-id", rec.Code, got.Type)
	}
}

// Case: one key stood for two bodies (grape-idempotency#13, novu#4531).
func TestOneKeyForTwoBodiesIsAClash(t *testing.T) {
	a := newAPI()
	text := example(t, "without-order-id")
	first := a.post(t.Context(), shop, text, "Idempotency-Key", "k")
	other := strings.Replace(text, `"user_id": "`, `"user_id": "x`, 1)
	rec := a.post(t.Context(), shop, other, "Idempotency-Key", "k")
	if first.Code != http.StatusAccepted || readRefusal(t, rec).Type != problem.OrderClash {
		t.Errorf("got %d, then %d %s, want 202, then order-clash", first.Code, rec.Code, rec.Body)
	}
}

// Case: a hash of the body stood in for a key (21 repeats in the CDNOW sample).
func TestSameBodyUnderTwoKeysIsTwoOrders(t *testing.T) {
	a := newAPI()
	for _, key := range []string{"k1", "k2"} {
		if rec := a.post(t.Context(), shop, example(t, "without-order-id"), "Idempotency-Key", key); rec.Code != http.StatusAccepted {
			t.Errorf("%s: got %d %s, want 202", key, rec.Code, rec.Body)
		}
	}
	if got := len(a.tables.Orders.All()); got != 2 {
		t.Errorf("got %d orders, want 2", got)
	}
}

func TestOrderIDWinsOverTheKey(t *testing.T) {
	a := newAPI()
	for _, key := range []string{"k1", "k2", "a,b"} { // the last is no key at all, and nobody looks
		if rec := a.post(t.Context(), shop, body, "Idempotency-Key", key); rec.Code != http.StatusAccepted {
			t.Errorf("%s: got %d %s, want 202", key, rec.Code, rec.Body)
		}
	}
	if stored := a.tables.Orders.All(); len(stored) != 1 || stored[0].ID != "o-1" {
		t.Errorf("got %+v, want order o-1 alone", stored)
	}
}
