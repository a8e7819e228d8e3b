package recordorder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/strictjson"
)

var (
	shop      = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-1"}
	otherShop = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-2"}
	customer  = httpapi.Caller{Kind: httpapi.Customer, ID: "u-1", UserID: "u-1"}
)

const body = `{"order_id":"o-1","user_id":"u-1","amount":1999,"currency":"USD"}`

// api is the handler over empty tables, with a clock that goes on by a second with each look.
type api struct {
	tables  memory.Tables
	handler http.Handler
}

func newAPI() api {
	tables := memory.New()
	var mu sync.Mutex
	now := time.Date(2026, 11, 25, 4, 0, 0, 123456789, time.UTC)
	return api{tables, recordorder.Handler{Orders: tables.Orders, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}}}
}

// post sends a body as caller; headers come in pairs of name and value, an empty value removes one.
func (a api) post(ctx context.Context, caller httpapi.Caller, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/orders", strings.NewReader(body))
	if caller.Kind != "" {
		r = r.WithContext(httpapi.WithCaller(ctx, caller))
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	rec := httptest.NewRecorder()
	a.handler.ServeHTTP(rec, r)
	return rec
}

// refusal is a problem as a client reads it.
type refusal struct {
	Type   problem.Type           `json:"type"`
	Status int                    `json:"status"`
	Errors []strictjson.Violation `json:"errors"`
}

func readRefusal(t testing.TB, rec *httptest.ResponseRecorder) refusal {
	t.Helper()
	var p refusal
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("got body %q: %v", rec.Body, err)
	}
	if p.Status != rec.Code || rec.Header().Get("Content-Type") != problem.ContentType || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got status %d and headers %v for %s", rec.Code, rec.Header(), rec.Body)
	}
	return p
}

func TestOrderIsRecordedAndAnswered(t *testing.T) {
	a := newAPI()
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	rec := a.post(t.Context(), shop, example(t, "full"), "TraceParent", trace)

	var full recordorder.PlaceOrder
	if err := json.Unmarshal([]byte(example(t, "full")), &full); err != nil {
		t.Fatal(err)
	}
	want := `{"order_id":"` + string(full.OrderID) + `","status":"RECORDED","recorded_at":"2026-11-25T04:00:01.123Z"}`
	if rec.Code != http.StatusAccepted || rec.Body.String() != want {
		t.Errorf("got %d %s, want 202 %s", rec.Code, rec.Body, want)
	}
	header := http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
		"Location": {"/orders/" + string(full.OrderID)},
	}
	if diff := cmp.Diff(header, rec.Header()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}

	at := time.Date(2026, 11, 25, 4, 0, 1, 123e6, time.UTC)
	stored := a.tables.Orders.All()
	if len(stored) != 1 || len(stored[0].PayloadHash) != 64 {
		t.Fatalf("got stored %+v, want one order with a hash", stored)
	}
	wantStored := order.Order{
		ID: full.OrderID, UserID: full.UserID, Amount: full.Amount, Currency: full.Currency, Items: full.Items,
		PaymentMethod: full.PaymentMethod, PlacedBy: "shop-1", PayloadHash: stored[0].PayloadHash, TraceParent: trace, RecordedAt: at,
		Status: order.Recorded, Version: 1, History: []order.Change{{Version: 1, Status: order.Recorded, At: at}},
	}
	if diff := cmp.Diff(wantStored, stored[0]); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestEveryValidExampleIsAccepted(t *testing.T) {
	for _, name := range []string{"amount-largest", "amount-zero", "full", "items-same-article-twice", "minimal", "order-id-longest", "without-order-id"} {
		if rec := newAPI().post(t.Context(), shop, example(t, name), "Idempotency-Key", "k"); rec.Code != http.StatusAccepted {
			t.Errorf("%s: got %d %s, want 202", name, rec.Code, rec.Body)
		}
	}
}

