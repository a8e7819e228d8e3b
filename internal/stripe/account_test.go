package stripe_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

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
