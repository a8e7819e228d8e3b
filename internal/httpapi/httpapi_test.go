package httpapi_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
)

func shopClaims() map[string]string {
	return map[string]string{"token_use": "access", "sub": "client-1", "client_id": "client-1", "scope": "orderflow/shop"}
}

func customerClaims() map[string]string {
	return map[string]string{
		"token_use": "access", "sub": "7b0f-user", "client_id": "client-2", "username": "u", "scope": "aws.cognito.signin.user.admin",
	}
}

func TestTokenSaysWhoIsAsking(t *testing.T) {
	shop := httpapi.Caller{Kind: httpapi.Shop, ID: "client-1"}
	customer := httpapi.Caller{Kind: httpapi.Customer, ID: "7b0f-user", UserID: "7b0f-user"}
	tests := []struct {
		promise string
		claims  map[string]string
		change  map[string]string
		want    httpapi.Caller // none: nobody
	}{
		{"client credentials with the scope are a shop", shopClaims(), nil, shop},
		{"the scope may be one of several", shopClaims(), map[string]string{"scope": "a/b orderflow/shop c"}, shop},
		{"a longer scope is another", shopClaims(), map[string]string{"scope": "orderflow/shops xorderflow/shop"}, httpapi.Caller{}},
		{"client credentials without the scope are nobody", shopClaims(), map[string]string{"scope": ""}, httpapi.Caller{}},
		{"a shop without client id is nobody", shopClaims(), map[string]string{"client_id": ""}, httpapi.Caller{}},
		{"an identity token with the scope is nobody", shopClaims(), map[string]string{"token_use": "id"}, httpapi.Caller{}},
		{"a user's access token is a customer", customerClaims(), nil, customer},
		{"a customer needs no scope", customerClaims(), map[string]string{"scope": ""}, customer},
		{"a user's identity token is nobody", customerClaims(), map[string]string{"token_use": "id"}, httpapi.Caller{}},
		{"a token of unknown use is nobody", customerClaims(), map[string]string{"token_use": ""}, httpapi.Caller{}},
		{"a customer without subject is nobody", customerClaims(), map[string]string{"sub": ""}, httpapi.Caller{}},
		{"a subject that is no user id is nobody", customerClaims(), map[string]string{"sub": "a b"}, httpapi.Caller{}},
		{"no claims are nobody", nil, nil, httpapi.Caller{}},
	}
	for _, tt := range tests {
		t.Run(tt.promise, func(t *testing.T) {
			if tt.change != nil {
				maps.Copy(tt.claims, tt.change)
			}
			got, ok := httpapi.CallerOf(tt.claims)
			if want := tt.want != (httpapi.Caller{}); ok != want {
				t.Errorf("got %v, want %v", ok, want)
			}
			if ok && got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// Case: somebody saw another's order (dotnet/eShop#996, macrozheng/mall#994).
func TestACallerSeesOnlyItsOwnOrders(t *testing.T) {
	o := order.Order{UserID: "u1", PlacedBy: "s1"}
	tests := []struct {
		caller httpapi.Caller
		want   bool
	}{
		{httpapi.Caller{Kind: httpapi.Shop, ID: "s1"}, true},
		{httpapi.Caller{Kind: httpapi.Shop, ID: "s2"}, false},
		{httpapi.Caller{Kind: httpapi.Shop, ID: "u1", UserID: "u1"}, false},
		{httpapi.Caller{Kind: httpapi.Shop}, false},
		{httpapi.Caller{Kind: httpapi.Customer, ID: "u1", UserID: "u1"}, true},
		{httpapi.Caller{Kind: httpapi.Customer, ID: "u2", UserID: "u2"}, false},
		{httpapi.Caller{Kind: httpapi.Customer, ID: "s1", UserID: "s1"}, false},
		{httpapi.Caller{}, false},
	}
	for _, tt := range tests {
		if got := tt.caller.MaySee(o); got != tt.want {
			t.Errorf("%+v: got %v, want %v", tt.caller, got, tt.want)
		}
	}
	if (httpapi.Caller{Kind: httpapi.Shop}).MaySee(order.Order{}) || (httpapi.Caller{Kind: httpapi.Customer}).MaySee(order.Order{}) {
		t.Error("a caller without a name sees an order without an owner")
	}
}

func TestContextCarriesTheCaller(t *testing.T) {
	if _, ok := httpapi.CallerFrom(context.Background()); ok {
		t.Error("got a caller from an empty context")
	}
	want := httpapi.Caller{Kind: httpapi.Shop, ID: "s"}
	if got, ok := httpapi.CallerFrom(httpapi.WithCaller(context.Background(), want)); !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
}

func TestOnlyAValidTraceContextIsPassedOn(t *testing.T) {
	const valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	tests := []struct {
		promise string
		values  []string
		want    string
	}{
		{"a valid one is", []string{valid}, valid},
		{"none is none", nil, ""},
		{"two are none", []string{valid, valid}, ""},
		{"two joined by a comma are none", []string{valid + "," + valid}, ""},
		{"upper case is not valid", []string{strings.ToUpper(valid)}, ""},
		{"a later version is, as this one", []string{"01" + valid[2:]}, valid},
		{"a trace of zeros is not valid", []string{"00-" + strings.Repeat("0", 32) + valid[35:]}, ""},
		{"a span of zeros is not valid", []string{valid[:36] + strings.Repeat("0", 16) + "-01"}, ""},
		{"a line break behind it is not valid", []string{valid + "\n"}, ""},
		{"too short is not valid", []string{valid[:54]}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.promise, func(t *testing.T) {
			if got := httpapi.TraceParent(http.Header{"Traceparent": tt.values}); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJSONAnswersMayNotBeKept(t *testing.T) {
	rec := httptest.NewRecorder()
	httpapi.JSON(rec, http.StatusAccepted, struct {
		A int `json:"a"`
	}{1})
	want := http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
	}
	if diff := cmp.Diff(want, rec.Header()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if rec.Code != http.StatusAccepted || rec.Body.String() != `{"a":1}` {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
}

// noted answers one request with answer and returns what was noted.
func noted(answer func(http.ResponseWriter, *http.Request)) (*httptest.ResponseRecorder, httpapi.Note) {
	var n httpapi.Note
	rec := httptest.NewRecorder()
	answer(rec, httptest.NewRequestWithContext(httpapi.WithNote(context.Background(), &n), http.MethodGet, "/", nil))
	return rec, n
}

func TestProblemIsNotedByItsType(t *testing.T) {
	rec, n := noted(func(w http.ResponseWriter, r *http.Request) {
		httpapi.NoteOrder(r.Context(), "o1")
		httpapi.Problem(w, r, problem.New(problem.NotFound, "x"))
	})
	if rec.Code != http.StatusNotFound {
		t.Errorf("got status %d, want 404", rec.Code)
	}
	if want := (httpapi.Note{Order: "o1", Code: "not-found"}); n != want {
		t.Errorf("got note %+v, want %+v", n, want)
	}
}

func TestUnavailableSaysWhenToComeAgainAndNotesTheCause(t *testing.T) {
	rec, n := noted(func(w http.ResponseWriter, r *http.Request) {
		httpapi.Unavailable(w, r, outcome.Transient("throttled", errors.New("table orders-42")))
	})
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") != "2" {
		t.Errorf("got %d, Retry-After %q, want 503 and 2", rec.Code, rec.Header().Get("Retry-After"))
	}
	if strings.Contains(rec.Body.String(), "orders-42") {
		t.Error("the answer quotes the error")
	}
	if n.Code != "throttled" {
		t.Errorf("got code %q, want throttled", n.Code)
	}
	_, n = noted(func(w http.ResponseWriter, r *http.Request) { httpapi.Unavailable(w, r, errors.New("x")) })
	if n.Code != "unavailable" {
		t.Errorf("got code %q, want unavailable", n.Code)
	}
}

func TestWithoutANoteNothingIsNoted(t *testing.T) {
	rec := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	httpapi.NoteOrder(r.Context(), "o1")
	httpapi.NoteCode(r.Context(), "c")
	httpapi.Problem(rec, r, problem.New(problem.Forbidden, "x"))
	if rec.Code != http.StatusForbidden {
		t.Errorf("got %d, want 403", rec.Code)
	}
}
