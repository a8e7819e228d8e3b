// Package cancelorder is POST /orders/{order_id}/cancellation: the customer whose an order is, or the shop that placed it, asks for it to be cancelled.
//
// The stage stores nothing: it publishes the request, and answers once the bus
// has it. What the bus did not take was not asked, and the caller is told so.
package cancelorder

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
)

// Route is what the handler answers.
const Route = "POST /orders/{order_id}/cancellation"

// Orders reads orders.
type Orders interface {
	// Get returns order.ErrNotFound where there is none.
	Get(ctx context.Context, id order.ID) (order.Order, error)
}

// Publisher publishes events.
type Publisher interface {
	// Publish returns one error for each event, in the same order. A permanent one, by package outcome, never goes away.
	Publish(ctx context.Context, batch []event.Event) []error
}

// Handler answers [Route]. All fields are required.
//
// There is nothing to say in the request's body. None and an empty JSON object are the same; whatever
// else stands there is refused rather than passed over, because who writes "only these items" or
// "next week" would have the whole order cancelled at once.
//
// Asking again does no harm: of an order that nobody has changed since, it is the same request, with the same
// event id; of one that is being cancelled, or is, the answer says so and nothing is published.
type Handler struct {
	Orders    Orders
	Publisher Publisher
	Now       func() time.Time
}

// ServeHTTP implements [http.Handler].
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, ok := httpapi.CallerFrom(r.Context())
	if !ok {
		httpapi.Problem(w, r, problem.New(problem.Forbidden, "Only a shop's or a customer's access token cancels orders."))
		return
	}
	id := order.ID(r.PathValue("order_id"))
	if !id.Valid() {
		notFound(w, r)
		return
	}
	httpapi.NoteOrder(r.Context(), id)
	if refusal := checkBody(w, r); refusal != nil {
		httpapi.Problem(w, r, *refusal)
		return
	}
	o, err := h.Orders.Get(r.Context(), id)
	switch {
	case errors.Is(err, order.ErrNotFound):
		notFound(w, r)
	case err != nil:
		httpapi.Unavailable(w, r, err)
	case !caller.MaySee(o):
		notFound(w, r)
	default:
		h.cancel(w, r, caller, o)
	}
}

// notFound is one answer for what does not exist and for what is another's, and get-order's too.
func notFound(w http.ResponseWriter, r *http.Request) {
	httpapi.Problem(w, r, problem.New(problem.NotFound, "There is no such order."))
}

// cancel answers by where o stands, and asks first where there is something to ask for.
func (h Handler) cancel(w http.ResponseWriter, r *http.Request, caller httpapi.Caller, o order.Order) {
	state, refusal := standing(o.Status)
	if refusal != nil {
		httpapi.Problem(w, r, *refusal)
		return
	}
	if state == Requested {
		if err := h.ask(r, caller, o); err != nil {
			unpublished(w, r, err)
			return
		}
	}
	accept(w, o, state)
}

// ask publishes the caller's request to cancel o as the caller sees it now.
func (h Handler) ask(r *http.Request, caller httpapi.Caller, o order.Order) error {
	e, err := request(caller, o, h.Now(), httpapi.TraceParent(r.Header))
	if err != nil {
		return outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	return errors.Join(h.Publisher.Publish(r.Context(), []event.Event{e})...)
}

// request is the event by which caller asks, at now, for o to be cancelled.
func request(caller httpapi.Caller, o order.Order, now time.Time, traceParent string) (event.Event, error) {
	asked := events.OrderCancelRequested{
		OrderID: o.ID, Reason: order.RequestedByCustomer, RequestedBy: order.AskedByCustomer, SeenVersion: o.Version,
	}
	if caller.Kind == httpapi.Shop {
		asked.Reason, asked.RequestedBy = order.RequestedByShop, order.AskedByShop
	}
	return events.New(asked, now.UTC().Truncate(time.Millisecond), events.Cause{TraceParent: traceParent})
}

// unpublished answers that the request is not on the bus, or may not be.
func unpublished(w http.ResponseWriter, r *http.Request, err error) {
	if kind, code := outcome.Of(err); kind == outcome.KindPermanent {
		httpapi.NoteCode(r.Context(), code)
		httpapi.Problem(w, r, problem.New(problem.Internal, "The order could not be cancelled."))
		return
	}
	httpapi.Unavailable(w, r, err)
}
