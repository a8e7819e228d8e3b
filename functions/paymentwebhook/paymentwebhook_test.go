package paymentwebhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/problem"
)

// desk is everything behind the handler. Its notices are signed with "right".
type desk struct {
	notice  payment.Notice
	readErr error // of a notice whose signature is right

	stated     []event.Event
	reconciled []string
	err        error
	publishErr error
	published  []event.Event
}

func (d *desk) Read(_ context.Context, _ []byte, signature string) (payment.Notice, error) {
	if signature != "right" {
		return payment.Notice{}, payment.ErrForged
	}
	return d.notice, d.readErr
}

func (d *desk) Reconcile(_ context.Context, intentID string) ([]event.Event, error) {
	d.reconciled = append(d.reconciled, intentID)
	return d.stated, d.err
}

func (d *desk) Publish(_ context.Context, batch []event.Event) []error {
	d.published = append(d.published, batch...)
	errs := make([]error, len(batch))
	errs[0] = d.publishErr
	return errs
}

func newDesk() *desk {
	return &desk{notice: payment.Notice{ID: "evt_1", Type: "payment_intent.succeeded", IntentID: "pi_1"}}
}

// send posts a notice and returns the answer, with what the handler noted.
func (d *desk) send(t *testing.T, signature string, body string) (*httptest.ResponseRecorder, httpapi.Note) {
	t.Helper()
	var note httpapi.Note
	r := httptest.NewRequestWithContext(httpapi.WithNote(t.Context(), &note), http.MethodPost, "/webhooks/stripe", strings.NewReader(body))
	if signature != "" {
		r.Header.Set(paymentwebhook.SignatureHeader, signature)
	}
	w := httptest.NewRecorder()
	paymentwebhook.Handler{Notices: d, Reconciler: d, Publisher: d}.ServeHTTP(w, r)
	return w, note
}

func processed(t *testing.T) event.Event {
	t.Helper()
	return eventstest.Example[events.PaymentProcessed](t, "full")
}

func TestWhatTheRowSaysIsPublishedBeforeTheNoticeIsAcknowledged(t *testing.T) {
	d := newDesk()
	d.stated = []event.Event{processed(t)}
	w, note := d.send(t, "right", "{}")
	if w.Code != http.StatusOK || len(d.published) != 1 || !slices.Equal(d.reconciled, []string{"pi_1"}) {
		t.Errorf("got %d, %d events of %v", w.Code, len(d.published), d.reconciled)
	}
	if string(note.Order) != d.stated[0].Subject() {
		t.Errorf("noted order %q, want %q", note.Order, d.stated[0].Subject())
	}
	d.publishErr = errors.New("throttled")
	if w, _ := d.send(t, "right", "{}"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("unpublished: got %d, want 503", w.Code)
	}
}

func TestAForgedNoticeIsRefusedAndAsksNobody(t *testing.T) {
	for promise, signature := range map[string]string{"another secret": "wrong", "no signature": ""} {
		d := newDesk()
		w, note := d.send(t, signature, "{}")
		if w.Code != http.StatusBadRequest || typeOf(t, w) != problem.InvalidSignature || len(d.reconciled) > 0 {
			t.Errorf("%s: got %d, asked for %v", promise, w.Code, d.reconciled)
		}
		if note.Code != "invalid-signature" {
			t.Errorf("%s: noted code %q", promise, note.Code)
		}
	}
}

func TestANoticeThatIsRefusedSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err    error
		want   problem.Type
		detail string
		code   outcome.Code
	}{
		{payment.ErrOld, problem.InvalidSignature, "300 seconds", "invalid-signature"},
		{payment.ErrNotice, problem.MalformedBody, "not an event", "malformed-body"},
		{fmt.Errorf("it is 2020-08-27, ours 2026-03-25.dahlia: %w", payment.ErrAPIVersion), problem.UnsupportedVersion, "2020-08-27", paymentwebhook.CodeAPIVersion},
	} {
		d := newDesk()
		d.readErr = c.err
		w, note := d.send(t, "right", "{}")
		if w.Code != http.StatusBadRequest || typeOf(t, w) != c.want || note.Code != c.code {
			t.Errorf("%v: got %d %s, code %s", c.err, w.Code, w.Body, note.Code)
		}
		if !strings.Contains(w.Body.String(), c.detail) {
			t.Errorf("%v: the answer does not say %q: %s", c.err, c.detail, w.Body)
		}
		if len(d.reconciled) > 0 {
			t.Errorf("%v: asked for %v", c.err, d.reconciled)
		}
	}
}

func TestATypeThatDoesNotConcernOrdersIsAcknowledged(t *testing.T) {
	d := newDesk()
	d.notice = payment.Notice{ID: "evt_1", Type: "customer.created"}
	if w, _ := d.send(t, "right", "{}"); w.Code != http.StatusOK || len(d.reconciled) > 0 {
		t.Errorf("got %d, asked for %v", w.Code, d.reconciled)
	}
}

func TestAnIntentOfNobodysIsAcknowledged(t *testing.T) {
	d := newDesk()
	if w, _ := d.send(t, "right", "{}"); w.Code != http.StatusOK || len(d.published) > 0 {
		t.Errorf("got %d with %d events", w.Code, len(d.published))
	}
}

func TestWhatFailsComesAgain(t *testing.T) {
	locked := newDesk()
	locked.readErr = payment.ErrKey
	if w, note := locked.send(t, "right", "{}"); w.Code != http.StatusServiceUnavailable || note.Code != payment.CodeAuth {
		t.Errorf("without secrets: got %d, code %s", w.Code, note.Code)
	}
	d := newDesk()
	d.err = outcome.Transient(payment.CodeUnclear, payment.ErrUnclear)
	w, note := d.send(t, "right", "{}")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || note.Code != payment.CodeUnclear {
		t.Errorf("got %d, Retry-After %q, code %s", w.Code, w.Header().Get("Retry-After"), note.Code)
	}
}

func TestABodyThatIsTooLargeIsNotRead(t *testing.T) {
	d := newDesk()
	w, _ := d.send(t, "right", strings.Repeat(" ", paymentwebhook.MaxBody+1))
	if w.Code != http.StatusRequestEntityTooLarge || len(d.reconciled) > 0 {
		t.Errorf("got %d", w.Code)
	}
}

func TestWhatWasToldIsHandedOnToBeCounted(t *testing.T) {
	d := newDesk()
	d.stated = []event.Event{processed(t)}
	var told []event.Event
	h := paymentwebhook.Handler{Notices: d, Reconciler: d, Publisher: d, Told: func(out []event.Event) { told = out }}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/stripe", strings.NewReader("{}"))
	r.Header.Set(paymentwebhook.SignatureHeader, "right")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if len(told) != 1 {
		t.Errorf("got %d events, want the one that was published", len(told))
	}
}

func typeOf(t *testing.T, w *httptest.ResponseRecorder) problem.Type {
	t.Helper()
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return p.Type
}
