// Package payment holds the payments row, the record of what was asked of the payment provider for one order, and decides what its answers mean.
package payment

import (
	"errors"
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// ErrConflict means that the row's revision is not the one that the writer had read. Read again.
var ErrConflict = errors.New("payments row has changed")

// Row is the payments row of an order. The zero Row, with revision 0, stands for none.
type Row struct {
	OrderID  order.ID
	Status   order.PaymentStatus
	Revision int64  // 0 where nothing is stored, then one more with every write
	IntentID string // the payment intent's id, order.NoPayment, or empty where there never was one
	Params   Params // the exact parameters that the intent was made with
	Reason   order.Reason
	At       time.Time // when Status was reached, to the millisecond

	// CapturedAt is when Status first was SUCCEEDED, to the millisecond; zero before. A refund changes At and leaves it,
	// so that the capture is stated again with the time that it was stated with first.
	CapturedAt time.Time

	Refunds  []Refund  // of the intent, failed ones included, in the order in which the row learned of them
	Disputes []Dispute // of the intent, each with its last status
}

// Equal reports whether r and o say the same.
func (r Row) Equal(o Row) bool {
	refunds, disputes := slices.Equal(r.Refunds, o.Refunds), slices.Equal(r.Disputes, o.Disputes)
	return refunds && disputes && r.OrderID == o.OrderID && r.Status == o.Status && r.Revision == o.Revision &&
		r.IntentID == o.IntentID && r.Params == o.Params && r.Reason == o.Reason && r.At.Equal(o.At) && r.CapturedAt.Equal(o.CapturedAt)
}

// Params are the parameters of a payment intent. A retry uses the row's, never the message's.
type Params struct {
	Amount        int64 // minor units
	Currency      money.Currency
	Customer      string
	PaymentMethod string
}

// Exists reports whether r is stored.
func (r Row) Exists() bool { return r.Revision > 0 }

// Ended reports whether the provider has nothing more to decide about r: every status but OPEN and PENDING.
func (r Row) Ended() bool {
	return r.Exists() && r.Status != order.PaymentOpen && r.Status != order.PaymentPending
}

// Open returns the first row of an order whose intent was made, unconfirmed, with p.
func Open(id order.ID, intentID string, p Params, now time.Time) Row {
	row := Row{OrderID: id, IntentID: intentID, Params: p}
	return row.become(order.PaymentOpen, "", now)
}

// Free returns the first row of an order that costs nothing. The provider is never asked about it.
func Free(id order.ID, c money.Currency, now time.Time) Row {
	row := Row{OrderID: id, IntentID: order.NoPayment, Params: Params{Currency: c}}
	return row.become(order.PaymentSucceeded, "", now)
}

// Refuse returns the first row of an order for which the provider would not even make an intent, because of reason.
func Refuse(id order.ID, reason order.Reason, now time.Time) Row {
	return Row{OrderID: id}.become(order.PaymentDeclined, reason, now)
}

// Void returns the first row of an order that may not be paid any more. Whoever stores it has made sure that nobody can
// charge for the order: an intent is confirmed only by those whose row was stored.
func Void(id order.ID, reason order.Reason, now time.Time) Row {
	return Row{OrderID: id}.become(order.PaymentVoided, reason, now)
}

// become returns the row that is to follow r.
func (r Row) become(s order.PaymentStatus, reason order.Reason, now time.Time) Row {
	r.Revision++
	r.Status, r.Reason, r.At = s, reason, now.UTC().Truncate(time.Millisecond)
	if s == order.PaymentSucceeded && r.CapturedAt.IsZero() {
		r.CapturedAt = r.At
	}
	return r
}
