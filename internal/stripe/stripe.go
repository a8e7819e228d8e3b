// Package stripe makes, confirms, cancels, refunds and reads payment intents at Stripe and reads its webhooks, and says what Stripe's answers and errors mean in the terms of package payment.
package stripe

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/payment"
)

// DefaultTimeout is how long a call may take, in place of stripe-go's 80 seconds. Issuers answer within a few seconds; a
// longer wait would outlast the function, and the queue asks again anyway.
const DefaultTimeout = 8 * time.Second

// sideBySide is how many calls run at the same time: at most one for each record of a batch.
const sideBySide = 10

// Keys gives the secret API key.
type Keys interface {
	// Key returns the key to use now.
	Key(ctx context.Context) (string, error)
	// Renew returns the key to use after Stripe turned refused down; it may be the same.
	Renew(ctx context.Context, refused string) (string, error)
}

// Options configure a Client. The zero value speaks to Stripe itself.
type Options struct {
	BaseURL   string            // of the API; Stripe's own if empty
	Timeout   time.Duration     // of a call; DefaultTimeout if zero
	Transport http.RoundTripper // one that keeps a batch's connections if nil
	Now       func() time.Time  // time.Now if nil
}

// Client is Stripe's API for one account. It is safe for concurrent use.
//
// It does not repeat calls: after an unclear answer the caller retrieves the intent, and the queue is the outer retry.
type Client struct {
	keys     Keys
	backends *stripe.Backends
	now      func() time.Time

	mu     sync.Mutex
	key    string
	client *stripe.Client // of key
}

// New returns a client that asks keys for its API key.
func New(keys Keys, o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = transport()
	}
	config := &stripe.BackendConfig{
		HTTPClient:        &http.Client{Timeout: o.Timeout, Transport: o.Transport},
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
		// Its messages quote what Stripe answered.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if o.BaseURL != "" {
		config.URL = stripe.String(o.BaseURL)
	}
	return &Client{keys: keys, backends: stripe.NewBackendsWithConfig(config), now: o.Now}
}

// transport is http.DefaultTransport, but keeps as many connections as there are calls side by side. Of the default's two, all
// others would be made anew, TLS and all, for each call.
func transport() http.RoundTripper {
	d, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := d.Clone()
	t.MaxIdleConnsPerHost = sideBySide
	return t
}

// request is one call of the API, or one list with all its pages. Its errors went through translate.
type request[T any] func(ctx context.Context, api *stripe.Client) (T, error)

// do calls the API, once more if Stripe refuses a key that has been replaced meanwhile.
func do[T any](ctx context.Context, c *Client, call request[T]) (T, error) {
	var none T
	key, err := c.keys.Key(ctx)
	if err != nil {
		return none, fmt.Errorf("%w: %w", payment.ErrKey, err)
	}
	out, err := call(ctx, c.clientFor(key))
	if !keyRefused(err) {
		return out, err
	}
	renewed, renewErr := c.keys.Renew(ctx, key)
	if renewErr != nil {
		return none, fmt.Errorf("%w: %w", payment.ErrKey, renewErr)
	}
	if renewed == key {
		return none, err
	}
	return call(ctx, c.clientFor(renewed))
}

// clientFor returns the client of a key. All share the connections.
func (c *Client) clientFor(key string) *stripe.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil || c.key != key {
		c.key, c.client = key, stripe.NewClient(key, stripe.WithBackends(c.backends))
	}
	return c.client
}
