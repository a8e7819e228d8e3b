// Package getorder is GET /orders/{order_id} and GET /orders: it shows an order to the shop that placed it and to the customer whose it is.
package getorder

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

// The routes that the handler answers.
const (
	RouteOne  = "GET /orders/{order_id}"
	RouteList = "GET /orders"
)

// Bounds of the list's parameter limit.
const (
	MaxLimit     = 100
	DefaultLimit = 20
)

// Orders reads orders.
type Orders interface {
	// Get returns order.ErrNotFound where there is none.
	Get(ctx context.Context, id order.ID) (order.Order, error)
	// ListByUser returns a page of a user's orders, newest first, and the next page's cursor, empty behind the last.
	// An empty cursor is the first page's; one of another list is order.ErrBadCursor.
	ListByUser(ctx context.Context, user order.UserID, cursor string, limit int) (page []order.Order, next string, err error)
}

// Handler answers [RouteOne] and [RouteList]. It goes by the request's Pattern, which a
// [http.ServeMux] or the gateway has set.
type Handler struct {
	Orders Orders
}

// ServeHTTP implements [http.Handler].
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, ok := httpapi.CallerFrom(r.Context())
	switch {
	case !ok:
		httpapi.Problem(w, r, problem.New(problem.Forbidden, "Only a shop's or a customer's access token shows orders."))
	case r.Pattern == RouteOne:
		h.one(w, r, caller)
	case r.Pattern == RouteList:
		h.list(w, r, caller)
	default:
		notFound(w, r)
	}
}

func (h Handler) one(w http.ResponseWriter, r *http.Request, caller httpapi.Caller) {
	id := order.ID(r.PathValue("order_id"))
	if !id.Valid() {
		notFound(w, r)
		return
	}
	httpapi.NoteOrder(r.Context(), id)
	o, err := h.Orders.Get(r.Context(), id)
	switch {
	case errors.Is(err, order.ErrNotFound):
		notFound(w, r)
	case err != nil:
		httpapi.Unavailable(w, r, err)
	case !caller.MaySee(o):
		notFound(w, r)
	default:
		httpapi.JSON(w, http.StatusOK, viewOf(o))
	}
}

// notFound is one answer for what does not exist and for what is another's.
func notFound(w http.ResponseWriter, r *http.Request) {
	httpapi.Problem(w, r, problem.New(problem.NotFound, "There is no such order."))
}

func (h Handler) list(w http.ResponseWriter, r *http.Request, caller httpapi.Caller) {
	if caller.Kind != httpapi.Customer {
		httpapi.Problem(w, r, problem.New(problem.Forbidden, "Only a customer lists orders: its own."))
		return
	}
	cursor, limit, wrong := parameters(r.URL.RawQuery)
	if wrong != "" {
		httpapi.Problem(w, r, problem.New(problem.InvalidParameter, wrong))
		return
	}
	orders, next, err := h.Orders.ListByUser(r.Context(), caller.UserID, cursor, limit)
	switch {
	case errors.Is(err, order.ErrBadCursor):
		httpapi.Problem(w, r, problem.New(problem.InvalidParameter, badCursor))
	case err != nil:
		httpapi.Unavailable(w, r, err)
	default:
		httpapi.JSON(w, http.StatusOK, pageOf(orders, next))
	}
}

const badCursor = "cursor must be a next_cursor that this list gave."

// parameters reads the list's query; wrong says what is wrong with it. Parameters that are not ours are passed over.
func parameters(rawQuery string) (cursor string, limit int, wrong string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return "", 0, "The query is not well formed."
	}
	limit = DefaultLimit
	if values, given := query["limit"]; given {
		if limit, err = strconv.Atoi(values[0]); err != nil || len(values) > 1 || limit < 1 || limit > MaxLimit {
			return "", 0, "limit must be a number from 1 to " + strconv.Itoa(MaxLimit) + "."
		}
	}
	if values, given := query["cursor"]; given {
		if cursor = values[0]; cursor == "" || len(values) > 1 {
			return "", 0, badCursor
		}
	}
	return cursor, limit, ""
}
