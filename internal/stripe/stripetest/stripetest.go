// Package stripetest joins the Stripe adapter to a handler in the same process, so that tests of the stages go through the real client without a socket.
package stripetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/orderflow/orderflow/internal/stripe"
)

// Key is a test key that is always the same. It is a stripe.Keys.
type Key string

// Key returns k.
func (k Key) Key(context.Context) (string, error) { return string(k), nil }

// Renew returns k.
func (k Key) Renew(context.Context, string) (string, error) { return string(k), nil }

// New returns a client whose calls h answers.
func New(h http.Handler, now func() time.Time) *stripe.Client {
	return stripe.New(Key("sk_test_orderflow"), stripe.Options{
		BaseURL: "http://stripe.test", Transport: Transport{h}, Now: now,
	})
}

// Transport is a RoundTripper that calls a handler. As on a network, the handler goes on when the caller stops waiting,
// and a handler that aborts leaves the caller without an answer.
type Transport struct {
	Handler http.Handler
}

// RoundTrip returns what the handler answers.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answers := make(chan *http.Response, 1)
	go func() {
		defer close(answers)
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // a panic value, as net/http compares it
				panic(p)
			}
		}()
		w := httptest.NewRecorder()
		t.Handler.ServeHTTP(w, r)
		answers <- w.Result()
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case a, ok := <-answers:
		if !ok {
			return nil, http.ErrServerClosed
		}
		return a, nil
	}
}
