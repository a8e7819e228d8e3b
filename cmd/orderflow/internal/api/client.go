// Package api is a shop's side of the HTTP API: it places, reads and cancels orders, with a token that it renews and with retries that never place an order twice.
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/orderflow/orderflow/internal/strictjson"
)

// ErrNotFound means that there is no such order, or that it is somebody else's.
var ErrNotFound = errors.New("no such order")

const (
	attemptTimeout  = 30 * time.Second
	maxTries        = 10
	firstPause      = 200 * time.Millisecond
	longestPause    = 10 * time.Second
	maxAnswer       = 1 << 20
	maxIdlePerHost  = 256
	contentTypeJSON = "application/json"
)

// Tokens gives access tokens.
type Tokens interface {
	// Token returns one that is still valid for a while.
	Token(ctx context.Context) (string, error)
	// Forget drops a token that the API does not take.
	Forget(token string)
}

// Client calls the API of one stage. It is safe for concurrent use.
type Client struct {
	base   string
	tokens Tokens
	http   *http.Client
	pause  time.Duration
}

// New returns a client of the API at base, an address without a slash at its end.
func New(base string, tokens Tokens) *Client {
	return &Client{base: base, tokens: tokens, http: newHTTP(), pause: firstPause}
}

func newHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = maxIdlePerHost, maxIdlePerHost
	return &http.Client{Transport: transport, Timeout: attemptTimeout}
}

// Error is an answer that is not a success: a problem by RFC 9457 where the API gave one.
type Error struct {
	Status     int                    `json:"status"`
	Type       string                 `json:"type"`
	Title      string                 `json:"title"`
	Detail     string                 `json:"detail"`
	Violations []strictjson.Violation `json:"errors"`
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the API answers %d %s", e.Status, cmp.Or(e.Title, http.StatusText(e.Status)))
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, v := range e.Violations {
		fmt.Fprintf(&b, "\n  %s %s", cmp.Or(v.Pointer, "(body)"), v.Detail)
	}
	return b.String()
}

// answer is a successful response and how it came about.
type answer struct {
	header  http.Header
	body    []byte
	took    time.Duration // of the last attempt
	retries int
}

// call sends a request until it is answered for good. Attempts that got no
// answer, 429 or 5xx are made again with growing pauses, and once with a new token after 401.
func (c *Client) call(ctx context.Context, method, path string, body []byte) (answer, error) {
	retries, renewed := 0, false
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = c.pause, longestPause
	a, err := backoff.Retry(ctx, func() (answer, error) {
		return c.attempt(ctx, method, path, body, &renewed)
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(error, time.Duration) { retries++ }))
	a.retries = retries
	if e, ok := errors.AsType[*Error](err); ok {
		return a, e // without the retry instructions around it
	}
	return a, err
}

func (c *Client) attempt(ctx context.Context, method, path string, body []byte, renewed *bool) (answer, error) {
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return answer{}, backoff.Permanent(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, backoff.Permanent(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", contentTypeJSON)
	}
	began := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	if res.StatusCode < http.StatusMultipleChoices {
		return answer{header: res.Header, body: text, took: time.Since(began)}, nil
	}
	if res.StatusCode == http.StatusUnauthorized && !*renewed {
		*renewed = true
		c.tokens.Forget(token)
		return answer{}, problem(res, text)
	}
	return answer{}, retryable(problem(res, text), res.Header.Get("Retry-After"))
}

// problem reads an error's body. One that is no problem+json leaves all but the status empty.
func problem(res *http.Response, text []byte) *Error {
	e := &Error{}
	if json.Unmarshal(text, e) != nil {
		e = &Error{}
	}
	e.Status = res.StatusCode
	return e
}

// retryable marks e by whether the same request may be answered otherwise later, and when.
func retryable(e *Error, retryAfter string) error {
	if e.Status != http.StatusTooManyRequests && e.Status < http.StatusInternalServerError {
		return backoff.Permanent(e)
	}
	if seconds, err := strconv.Atoi(retryAfter); err == nil && seconds > 0 {
		return errors.Join(e, backoff.RetryAfter(seconds))
	}
	return e
}
