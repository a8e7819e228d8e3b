package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// lived returns an order with this history, a minute between changes.
func lived(changes ...order.Change) order.Order {
	o := order.New(order.Order{ID: "order-1", UserID: "user-1", Amount: 1999, Currency: "USD"}, noon)
	for _, c := range changes {
		c.Version, c.At = o.Version+1, noon.Add(time.Duration(o.Version)*time.Minute)
		o = o.With(c)
	}
	return o
}

func became(s order.Status, r order.Reason) order.Change { return order.Change{Status: s, Reason: r} }

func TestAnOrderClosesAsItsPaymentSays(t *testing.T) {
	declined := lived(became(order.Cancelling, order.CardDeclined))
	rejected := lived(became(order.Cancelling, order.UnknownUser))
	paid := lived(became(order.Paid, ""), became(order.Cancelling, order.RequestedByShop))
	late := lived(became(order.Cancelling, order.BlockedUser), became(order.Rejected, order.BlockedUser), became(order.Cancelling, order.LatePayment))
	redriven := lived(became(order.Paid, ""), became(order.Cancelling, order.RequestedByCustomer),
		became(order.NeedsAttention, order.RefundFailed), became(order.Cancelling, order.RequestedByOperator))
	redrivenRejection := lived(became(order.Cancelling, order.UnknownUser),
		became(order.NeedsAttention, order.PaymentUnresolved), became(order.Cancelling, order.RequestedByOperator))
	for _, c := range []struct {
		promise string
		order   order.Order
		payment order.PaymentStatus
		status  order.Status // empty: not yet
		reason  order.Reason
	}{
		{"declined", declined, order.PaymentDeclined, order.Cancelled, order.CardDeclined},
		{"voided", declined, order.PaymentVoided, order.Cancelled, order.CardDeclined},
		{"a rejection ends REJECTED", rejected, order.PaymentVoided, order.Rejected, order.UnknownUser},
		{"a rejection whose money came meanwhile is given back", rejected, order.PaymentReturned, order.Refunded, order.UnknownUser},
		{"paid and given back", paid, order.PaymentReturned, order.Refunded, order.RequestedByShop},
		{"late money of a rejected order", late, order.PaymentReturned, order.Refunded, order.LatePayment},
		{"an operator who asks again is not the reason", redriven, order.PaymentReturned, order.Refunded, order.RequestedByCustomer},
		{"nor does it unmake a rejection", redrivenRejection, order.PaymentVoided, order.Rejected, order.UnknownUser},
		{"captured", paid, order.PaymentSucceeded, "", ""},
		{"open", declined, order.PaymentOpen, "", ""},
		{"pending", declined, order.PaymentPending, "", ""},
		{"no row", declined, "", "", ""},
	} {
		d, err := c.order.Close(c.order.Version, "cause-1", c.payment, noon.Add(time.Hour))
		if c.status == "" {
			if !errors.Is(err, order.ErrTooEarly) {
				t.Errorf("%s: got %v, want ErrTooEarly", c.promise, err)
			}
			continue
		}
		want := order.Decision{
			Change:    order.Change{Version: c.order.Version + 1, Status: c.status, Reason: c.reason, At: noon.Add(time.Hour), Cause: "cause-1"},
			IfPayment: c.payment,
		}
		if diff := cmp.Diff(want, d); diff != "" || err != nil {
			t.Errorf("%s: error %v (-want +got)\n%s", c.promise, err, diff)
		}
	}
}

func TestOnlyTheVersionThatIsCancellingIsClosedOrParked(t *testing.T) {
	for _, s := range order.Statuses() {
		for _, version := range []int64{3, 4, 5} {
			o := in(s)
			_, closed := o.Close(version, "cause-1", order.PaymentVoided, noon)
			_, parked := o.Park(version, "cause-1", order.RefundFailed, noon)
			if s == order.Cancelling && version == o.Version {
				if closed != nil || parked != nil {
					t.Errorf("got %v and %v, want none", closed, parked)
				}
				continue
			}
			if !errors.Is(closed, order.ErrStale) || !errors.Is(parked, order.ErrStale) {
				t.Errorf("%s at version 4, asked for %d: got %v and %v, want ErrStale", s, version, closed, parked)
			}
		}
	}
}

func TestAParkedOrderSaysWhyAndDependsOnNoPayment(t *testing.T) {
	d, err := in(order.Cancelling).Park(4, "cause-1", order.RefundFailed, noon)
	want := order.Decision{Change: order.Change{Version: 5, Status: order.NeedsAttention, Reason: order.RefundFailed, At: noon, Cause: "cause-1"}}
	if diff := cmp.Diff(want, d); diff != "" || err != nil {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
}
