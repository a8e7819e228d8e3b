package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// script answers calls one after the other, the last answer for ever, and keeps what it was sent.
type script struct {
	mu      sync.Mutex
	answers []response
	bodies  []string
	tokens  []string
	calls   []string // methods and paths
}

type response struct {
	status int
	header http.Header
	body   string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	s.bodies = append(s.bodies, string(body))
	s.calls = append(s.calls, r.Method+" "+r.URL.EscapedPath())
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

// counted are tokens t1, t2 …, a new one after each that was forgotten.
type counted struct{ n int }

func (c *counted) Token(context.Context) (string, error) { return fmt.Sprint("t", c.n+1), nil }
func (c *counted) Forget(string)                         { c.n++ }

func client(t *testing.T, answers ...response) (*Client, *script) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c := New(server.URL, &counted{})
	c.pause = time.Microsecond
	return c, s
}

var (
	accepted = response{status: http.StatusAccepted, body: `{"order_id":"o-1"}`}
	body     = PlaceOrder{OrderID: "o-1", UserID: "u", Amount: 5, Currency: "USD"}
)

func TestPlaceTriesAgainUntilItIsAnswered(t *testing.T) {
	replayed := response{status: http.StatusAccepted, header: http.Header{"Idempotent-Replayed": {"true"}}}
	c, s := client(t, response{status: 429}, response{status: 503}, response{status: 0}, response{status: 500}, replayed)
	got, err := c.Place(t.Context(), body)
	if err != nil || !got.Replayed || got.Retries != 4 {
		t.Errorf("got %+v, %v", got, err)
	}
	if slices.ContainsFunc(s.bodies, func(b string) bool { return b != s.bodies[0] }) {
		t.Errorf("attempts differ: %q", s.bodies)
	}
}

func TestPlaceGivesUpAfterTenTries(t *testing.T) {
	c, s := client(t, response{status: 503})
	_, err := c.Place(t.Context(), body)
	var e *Error
	if !errors.As(err, &e) || e.Status != 503 || len(s.bodies) != 10 {
		t.Errorf("error is %v after %d tries", err, len(s.bodies))
	}
}

func TestRefusalIsNotTriedAgainAndSaysWhy(t *testing.T) {
	c, s := client(t, response{status: 422, body: `{"type":"urn:x","title":"Invalid order","detail":"it is not valid","errors":[{"pointer":"/amount","detail":"must be less"}]}`})
	_, err := c.Place(t.Context(), body)
	const want = "place order o-1: the API answers 422 Invalid order: it is not valid\n  /amount must be less"
	if err == nil || err.Error() != want || len(s.bodies) != 1 {
		t.Errorf("error is %q after %d tries, want %q", err, len(s.bodies), want)
	}
}

func TestAnswerThatIsNoProblemIsStillAnError(t *testing.T) {
	c, _ := client(t, response{status: 403, body: "<html>"})
	_, err := c.Place(t.Context(), body)
	if want := "place order o-1: the API answers 403 Forbidden"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestTokenIsRenewedOnceAfter401(t *testing.T) {
	c, s := client(t, response{status: 401}, accepted)
	if _, err := c.Place(t.Context(), body); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Bearer t1", "Bearer t2"}; !slices.Equal(s.tokens, want) {
		t.Errorf("tokens sent are %v, want %v", s.tokens, want)
	}
	c, s = client(t, response{status: 401})
	var e *Error
	if _, err := c.Place(t.Context(), body); !errors.As(err, &e) || e.Status != 401 || len(s.tokens) != 2 {
		t.Errorf("error is %v after %d tries, want 401 after 2", err, len(s.tokens))
	}
}

func TestUnknownOrderIsNotFound(t *testing.T) {
	c, _ := client(t, response{status: 404, body: `{"title":"Not found"}`})
	if _, err := c.Order(t.Context(), "o-1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v", err)
	}
	if _, err := c.Cancel(t.Context(), "o-1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error of a cancellation is %v", err)
	}
}

