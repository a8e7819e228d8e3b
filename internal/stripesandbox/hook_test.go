package stripesandbox_test

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

const secret = "whsec_test"

// hook is a webhook endpoint without a network.
type hook struct {
	t       *testing.T
	sandbox *stripesandbox.Sandbox
	mu      sync.Mutex
	status  int // of its answers; 0 is none
	got     []stripe.Event
	forged  []string // bodies that nobody with the secret signed
	at      []time.Time
	header  http.Header // of the last
}

// newHook returns a sandbox that sends one webhook at a time, inside a bubble of time.
func newHook(t *testing.T, types ...string) *hook {
	t.Helper()
	h := &hook{t: t, status: http.StatusOK}
	h.sandbox = stripesandbox.New(stripesandbox.Options{Send: h.answer, WebhookConcurrency: 1})
	h.set(stripesandbox.WebhookEndpoint{URL: "http://flow.test/hook", Secrets: []string{secret}, Types: types})
	return h
}

func (h *hook) set(w stripesandbox.WebhookEndpoint) {
	h.t.Helper()
	if err := h.sandbox.SetWebhook(w); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hook) fault(f stripesandbox.WebhookFault) {
	h.t.Helper()
	if err := h.sandbox.AddWebhookFault(f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hook) answers(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *hook) answer(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body) // from memory
	h.mu.Lock()
	defer h.mu.Unlock()
	e, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), secret)
	if err != nil {
		h.forged = append(h.forged, string(body))
	} else {
		h.got = append(h.got, e)
	}
	h.at, h.header = append(h.at, time.Now()), r.Header
	if h.status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: h.status, Body: http.NoBody}, nil
}

// types is what has arrived so far, once everything stands still.
func (h *hook) types() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.got {
		out = append(out, string(e.Type))
	}
	return out
}

func (h *hook) want(types ...string) {
	h.t.Helper()
	if diff := cmp.Diff(types, h.types()); diff != "" {
		h.t.Errorf("arrived (-want +got):\n%s", diff)
	}
}

func (h *hook) wantState(want stripesandbox.Webhooks) {
	h.t.Helper()
	synctest.Wait()
	if got := h.sandbox.Webhooks(); got != want {
		h.t.Errorf("webhooks %+v, want %+v", got, want)
	}
}

// pass lets the bubble's time pass, and what is due then happen.
func (h *hook) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// bubble runs a test in a bubble of time and closes the sandbox.
func bubble(t *testing.T, run func(t *testing.T, h *hook), types ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t, types...)
		defer h.sandbox.Close()
		run(t, h)
	})
}
