package getorder_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

var (
	shop      = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-1"}
	otherShop = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-2"}
	owner     = httpapi.Caller{Kind: httpapi.Customer, ID: "u-1", UserID: "u-1"}
	other     = httpapi.Caller{Kind: httpapi.Customer, ID: "u-2", UserID: "u-2"}
)

var start = time.Date(2026, 11, 25, 4, 0, 0, 123e6, time.UTC)

// store records an order of user u-1, placed by shop-1, n minutes after the start.
func store(t *testing.T, orders *memory.Orders, id order.ID, n int, changes ...func(*order.Order)) order.Order {
	t.Helper()
	o := order.Order{
		ID: id, UserID: "u-1", Amount: 3, Currency: "JPY", Items: []order.Item{{SKU: "s", Quantity: 3, UnitAmount: 1}},
		PaymentMethod: "pm_secret", PlacedBy: "shop-1", PayloadHash: "hash-secret",
	}
	for _, change := range changes {
		change(&o)
	}
	stored, created, err := orders.Create(t.Context(), order.New(o, start.Add(time.Duration(n)*time.Minute)))
	if err != nil || !created {
		t.Fatalf("create %s: %v, %v", id, created, err)
	}
	return stored
}

func get(ctx context.Context, orders *memory.Orders, caller httpapi.Caller, target string) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle(getorder.RouteOne, getorder.Handler{Orders: orders})
	mux.Handle(getorder.RouteList, getorder.Handler{Orders: orders})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if caller.Kind != "" {
		r = r.WithContext(httpapi.WithCaller(ctx, caller))
	}
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, r)
	return rec
}

