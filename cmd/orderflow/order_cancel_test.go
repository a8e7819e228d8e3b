package main

import (
	"net/http"
	"testing"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/order"
)

// cancel answers as cancel-order does. What was asked for shows at the second look after it.
func (s *stage) cancel(w http.ResponseWriter, id order.ID) {
	o, there := s.orders[id]
	answer := api.Cancellation{OrderID: id, Status: o.Status, Version: o.Version}
	switch {
	case !there:
		reply(w, http.StatusNotFound, api.Error{Title: "There is no such order"})
	case o.Status == order.Paid:
		s.asked[id] = 0
		answer.Cancellation = "requested"
		reply(w, http.StatusAccepted, answer)
	case o.Status == order.Cancelling:
		answer.Cancellation = "under_way"
		reply(w, http.StatusAccepted, answer)
	case o.Status == order.Cancelled || o.Status == order.Refunded:
		answer.Cancellation = "done"
		reply(w, http.StatusOK, answer)
	default:
		reply(w, http.StatusConflict, api.Error{Title: "The order cannot be cancelled", Detail: "The order is " + string(o.Status) + "."})
	}
}

// looked returns an order after whatever happens to it at this look.
func (s *stage) looked(id order.ID) (order.Order, bool) {
	o, there := s.orders[id]
	if looks, asked := s.asked[id]; asked && looks > 0 {
		delete(s.asked, id)
		o = become(o, order.RequestedByShop, order.Cancelling, order.Refunded)
		s.orders[id] = o
	} else if asked {
		s.asked[id]++
	}
	return o, there
}

// become returns o after it has become each of the statuses.
func become(o order.Order, why order.Reason, statuses ...order.Status) order.Order {
	for _, status := range statuses {
		o = o.With(order.Change{Version: o.Version + 1, Status: status, Reason: why, At: at})
	}
	return o
}

// holding returns a stage with order o-1, placed by its shop, that has become each of the statuses.
func holding(t *testing.T, why order.Reason, statuses ...order.Status) *stage {
	t.Helper()
	s := newStage(t)
	o := order.New(order.Order{ID: "o-1", UserID: "kim", Amount: 5, Currency: "USD", PlacedBy: "shop"}, at)
	s.orders["o-1"] = become(o, why, statuses...)
	return s
}

func TestPaidOrderIsCancelledAndFollowedUntilItIsRefunded(t *testing.T) {
	s := holding(t, "", order.Paid)
	call(t, s, "", "order", "cancel", "o-1", "--watch").want(t, exitOK,
		"order o-1 is PAID; cancellation requested\n", "CANCELLING (requested_by_shop)", "REFUNDED (requested_by_shop)")
	call(t, s, "", "order", "cancel", "o-1", "--watch").want(t, exitOK, "order o-1 is REFUNDED; cancellation done\n")
	call(t, s, "", "order", "cancel", "o-1", "--json").want(t, exitOK,
		`{"order_id":"o-1","status":"REFUNDED","version":4,"cancellation":"done"}`+"\n")
}

func TestPaidOrderIsNotAtRestWhileItsCancellationIsAskedFor(t *testing.T) {
	call(t, holding(t, "", order.Paid), "", "order", "cancel", "o-1", "--watch", "--timeout", "1ms").
		want(t, exitDisagree, "did not come to rest: order o-1 is PAID after 1ms")
}

func TestCancellationUnderWayIsSaidSo(t *testing.T) {
	call(t, holding(t, order.CardDeclined, order.Cancelling), "", "order", "cancel", "o-1").
		want(t, exitOK, "order o-1 is CANCELLING; cancellation under way\n")
}

func TestOrderThatCannotBeCancelledIsWrongInput(t *testing.T) {
	call(t, holding(t, order.UnknownUser, order.Cancelling, order.Rejected), "", "order", "cancel", "o-1", "--watch").
		want(t, exitUsage, "cancel order o-1: the API answers 409 The order cannot be cancelled: The order is REJECTED.")
}

func TestCancellationOfAnUnknownOrderIsNotFound(t *testing.T) {
	call(t, newStage(t), "", "order", "cancel", "o-1").want(t, exitNotFound, "cancel order o-1: no such order")
}

func TestWatchEndsInEveryStatusThatNothingLeavesByItself(t *testing.T) {
	for last, row := range map[order.Status]struct {
		code int
		says string
	}{
		order.Paid:           {exitOK, "PAID"},
		order.Cancelled:      {exitOK, "CANCELLED"},
		order.Rejected:       {exitOK, "REJECTED"},
		order.Refunded:       {exitOK, "REFUNDED"},
		order.NeedsAttention: {exitDisagree, "the order needs attention: order o-1 is NEEDS_ATTENTION (refund_failed)"},
		order.Cancelling:     {exitDisagree, "did not come to rest"},
		order.Recorded:       {exitDisagree, "did not come to rest"},
	} {
		t.Run(string(last), func(t *testing.T) {
			s := holding(t, order.RefundFailed, last)
			call(t, s, "", "order", "watch", "o-1", "--timeout", "1ms").want(t, row.code, row.says)
		})
	}
}
