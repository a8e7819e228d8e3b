package recordorder

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// Route is what the handler answers.
const Route = "POST /orders"

// MaxBody is the largest body, in bytes. Every valid order fits, and so do its events.
const MaxBody = 64 << 10

// Store keeps orders.
type Store interface {
	// Create stores o, unless an order of that id is stored; it returns what is stored then, and whether that is new.
	Create(ctx context.Context, o order.Order) (stored order.Order, created bool, err error)
}

// Handler answers POST /orders. The order's id is the body's order_id; where it has none, it is made from the
// Idempotency-Key. A request with both is known by its order_id, and the key is not looked at.
//
// The first request for an id stores the order. A later one of the same caller with the same content
// gets the same answer, also when the order has moved on since, with the header
// Idempotent-Replayed; any other gets a problem of type order-clash, which says nothing of the stored order.
type Handler struct {
	Orders Store
	Now    func() time.Time
}

// recorded is the answer's body. It holds only what never changes, so that a repetition gets it byte for byte.
type recorded struct {
	OrderID    order.ID     `json:"order_id"`
	Status     order.Status `json:"status"`
	RecordedAt string       `json:"recorded_at"`
}

// ServeHTTP implements [http.Handler].
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, ok := httpapi.CallerFrom(r.Context())
	if !ok || caller.Kind != httpapi.Shop {
		httpapi.Problem(w, r, problem.New(problem.Forbidden, "Only a shop's back end places orders."))
		return
	}
	o, refusal := read(w, r, caller)
	if refusal != nil {
		httpapi.Problem(w, r, *refusal)
		return
	}
	httpapi.NoteOrder(r.Context(), o.ID)
	stored, created, err := h.Orders.Create(r.Context(), order.New(o, h.Now()))
	if err != nil {
		httpapi.Unavailable(w, r, err)
		return
	}
	if stored.PlacedBy != o.PlacedBy || stored.PayloadHash != o.PayloadHash {
		httpapi.Problem(w, r, problem.New(problem.OrderClash, "The order's id or the Idempotency-Key was used before, for something else."))
		return
	}
	w.Header().Set("Location", "/orders/"+string(stored.ID))
	if !created {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	httpapi.JSON(w, http.StatusAccepted, recorded{
		OrderID:    stored.ID,
		Status:     order.Recorded,
		RecordedAt: stored.RecordedAt.UTC().Format(order.TimeLayout),
	})
}

// read returns the order that the request asks for, not yet recorded, or what is wrong with the request.
func read(w http.ResponseWriter, r *http.Request, caller httpapi.Caller) (order.Order, *problem.Problem) {
	if refusal := checkContentType(r.Header); refusal != nil {
		return order.Order{}, refusal
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		return order.Order{}, unreadable(err)
	}
	p, refusal := parse(body)
	if refusal != nil {
		return order.Order{}, refusal
	}
	id, refusal := identify(p, r.Header, caller)
	if refusal != nil {
		return order.Order{}, refusal
	}
	hash, err := payloadHash(caller, p)
	if err != nil {
		return order.Order{}, refuse(problem.Internal, "The order could not be read.")
	}
	return order.Order{
		ID:            id,
		UserID:        p.UserID,
		Amount:        p.Amount,
		Currency:      p.Currency,
		Items:         p.Items,
		PaymentMethod: p.PaymentMethod,
		PlacedBy:      caller.ID,
		PayloadHash:   hash,
		TraceParent:   httpapi.TraceParent(r.Header),
	}, nil
}

func refuse(t problem.Type, detail string) *problem.Problem {
	p := problem.New(t, detail)
	return &p
}

// checkContentType refuses everything but JSON in UTF-8 without a content coding.
func checkContentType(h http.Header) *problem.Problem {
	mediaType, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, given := parameters["charset"]
	switch {
	case err != nil, mediaType != "application/json", given && !strings.EqualFold(charset, "utf-8"):
		return refuse(problem.UnsupportedMediaType, "Send the body as application/json, in UTF-8.")
	case h.Get("Content-Encoding") != "" && !strings.EqualFold(h.Get("Content-Encoding"), "identity"):
		return refuse(problem.UnsupportedMediaType, "Send the body without a content coding.")
	}
	return nil
}

func unreadable(err error) *problem.Problem {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refuse(problem.BodyTooLarge, "The body may have at most 65536 bytes.")
	}
	return refuse(problem.MalformedBody, "The body ended early.")
}

// parse tells a body that is not JSON from one that is JSON but not an order.
func parse(body []byte) (PlaceOrder, *problem.Problem) {
	p, err := Decode(body)
	if err == nil {
		err = p.AddsUp()
	}
	if err == nil {
		return p, nil
	}
	refusal := problem.New(problem.InvalidOrder, "The body is not a valid order.")
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return PlaceOrder{}, &refusal
	}
	if wrong.Unreadable {
		refusal = problem.New(problem.MalformedBody, "The body is not exactly one JSON value.")
	}
	refusal = refusal.With(wrong.Violations)
	return PlaceOrder{}, &refusal
}

// identify returns the id that the order is to have.
func identify(p PlaceOrder, h http.Header, caller httpapi.Caller) (order.ID, *problem.Problem) {
	if p.OrderID != "" {
		return p.OrderID, nil
	}
	key, found, err := idempotencyKey(h)
	switch {
	case !found:
		return "", refuse(problem.NoOrderID, "Send an order_id in the body or an Idempotency-Key in the header.")
	case err != nil:
		return "", refuse(problem.InvalidKey, "The Idempotency-Key "+err.Error()+".")
	}
	return idFromKey(caller, key), nil
}
