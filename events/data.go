package events

import (
	"strconv"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// The order's own value types under names that code outside this module can use.
type (
	// OrderID names an order.
	OrderID = order.ID
	// UserID names a user.
	UserID = order.UserID
	// Status is where an order stands.
	Status = order.Status
	// Reason says why it stands there.
	Reason = order.Reason
	// Item is one line of an order.
	Item = order.Item
	// Asker is who asks for a cancellation.
	Asker = order.Asker
	// Currency is an ISO 4217 code.
	Currency = money.Currency
)

// Data is the data of one type of event.
type Data interface {
	// Type names the event type that this data belongs to.
	Type() Type
	// Subject returns the order that the event is about.
	Subject() OrderID
	// fact returns what, beside type and order id, tells this fact from others of its type.
	fact() []string
	// check notes everything that the schema refuses and the Go types do not.
	check(*checker)
}

// OrderRecorded states that an order is stored.
type OrderRecorded struct {
	OrderID       OrderID   `json:"order_id"`
	UserID        UserID    `json:"user_id"`
	Amount        int64     `json:"amount"` // minor units
	Currency      Currency  `json:"currency"`
	Items         []Item    `json:"items,omitempty"`
	PaymentMethod string    `json:"payment_method,omitempty"` // the order's own, in place of the user's
	RecordedAt    time.Time `json:"recorded_at"`
}

// OrderVerified states that the user exists and may buy.
type OrderVerified struct {
	OrderID       OrderID  `json:"order_id"`
	UserID        UserID   `json:"user_id"`
	Amount        int64    `json:"amount"` // minor units
	Currency      Currency `json:"currency"`
	Customer      string   `json:"customer"`       // the provider's id of the user
	PaymentMethod string   `json:"payment_method"` // the provider's id of what to charge
}

// OrderRejected states that the user may not buy.
type OrderRejected struct {
	OrderID OrderID `json:"order_id"`
	UserID  UserID  `json:"user_id"`
	Reason  Reason  `json:"reason"` // one of order.RejectionReasons
}

// PaymentProcessed states that the provider captured the money.
type PaymentProcessed struct {
	OrderID     OrderID   `json:"order_id"`
	PaymentID   string    `json:"payment_id"` // the payment intent's, or NoPayment where nothing was to be paid
	Amount      int64     `json:"amount"`     // minor units
	Currency    Currency  `json:"currency"`
	ProcessedAt time.Time `json:"processed_at"`
}

// NoPayment is the payment id of an order of amount zero, which never reaches the provider.
const NoPayment = order.NoPayment

// PaymentFailed states that the provider said no, for good.
type PaymentFailed struct {
	OrderID   OrderID `json:"order_id"`
	PaymentID string  `json:"payment_id,omitempty"` // empty where no payment intent was made
	Reason    Reason  `json:"reason"`
}

// PaymentRefunded states that the provider gave all the money back.
type PaymentRefunded struct {
	OrderID   OrderID  `json:"order_id"`
	PaymentID string   `json:"payment_id"`
	RefundID  string   `json:"refund_id"`
	Amount    int64    `json:"amount"` // minor units
	Currency  Currency `json:"currency"`
}

// PaymentRefundFailed states that a refund that was under way failed.
type PaymentRefundFailed struct {
	OrderID   OrderID `json:"order_id"`
	PaymentID string  `json:"payment_id"`
	RefundID  string  `json:"refund_id"`
	Reason    Reason  `json:"reason"`
}

// PaymentDisputed states that the provider reports a dispute, or a change of one.
type PaymentDisputed struct {
	OrderID   OrderID  `json:"order_id"`
	PaymentID string   `json:"payment_id"`
	DisputeID string   `json:"dispute_id"`
	Status    Reason   `json:"status"` // the provider's word for it, such as needs_response, won or lost
	Amount    int64    `json:"amount"` // minor units
	Currency  Currency `json:"currency"`
}

// OrderCancelRequested asks for an order to be cancelled. It is the one request on the bus.
type OrderCancelRequested struct {
	OrderID     OrderID `json:"order_id"`
	Reason      Reason  `json:"reason"`
	RequestedBy Asker   `json:"requested_by"`
	// SeenVersion is the order's version that the asker saw, so that asking again after the order moved on is another request.
	SeenVersion int64 `json:"seen_version"`
}

// OrderUpdated states that the order's status changed.
type OrderUpdated struct {
	OrderID        OrderID  `json:"order_id"`
	UserID         UserID   `json:"user_id"`
	Status         Status   `json:"status"`
	PreviousStatus Status   `json:"previous_status"`
	Version        int64    `json:"version"`
	Reason         Reason   `json:"reason,omitempty"`
	Amount         int64    `json:"amount"` // minor units
	Currency       Currency `json:"currency"`
}

func (OrderRecorded) Type() Type        { return TypeOrderRecorded }
func (OrderVerified) Type() Type        { return TypeOrderVerified }
func (OrderRejected) Type() Type        { return TypeOrderRejected }
func (PaymentProcessed) Type() Type     { return TypePaymentProcessed }
func (PaymentFailed) Type() Type        { return TypePaymentFailed }
func (PaymentRefunded) Type() Type      { return TypePaymentRefunded }
func (PaymentRefundFailed) Type() Type  { return TypePaymentRefundFailed }
func (PaymentDisputed) Type() Type      { return TypePaymentDisputed }
func (OrderCancelRequested) Type() Type { return TypeOrderCancelRequested }
func (OrderUpdated) Type() Type         { return TypeOrderUpdated }

func (d OrderRecorded) Subject() OrderID        { return d.OrderID }
func (d OrderVerified) Subject() OrderID        { return d.OrderID }
func (d OrderRejected) Subject() OrderID        { return d.OrderID }
func (d PaymentProcessed) Subject() OrderID     { return d.OrderID }
func (d PaymentFailed) Subject() OrderID        { return d.OrderID }
func (d PaymentRefunded) Subject() OrderID      { return d.OrderID }
func (d PaymentRefundFailed) Subject() OrderID  { return d.OrderID }
func (d PaymentDisputed) Subject() OrderID      { return d.OrderID }
func (d OrderCancelRequested) Subject() OrderID { return d.OrderID }
func (d OrderUpdated) Subject() OrderID         { return d.OrderID }

func (OrderRecorded) fact() []string         { return nil }
func (OrderVerified) fact() []string         { return nil }
func (OrderRejected) fact() []string         { return nil }
func (PaymentProcessed) fact() []string      { return nil }
func (PaymentFailed) fact() []string         { return nil }
func (d PaymentRefunded) fact() []string     { return []string{d.RefundID} }
func (d PaymentRefundFailed) fact() []string { return []string{d.RefundID} }
func (d PaymentDisputed) fact() []string     { return []string{d.DisputeID, string(d.Status)} }
func (d OrderUpdated) fact() []string        { return []string{strconv.FormatInt(d.Version, 10)} }

func (d OrderCancelRequested) fact() []string {
	return []string{strconv.FormatInt(d.SeenVersion, 10), string(d.RequestedBy), string(d.Reason)}
}