// Case: a repetition got another answer (grape-idempotency#13, novu#4531).
func TestRepetitionGetsTheSameAnswerHoweverItIsWritten(t *testing.T) {
	a := newAPI()
	first := a.post(t.Context(), shop, body)
	repetitions := map[string]string{
		"the same bytes":   body,
		"with white space": " " + strings.ReplaceAll(body, ",", " ,\n\t") + "\n",
		"in another order": `{"currency":"USD","amount":1999,"user_id":"u-1","order_id":"o-1"}`,
		"with escapes":     `{"order_id":"o-1","user_id":"u-1","amount":1999,"currency":"\u0055SD"}`,
	}
	for name, text := range repetitions {
		t.Run(name, func(t *testing.T) {
			again := a.post(t.Context(), shop, text, "Idempotency-Key", "not looked at")
			if again.Code != first.Code || !bytes.Equal(again.Body.Bytes(), first.Body.Bytes()) {
				t.Errorf("got %d %s, want %d %s", again.Code, again.Body, first.Code, first.Body)
			}
			want := first.Header().Clone()
			want.Set("Idempotent-Replayed", "true")
			if diff := cmp.Diff(want, again.Header()); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
	if first.Header().Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says that it is a replay")
	}
	if got := len(a.tables.Orders.All()); got != 1 {
		t.Errorf("got %d orders, want 1", got)
	}
}

func TestRepetitionGetsTheSameAnswerAfterTheOrderMovedOn(t *testing.T) {
	a := newAPI()
	first := a.post(t.Context(), shop, body)
	stored := a.tables.Orders.All()[0]
	paid := order.Decision{Change: order.Change{Version: 2, Status: order.Paid, At: stored.RecordedAt.Add(time.Hour), Cause: "e"}}
	if err := a.tables.Orders.Apply(t.Context(), stored, paid); err != nil {
		t.Fatal(err)
	}
	again := a.post(t.Context(), shop, body)
	if again.Code != http.StatusAccepted || again.Body.String() != first.Body.String() {
		t.Errorf("got %d %s, want 202 %s", again.Code, again.Body, first.Body)
	}
	if got := a.tables.Orders.All()[0].Status; got != order.Paid {
		t.Errorf("got status %s, want PAID", got)
	}
}

func TestOneIDForTwoThingsIsAClashThatTellsNothing(t *testing.T) {
	clashes := map[string]struct {
		caller httpapi.Caller
		change func(string) string
	}{
		"another amount":        {shop, func(s string) string { return strings.Replace(s, "1999", "1998", 1) }},
		"another user":          {shop, func(s string) string { return strings.Replace(s, "u-1", "u-2", 1) }},
		"another currency":      {shop, func(s string) string { return strings.Replace(s, "USD", "EUR", 1) }},
		"a payment method more": {shop, func(s string) string { return strings.Replace(s, "{", `{"payment_method":"pm_1",`, 1) }},
		"items more": {shop, func(s string) string {
			return strings.Replace(s, "{", `{"items":[{"sku":"a","quantity":1,"unit_amount":1999}],`, 1)
		}},
		"another caller":         {otherShop, func(s string) string { return s }},
		"another caller and sum": {otherShop, func(s string) string { return strings.Replace(s, "1999", "1", 1) }},
	}
	for name, clash := range clashes {
		t.Run(name, func(t *testing.T) {
			a := newAPI()
			a.post(t.Context(), shop, body)
			before := a.tables.Orders.All()
			rec := a.post(t.Context(), clash.caller, clash.change(body))
			want := `{"type":"urn:orderflow:problem:order-clash","title":"The order's id is taken","status":422,` +
				`"detail":"The order's id or the Idempotency-Key was used before, for something else."}`
			if rec.Code != http.StatusUnprocessableEntity || rec.Body.String() != want {
				t.Errorf("got %d %s, want 422 %s", rec.Code, rec.Body, want)
			}
			if rec.Header().Get("Location") != "" || rec.Header().Get("Idempotent-Replayed") != "" {
				t.Errorf("got headers %v, want none of the other order", rec.Header())
			}
			if diff := cmp.Diff(before, a.tables.Orders.All()); diff != "" {
				t.Errorf("stored (-before +after):\n%s", diff)
			}
		})
	}
}

// Case: one key made several orders (fincore-engine#44).
func TestFiftyAtOnceAreOneOrder(t *testing.T) {
	a := newAPI()
	answers := make([]*httptest.ResponseRecorder, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = a.post(t.Context(), shop, example(t, "without-order-id"), "Idempotency-Key", "k") })
	}
	wg.Wait()
	fresh := 0
	for _, rec := range answers {
		if rec.Code != http.StatusAccepted || rec.Body.String() != answers[0].Body.String() {
			t.Errorf("got %d %s, want 202 %s", rec.Code, rec.Body, answers[0].Body)
		}
		if rec.Header().Get("Idempotent-Replayed") == "" {
			fresh++
		}
	}
	if orders := len(a.tables.Orders.All()); fresh != 1 || orders != 1 {
		t.Errorf("got %d first answers and %d orders, want 1 and 1", fresh, orders)
	}
}

func TestOnlyAShopPlacesOrders(t *testing.T) {
	for name, caller := range map[string]httpapi.Caller{"nobody": {}, "a customer": customer, "an unknown kind": {Kind: "admin", ID: "x"}} {
		a := newAPI()
		rec := a.post(t.Context(), caller, body)
		if got := readRefusal(t, rec); got.Type != problem.Forbidden || rec.Code != http.StatusForbidden {
			t.Errorf("%s: got %d %s, want 403", name, rec.Code, got.Type)
		}
		if got := len(a.tables.Orders.All()); got != 0 {
			t.Errorf("%s: got %d orders, want none", name, got)
		}
	}
}

func TestStoreThatFailsIsUnavailable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rec := newAPI().post(ctx, shop, body)
	if got := readRefusal(t, rec); got.Type != problem.Unavailable || rec.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s, want 503", rec.Code, got.Type)
	}
	if rec.Header().Get("Retry-After") == "" || rec.Header().Get("Location") != "" {
		t.Errorf("got headers %v, want Retry-After and no Location", rec.Header())
	}
}

func TestLogLineNamesTheOrderAndTheProblem(t *testing.T) {
	a := newAPI()
	for _, tt := range []struct {
		body string
		want httpapi.Note
	}{
		{body, httpapi.Note{Order: "o-1"}},
		{strings.Replace(body, "1999", "1", 1), httpapi.Note{Order: "o-1", Code: "order-clash"}},
		{`{`, httpapi.Note{Code: "malformed-body"}},
	} {
		var got httpapi.Note
		a.post(httpapi.WithNote(t.Context(), &got), shop, tt.body)
		if got != tt.want {
			t.Errorf("%s: got note %+v, want %+v", tt.body, got, tt.want)
		}
	}
}
