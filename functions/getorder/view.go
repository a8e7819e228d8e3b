package getorder

import (
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// summary is an order in a list. It has neither items nor history, so that the longest list stays
// far below the 6 MB that a function may answer.
type summary struct {
	OrderID    order.ID       `json:"order_id"`
	UserID     order.UserID   `json:"user_id"`
	Status     order.Status   `json:"status"`
	Version    int64          `json:"version"`
	Reason     order.Reason   `json:"reason,omitempty"`
	Amount     int64          `json:"amount"` // minor units
	Currency   money.Currency `json:"currency"`
	RecordedAt string         `json:"recorded_at"`
}

// view is an order on its own. What only the shop and orderflow need stays out: who placed it, the
// payload's hash, the payment method, the causes in the history.
type view struct {
	summary
	Items   []order.Item `json:"items,omitempty"`
	History []change     `json:"history"` // oldest first
}

type change struct {
	Version int64        `json:"version"`
	Status  order.Status `json:"status"`
	Reason  order.Reason `json:"reason,omitempty"`
	At      string       `json:"at"`
}

type page struct {
	Orders     []summary `json:"orders"`                // newest first
	NextCursor string    `json:"next_cursor,omitempty"` // absent on the last page
}

func summaryOf(o order.Order) summary {
	return summary{
		OrderID:    o.ID,
		UserID:     o.UserID,
		Status:     o.Status,
		Version:    o.Version,
		Reason:     o.Reason,
		Amount:     o.Amount,
		Currency:   o.Currency,
		RecordedAt: text(o.RecordedAt),
	}
}

func viewOf(o order.Order) view {
	v := view{summary: summaryOf(o), Items: o.Items, History: []change{}}
	for _, c := range o.History {
		v.History = append(v.History, change{c.Version, c.Status, c.Reason, text(c.At)})
	}
	return v
}

func pageOf(orders []order.Order, next string) page {
	p := page{Orders: []summary{}, NextCursor: next}
	for _, o := range orders {
		p.Orders = append(p.Orders, summaryOf(o))
	}
	return p
}

func text(t time.Time) string { return t.UTC().Format(order.TimeLayout) }