func TestCancelAsksWithoutABodyUntilItIsAnswered(t *testing.T) {
	c, s := client(t, response{status: 503}, response{status: 0},
		response{status: 202, body: `{"order_id":"o-1","status":"PAID","version":2,"cancellation":"requested","added_later":1}`})
	got, err := c.Cancel(t.Context(), "o-1")
	if want := (Cancellation{"o-1", "PAID", 2, "requested"}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if want := slices.Repeat([]string{"POST /orders/o-1/cancellation"}, 3); !slices.Equal(s.calls, want) {
		t.Errorf("calls are %q, want %q", s.calls, want)
	}
	if want := []string{"", "", ""}; !slices.Equal(s.bodies, want) {
		t.Errorf("bodies are %q, want none", s.bodies)
	}
}

func TestOrderThatCannotBeCancelledIsNotAskedForAgain(t *testing.T) {
	c, s := client(t, response{status: 409, body: `{"title":"The order cannot be cancelled","detail":"it is REJECTED"}`})
	_, err := c.Cancel(t.Context(), "a/b")
	const want = "cancel order a/b: the API answers 409 The order cannot be cancelled: it is REJECTED"
	if err == nil || err.Error() != want || !slices.Equal(s.calls, []string{"POST /orders/a%2Fb/cancellation"}) {
		t.Errorf("error is %v after %q, want %q", err, s.calls, want)
	}
}

func TestAnswerThatIsNoCancellationIsAnError(t *testing.T) {
	c, _ := client(t, response{status: 202, body: "<html>"})
	if got, err := c.Cancel(t.Context(), "o-1"); err == nil || got != (Cancellation{}) {
		t.Errorf("got %+v, %v, want an error", got, err)
	}
}

func TestOrderIsReadWhole(t *testing.T) {
	const text = `{"order_id":"o-1","user_id":"u","status":"PAID","version":2,"amount":5,"currency":"USD","recorded_at":"2026-03-01T09:30:00.125Z",` +
		`"history":[{"version":1,"status":"RECORDED","at":"2026-03-01T09:30:00.125Z"},{"version":2,"status":"PAID","at":"2026-03-01T09:30:01Z"}],"added_later":1}`
	c, _ := client(t, response{status: 200, body: text})
	o, err := c.Order(t.Context(), "o-1")
	if err != nil || o.Status != "PAID" || len(o.History) != 2 || o.History[1].At.Sub(o.RecordedAt) != 875*time.Millisecond {
		t.Errorf("got %+v, %v", o, err)
	}
}

// tokenServer hands out t1, t2 … for an hour each.
func tokenServer(t *testing.T) (*ShopTokens, *int) {
	t.Helper()
	served := new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != Scope || id != "client" || secret != "a%2Fb" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		*served++
		if err := json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("t", *served), "expires_in": 3600}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return NewShopTokens(server.URL, func(context.Context) (Credentials, error) { return Credentials{"client", "a/b"}, nil }), served
}

func TestTokenIsKeptUntilShortlyBeforeItsEnd(t *testing.T) {
	tokens, served := tokenServer(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tokens.now = func() time.Time { return now }
	for _, row := range []struct {
		later time.Duration
		want  string
	}{{0, "t1"}, {58 * time.Minute, "t1"}, {time.Minute, "t2"}} {
		now = now.Add(row.later)
		if got, err := tokens.Token(t.Context()); err != nil || got != row.want {
			t.Errorf("%s later: got %q, %v, want %q", row.later, got, err, row.want)
		}
	}
	tokens.Forget("t1")
	if got, err := tokens.Token(t.Context()); err != nil || got != "t2" || *served != 2 {
		t.Errorf("after another was forgotten: got %q, %v", got, err)
	}
	tokens.Forget("t2")
	if got, err := tokens.Token(t.Context()); err != nil || got != "t3" {
		t.Errorf("after it was forgotten: got %q, %v", got, err)
	}
}

func TestRefusedCredentialsAreSaid(t *testing.T) {
	tokens, _ := tokenServer(t)
	tokens.credentials = func(context.Context) (Credentials, error) { return Credentials{"client", "wrong"}, nil }
	_, err := tokens.Token(t.Context())
	if want := "get a shop's token: the token endpoint answers 400 Bad Request invalid_client"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}