func typeOf(t *testing.T, rec *httptest.ResponseRecorder) problem.Type {
	t.Helper()
	var p struct {
		Type   problem.Type `json:"type"`
		Status int          `json:"status"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("got %d %q: %v", rec.Code, rec.Body, err)
	}
	if p.Status != rec.Code || rec.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("got status %d and headers %v for %s", rec.Code, rec.Header(), rec.Body)
	}
	return p.Type
}

func TestOrderIsShownToItsShopAndItsCustomer(t *testing.T) {
	orders := memory.New().Orders
	o := store(t, orders, "o-1", 0)
	refused := order.Decision{Change: order.Change{Version: 2, Status: order.Cancelling, Reason: order.CardDeclined, At: start.Add(time.Second), Cause: "event-secret"}}
	if err := orders.Apply(t.Context(), o, refused); err != nil {
		t.Fatal(err)
	}
	want := `{"order_id":"o-1","user_id":"u-1","status":"CANCELLING","version":2,"reason":"card_declined","amount":3,"currency":"JPY",` +
		`"recorded_at":"2026-11-25T04:00:00.123Z","items":[{"sku":"s","quantity":3,"unit_amount":1}],"history":[` +
		`{"version":1,"status":"RECORDED","at":"2026-11-25T04:00:00.123Z"},` +
		`{"version":2,"status":"CANCELLING","reason":"card_declined","at":"2026-11-25T04:00:01.123Z"}]}`
	for _, caller := range []httpapi.Caller{shop, owner} {
		rec := get(t.Context(), orders, caller, "/orders/o-1")
		if rec.Code != http.StatusOK || rec.Body.String() != want {
			t.Errorf("%s: got %d %s, want 200 %s", caller.Kind, rec.Code, rec.Body, want)
		}
		if rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: got headers %v", caller.Kind, rec.Header())
		}
	}
}

func TestOrderWithoutItemsIsShownWithoutThem(t *testing.T) {
	orders := memory.New().Orders
	store(t, orders, "o-1", 0, func(o *order.Order) { o.Items = nil })
	rec := get(t.Context(), orders, shop, "/orders/o-1")
	want := `{"order_id":"o-1","user_id":"u-1","status":"RECORDED","version":1,"amount":3,"currency":"JPY","recorded_at":"2026-11-25T04:00:00.123Z",` +
		`"history":[{"version":1,"status":"RECORDED","at":"2026-11-25T04:00:00.123Z"}]}`
	if rec.Body.String() != want {
		t.Errorf("got %s, want %s", rec.Body, want)
	}
}

// Case: somebody saw another's order (dotnet/eShop#996, macrozheng/mall#994).
func TestAnothersOrderLooksLikeNone(t *testing.T) {
	orders := memory.New().Orders
	store(t, orders, "o-1", 0)
	want := get(t.Context(), orders, owner, "/orders/none")
	if typeOf(t, want) != problem.NotFound || want.Code != http.StatusNotFound {
		t.Fatalf("got %d %s, want 404", want.Code, want.Body)
	}
	imposter := httpapi.Caller{Kind: httpapi.Customer, ID: "shop-1", UserID: "shop-1"}
	for name, caller := range map[string]httpapi.Caller{
		"another shop": otherShop, "another customer": other, "a customer named like the shop": imposter,
		"a shop named like the customer": {Kind: httpapi.Shop, ID: "u-1"},
	} {
		rec := get(t.Context(), orders, caller, "/orders/o-1")
		if rec.Code != want.Code || rec.Body.String() != want.Body.String() {
			t.Errorf("%s: got %d %s, want %d %s", name, rec.Code, rec.Body, want.Code, want.Body)
		}
		if diff := cmp.Diff(want.Header(), rec.Header()); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
	}
	for _, id := range []string{"o.1", "%20", strings.Repeat("o", 65), "o%2F1", "%C3%BC", "%00"} {
		rec := get(t.Context(), orders, owner, "/orders/"+id)
		if rec.Code != want.Code || rec.Body.String() != want.Body.String() {
			t.Errorf("%s: got %d %s, want %d %s", id, rec.Code, rec.Body, want.Code, want.Body)
		}
	}
}

func TestTokenThatIsNeitherShopsNorCustomersIsForbidden(t *testing.T) {
	orders := memory.New().Orders
	store(t, orders, "o-1", 0)
	for _, target := range []string{"/orders/o-1", "/orders/none", "/orders"} {
		if rec := get(t.Context(), orders, httpapi.Caller{}, target); typeOf(t, rec) != problem.Forbidden || rec.Code != http.StatusForbidden {
			t.Errorf("%s: got %d %s, want 403", target, rec.Code, rec.Body)
		}
	}
}

func TestRouteThatIsNotOursIsNotFound(t *testing.T) {
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(httpapi.WithCaller(t.Context(), owner), http.MethodGet, "/else", nil)
	getorder.Handler{Orders: memory.New().Orders}.ServeHTTP(rec, r)
	if typeOf(t, rec) != problem.NotFound {
		t.Errorf("got %d %s, want 404", rec.Code, rec.Body)
	}
}

func TestStoreThatFailsIsUnavailable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, target := range []string{"/orders/o-1", "/orders"} {
		rec := get(ctx, memory.New().Orders, owner, target)
		if typeOf(t, rec) != problem.Unavailable || rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got %d %v %s, want 503 with Retry-After", target, rec.Code, rec.Header(), rec.Body)
		}
	}
}

// list is a page as a client reads it.
type list struct {
	Orders []struct {
		OrderID string `json:"order_id"`
		Status  string `json:"status"`
	} `json:"orders"`
	NextCursor string `json:"next_cursor"`
}

func (l list) ids() []string {
	var ids []string
	for _, o := range l.Orders {
		ids = append(ids, o.OrderID)
	}
	return ids
}

func getList(t *testing.T, orders *memory.Orders, caller httpapi.Caller, query string) list {
	t.Helper()
	rec := get(t.Context(), orders, caller, "/orders"+query)
	var l list
	if err := json.Unmarshal(rec.Body.Bytes(), &l); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", query, rec.Code, rec.Body, err)
	}
	return l
}

func TestListIsACustomersOwnNewestFirstPageByPage(t *testing.T) {
	orders := memory.New().Orders
	for i := range 5 {
		store(t, orders, order.ID(fmt.Sprintf("o-%d", i)), i)
		store(t, orders, order.ID(fmt.Sprintf("foreign-%d", i)), i, func(o *order.Order) { o.UserID = "u-2" })
	}
	var pages [][]string
	query := "?limit=2"
	for {
		l := getList(t, orders, owner, query)
		pages = append(pages, l.ids())
		if l.NextCursor == "" {
			break
		}
		query = "?limit=2&cursor=" + l.NextCursor
	}
	want := [][]string{{"o-4", "o-3"}, {"o-2", "o-1"}, {"o-0"}}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestListShowsSummariesOnly(t *testing.T) {
	orders := memory.New().Orders
	store(t, orders, "o-1", 0)
	rec := get(t.Context(), orders, owner, "/orders")
	want := `{"orders":[{"order_id":"o-1","user_id":"u-1","status":"RECORDED","version":1,"amount":3,"currency":"JPY","recorded_at":"2026-11-25T04:00:00.123Z"}]}`
	if rec.Code != http.StatusOK || rec.Body.String() != want {
		t.Errorf("got %d %s, want 200 %s", rec.Code, rec.Body, want)
	}
	if rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got headers %v, want no-store", rec.Header())
	}
}

func TestListWithoutOrdersIsEmpty(t *testing.T) {
	if rec := get(t.Context(), memory.New().Orders, owner, "/orders?unknown=1"); rec.Code != http.StatusOK || rec.Body.String() != `{"orders":[]}` {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

func TestListHasTwentyOrdersUnlessAskedForMore(t *testing.T) {
	orders := memory.New().Orders
	for i := range 101 {
		store(t, orders, order.ID(fmt.Sprintf("o-%d", i)), i)
	}
	for query, want := range map[string]int{"": 20, "?limit=1": 1, "?limit=100": 100} {
		if l := getList(t, orders, owner, query); len(l.Orders) != want || l.NextCursor == "" {
			t.Errorf("%q: got %d orders and cursor %q, want %d and a cursor", query, len(l.Orders), l.NextCursor, want)
		}
	}
}

func TestShopHasNoList(t *testing.T) {
	if rec := get(t.Context(), memory.New().Orders, shop, "/orders"); typeOf(t, rec) != problem.Forbidden || rec.Code != http.StatusForbidden {
		t.Errorf("got %d %s, want 403", rec.Code, rec.Body)
	}
}

func TestBadParametersAreNamed(t *testing.T) {
	orders := memory.New().Orders
	for i := range 3 {
		store(t, orders, order.ID(fmt.Sprintf("foreign-%d", i)), i, func(o *order.Order) { o.UserID = "u-2" })
	}
	foreign := getList(t, orders, other, "?limit=1").NextCursor
	tests := map[string]string{
		"?limit=0": "limit", "?limit=101": "limit", "?limit=-1": "limit", "?limit=": "limit", "?limit=x": "limit", "?limit=1.5": "limit",
		"?limit=1&limit=2": "limit", "?limit=99999999999999999999": "limit",
		"?cursor=": "cursor", "?cursor=x": "cursor", "?cursor=a&cursor=b": "cursor", "?cursor=%FF": "cursor",
		"?cursor=" + foreign: "cursor", "?cursor=" + strings.Repeat("A", 10_000): "cursor",
		"?limit=%zz": "query", "?a;b": "query",
	}
	for query, named := range tests {
		rec := get(t.Context(), orders, owner, "/orders"+query)
		if typeOf(t, rec) != problem.InvalidParameter || rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), named) {
			t.Errorf("%.40s: got %d %s, want 400 that names %s", query, rec.Code, rec.Body, named)
		}
	}
}

func TestLogLineNamesTheOrder(t *testing.T) {
	orders := memory.New().Orders
	store(t, orders, "o-1", 0)
	for target, want := range map[string]httpapi.Note{
		"/orders/o-1":  {Order: "o-1"},
		"/orders/o-2":  {Order: "o-2", Code: "not-found"},
		"/orders/%20x": {Code: "not-found"},
	} {
		var got httpapi.Note
		get(httpapi.WithNote(t.Context(), &got), orders, owner, target)
		if got != want {
			t.Errorf("%s: got note %+v, want %+v", target, got, want)
		}
	}
}
