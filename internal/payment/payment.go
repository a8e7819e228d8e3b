// Package payment holds the payments row, the record of what was asked of the payment provider for one order, and decides what its answers mean.
package payment

import (
	"errors"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// ErrConflict means that the row's revision is not the one that the writer had read. Read again.
var ErrConflict = errors.New("payments row has changed")

// NoPayment stands in the place of an intent's id where nothing was to be paid.
const NoPayment = "none"

// Row is the payments row of an order. The zero Row, with revision 0, stands for none.
type Row struct {
	OrderID  order.ID
	Status   order.PaymentStatus
	Revision int64  // 0 where nothing is stored, then one more with every write
	IntentID string // the payment intent's id, NoPayment, or empty where a row was voided before there was one
	Params   Params // the exact parameters that the intent was made with
	Reason   order.Reason
	At       time.Time // when Status was reached, to the millisecond
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
