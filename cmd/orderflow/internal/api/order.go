package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// PlaceOrder is the body of POST /orders.
type PlaceOrder struct {
	OrderID       order.ID       `json:"order_id"` // always sent, so that an attempt can be repeated
	UserID        order.UserID   `json:"user_id"`
	Amount        int64          `json:"amount"` // minor units
	Currency      money.Currency `json:"currency"`
	Items         []order.Item   `json:"items,omitempty"`
	PaymentMethod string         `json:"payment_method,omitempty"`
}

// Placed is how the API took an order.
type Placed struct {
	Replayed bool          // it had the order already
	Took     time.Duration // from sending the attempt that was answered to its answer
	Retries  int           // attempts before that one
}

// Order is an order as the API shows it.
type Order struct {
	ID         order.ID       `json:"order_id"`
	UserID     order.UserID   `json:"user_id"`
	Status     order.Status   `json:"status"`
	Version    int64          `json:"version"`
	Reason     order.Reason   `json:"reason,omitempty"`
	Amount     int64          `json:"amount"` // minor units
	Currency   money.Currency `json:"currency"`
	Items      []order.Item   `json:"items,omitempty"`
	RecordedAt time.Time      `json:"recorded_at"`
	History    []Change       `json:"history"` // oldest first
}

// Change is one entry of an order's history.
type Change struct {
	Version int64        `json:"version"`
	Status  order.Status `json:"status"`
	Reason  order.Reason `json:"reason,omitempty"`
	At      time.Time    `json:"at"`
}

// Place places an order. Placing the same one again changes nothing. A refusal is an *[Error].
func (c *Client) Place(ctx context.Context, o PlaceOrder) (Placed, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return Placed{}, fmt.Errorf("place order %s: %w", o.OrderID, err)
	}
	a, err := c.call(ctx, http.MethodPost, "/orders", body)
	if err != nil {
		return Placed{Retries: a.retries}, fmt.Errorf("place order %s: %w", o.OrderID, err)
	}
	return Placed{Replayed: a.header.Get("Idempotent-Replayed") == "true", Took: a.took, Retries: a.retries}, nil
}

// Cancellation is how the API took the wish to cancel an order. Status and version are the order's when it was asked.
type Cancellation struct {
	OrderID      order.ID     `json:"order_id"`
	Status       order.Status `json:"status"`
	Version      int64        `json:"version"`
	Cancellation string       `json:"cancellation"` // requested, under_way or done
}

// Cancel asks for an order that this shop placed to be cancelled. Asking again changes nothing. The error is ErrNotFound where
// there is none; a refusal is an *[Error], of status 409 where the order's own status does not allow it.
func (c *Client) Cancel(ctx context.Context, id order.ID) (Cancellation, error) {
	a, err := c.call(ctx, http.MethodPost, "/orders/"+url.PathEscape(string(id))+"/cancellation", nil)
	if err != nil {
		return Cancellation{}, fmt.Errorf("cancel order %s: %w", id, missing(err))
	}
	var got Cancellation
	if err := json.Unmarshal(a.body, &got); err != nil {
		return Cancellation{}, fmt.Errorf("cancel order %s: the answer is no cancellation: %w", id, err)
	}
	return got, nil
}

// missing returns ErrNotFound for the API's answer that there is no such order, and any other error as it is.
func missing(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusNotFound {
		return ErrNotFound
	}
	return err
}

// Order reads an order that this shop placed. The error is ErrNotFound where there is none.
func (c *Client) Order(ctx context.Context, id order.ID) (Order, error) {
	a, err := c.call(ctx, http.MethodGet, "/orders/"+url.PathEscape(string(id)), nil)
	if err != nil {
		return Order{}, fmt.Errorf("get order %s: %w", id, missing(err))
	}
	var o Order
	if err := json.Unmarshal(a.body, &o); err != nil {
		return Order{}, fmt.Errorf("get order %s: the answer is no order: %w", id, err)
	}
	return o, nil
}
