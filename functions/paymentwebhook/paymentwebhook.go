// Package paymentwebhook is POST /webhooks/stripe: the provider says that something happened to a payment, and the flow is told what the provider then shows.
//
// A notice is believed for its signature, never for what it says. It names an intent; the
// provider is asked how that stands, the payments row is brought up to date, and all that
// the row says is published. So a notice that comes twice, late, out of order or
// before the answer to the call that caused it changes nothing, and one that
// never comes is only late: the sweep asks for it.
package paymentwebhook

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/problem"
)

// Route is what the handler answers.
const Route = "POST /webhooks/stripe"

// SignatureHeader holds the provider's signature (https://docs.stripe.com/webhooks/signature).
const SignatureHeader = "Stripe-Signature"

// MaxBody is the largest notice that is read, in bytes. Stripe's hold one object and stay far below.
const MaxBody = 256 << 10

// CodeAPIVersion is the code of a notice in another version of the provider's API. The webhook endpoint has to be set to ours.
const CodeAPIVersion outcome.Code = "webhook_api_version"

// Notices reads what the provider sends.
type Notices interface {
	// Read checks the signature over the payload's very bytes, and returns what the payload is about. The error is one of payment's: ErrForged,
	// ErrOld, ErrAPIVersion, ErrNotice, or ErrKey where it could not be found out what the provider signs with.
	Read(ctx context.Context, payload []byte, signature string) (payment.Notice, error)
}

// Reconciler holds the payments row against the provider.
type Reconciler interface {
	// Reconcile returns all that the row of the intent's order says after it was brought up to date.
	Reconcile(ctx context.Context, intentID string) ([]event.Event, error)
}

// Publisher publishes events, and returns one error for each, in the same order.
type Publisher interface {
	Publish(ctx context.Context, batch []event.Event) []error
}

// Handler answers [Route]. Everything that is to come again is answered with 503: the provider sends it again for days.
type Handler struct {
	Notices    Notices
	Reconciler Reconciler
	Publisher  Publisher
	// Told is called with what was published, so that it can be counted. Nil counts nothing.
	Told func([]event.Event)
}

// received acknowledges a notice.
type received struct {
	Received bool `json:"received"`
	Stated   int  `json:"stated"` // events published
}

// ServeHTTP implements [http.Handler].
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		httpapi.Problem(w, r, problem.New(problem.BodyTooLarge, "The notice could not be read, or has over 262144 bytes."))
		return
	}
	notice, err := h.Notices.Read(r.Context(), payload, r.Header.Get(SignatureHeader))
	if err != nil {
		refuse(w, r, err)
		return
	}
	out, err := h.state(r.Context(), notice)
	if err != nil {
		httpapi.Unavailable(w, r, err)
		return
	}
	if len(out) > 0 && h.Told != nil {
		h.Told(out)
	}
	httpapi.JSON(w, http.StatusOK, received{Received: true, Stated: len(out)})
}

// state publishes what there is to say after the notice. One of a type that does not concern orders is acknowledged.
func (h Handler) state(ctx context.Context, notice payment.Notice) ([]event.Event, error) {
	if notice.IntentID == "" {
		return nil, nil
	}
	out, err := h.Reconciler.Reconcile(ctx, notice.IntentID)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	httpapi.NoteOrder(ctx, order.ID(out[0].Subject()))
	return out, errors.Join(h.Publisher.Publish(ctx, out)...)
}

// refuse answers a notice that could not be read. The versions of the API are no secret, and are named.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, payment.ErrForged):
		httpapi.Problem(w, r, problem.New(problem.InvalidSignature, "The signature is not one of this body by a secret of this endpoint."))
	case errors.Is(err, payment.ErrOld):
		httpapi.Problem(w, r, problem.New(problem.InvalidSignature, "The signature's time is more than 300 seconds from now."))
	case errors.Is(err, payment.ErrAPIVersion):
		httpapi.NoteCode(r.Context(), CodeAPIVersion)
		httpapi.Problem(w, r, problem.New(problem.UnsupportedVersion, err.Error()))
	case errors.Is(err, payment.ErrNotice):
		httpapi.Problem(w, r, problem.New(problem.MalformedBody, "The body is not an event of the provider's."))
	default:
		httpapi.Unavailable(w, r, payment.Classify(err))
	}
}
