package events

import (
	"slices"
	"strconv"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// checker gathers what is wrong with data whose Go types are right. Each of its rules
// stands in schemas/definitions.v1.json under the same name.
type checker struct {
	violations []strictjson.Violation
}

func (c *checker) require(ok bool, pointer, detail string) {
	if !ok {
		c.violations = append(c.violations, strictjson.Violation{Pointer: pointer, Detail: detail})
	}
}

func (c *checker) orderID(id OrderID) {
	c.require(id.Valid(), "/order_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
}

func (c *checker) userID(id UserID) {
	c.require(id.Valid(), "/user_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
}

func (c *checker) money(amount int64, currency Currency) {
	c.require(0 <= amount && amount <= order.MaxAmount, "/amount", "must be from 0 to 99999999 minor units")
	c.require(currency.Known(), "/currency", "must be an ISO 4217 code of three upper-case letters")
}

func (c *checker) reason(r Reason) {
	c.require(r.Valid(), "/reason", "must be 1 to 64 characters in lower snake case")
}

// providerID checks an id that the provider gave: ASCII letters, digits and _, at most 255 characters
// (https://docs.stripe.com/upgrades, ids up to 255 characters).
func (c *checker) providerID(id, pointer string) {
	ok := id != "" && len(id) <= 255 && !slices.ContainsFunc([]byte(id), func(b byte) bool {
		return (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '_'
	})
	c.require(ok, pointer, "must be 1 to 255 characters of A-Z, a-z, 0-9 and _")
}

func (c *checker) items(items []Item) {
	c.require(len(items) <= order.MaxItems, "/items", "must have at most 400 lines")
	for i, it := range items {
		at := "/items/" + strconv.Itoa(i)
		c.require(it.SKU.Valid(), at+"/sku", "must be 1 to 64 characters of A-Z, a-z, 0-9, ., _, / and -")
		c.require(1 <= it.Quantity && it.Quantity <= order.MaxQuantity, at+"/quantity", "must be from 1 to 999999")
		c.require(0 <= it.UnitAmount && it.UnitAmount <= order.MaxAmount, at+"/unit_amount", "must be from 0 to 99999999 minor units")
	}
}

func (c *checker) status(s Status, pointer string) {
	c.require(s.Valid(), pointer, "must be one of the order's statuses")
}

func (c *checker) version(v int64, pointer string) {
	c.require(1 <= v && v <= maxVersion, pointer, "must be from 1 to 999999999")
}

const maxVersion = 999_999_999

func (d OrderRecorded) check(c *checker) {
	c.orderID(d.OrderID)
	c.userID(d.UserID)
	c.money(d.Amount, d.Currency)
	c.items(d.Items)
	if d.PaymentMethod != "" {
		c.providerID(d.PaymentMethod, "/payment_method")
	}
}

func (d OrderVerified) check(c *checker) {
	c.orderID(d.OrderID)
	c.userID(d.UserID)
	c.money(d.Amount, d.Currency)
	c.providerID(d.Customer, "/customer")
	c.providerID(d.PaymentMethod, "/payment_method")
}

func (d OrderRejected) check(c *checker) {
	c.orderID(d.OrderID)
	c.userID(d.UserID)
	c.require(slices.Contains(order.RejectionReasons(), d.Reason), "/reason", "must be unknown_user, blocked_user or no_payment_method")
}

func (d PaymentProcessed) check(c *checker) {
	c.orderID(d.OrderID)
	c.providerID(d.PaymentID, "/payment_id")
	c.money(d.Amount, d.Currency)
}

func (d PaymentFailed) check(c *checker) {
	c.orderID(d.OrderID)
	if d.PaymentID != "" {
		c.providerID(d.PaymentID, "/payment_id")
	}
	c.reason(d.Reason)
}

func (d PaymentRefunded) check(c *checker) {
	c.orderID(d.OrderID)
	c.providerID(d.PaymentID, "/payment_id")
	c.providerID(d.RefundID, "/refund_id")
	c.money(d.Amount, d.Currency)
}

func (d PaymentRefundFailed) check(c *checker) {
	c.orderID(d.OrderID)
	c.providerID(d.PaymentID, "/payment_id")
	c.providerID(d.RefundID, "/refund_id")
	c.reason(d.Reason)
}

func (d PaymentDisputed) check(c *checker) {
	c.orderID(d.OrderID)
	c.providerID(d.PaymentID, "/payment_id")
	c.providerID(d.DisputeID, "/dispute_id")
	c.require(d.Status.Valid(), "/status", "must be 1 to 64 characters in lower snake case")
	c.money(d.Amount, d.Currency)
}

func (d OrderCancelRequested) check(c *checker) {
	c.orderID(d.OrderID)
	c.reason(d.Reason)
	c.require(d.RequestedBy.Valid(), "/requested_by", "must be customer, shop, sweep or operator, the last with :name if need be")
	c.version(d.SeenVersion, "/seen_version")
}

func (d OrderUpdated) check(c *checker) {
	c.orderID(d.OrderID)
	c.userID(d.UserID)
	c.status(d.Status, "/status")
	c.status(d.PreviousStatus, "/previous_status")
	c.version(d.Version, "/version")
	if d.Reason != "" {
		c.reason(d.Reason)
	}
	c.money(d.Amount, d.Currency)
}
