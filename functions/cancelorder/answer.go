package cancelorder

import (
	"net/http"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

// Cancellation is how far the cancellation of an order has come.
type Cancellation string

// The answers to who asks for a cancellation and is not refused.
const (
	Requested Cancellation = "requested" // 202: the request is on the bus
	UnderWay  Cancellation = "under_way" // 202: the order is being cancelled already
	Done      Cancellation = "done"      // 200: the order is cancelled, and what was paid is returned or on its way
)

// standing says how far the cancellation of an order in s has come once it is asked for, or why there can be none.
func standing(s order.Status) (Cancellation, *problem.Problem) {
	switch s {
	case order.Recorded, order.Paid:
		return Requested, nil
	case order.Cancelling:
		return UnderWay, nil
	case order.Cancelled, order.Refunded:
		return Done, nil
	case order.Rejected:
		return "", refuse(problem.NotCancellable, "The order is REJECTED: it was never accepted and nothing was charged, so there is nothing to cancel.")
	default: // NEEDS_ATTENTION, and a status that is not known here
		return "", refuse(problem.NotCancellable, "The order is "+string(s)+": somebody has to look at its payment first. Follow the order, or contact the shop.")
	}
}

// answer is the body of every answer that is not a problem. Status and version are the order's before
// the request takes effect.
type answer struct {
	OrderID      order.ID     `json:"order_id"`
	Status       order.Status `json:"status"`
	Version      int64        `json:"version"`
	Cancellation Cancellation `json:"cancellation"`
}

// accept answers that the cancellation of o is on its way or done, and where to follow it.
func accept(w http.ResponseWriter, o order.Order, c Cancellation) {
	status := http.StatusAccepted
	if c == Done {
		status = http.StatusOK
	}
	w.Header().Set("Location", "/orders/"+string(o.ID))
	httpapi.JSON(w, status, answer{OrderID: o.ID, Status: o.Status, Version: o.Version, Cancellation: c})
}
