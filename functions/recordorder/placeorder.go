// Package recordorder is POST /orders: it stores what a shop's back end orders, once, and answers the same however often it is asked.
package recordorder

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// PlaceOrder is the body of POST /orders: schemas/PlaceOrder.v1.json.
type PlaceOrder struct {
	OrderID       order.ID       `json:"order_id,omitempty"` // empty: the Idempotency-Key makes it
	UserID        order.UserID   `json:"user_id"`
	Amount        int64          `json:"amount"` // minor units of Currency
	Currency      money.Currency `json:"currency"`
	Items         []order.Item   `json:"items,omitempty"`
	PaymentMethod string         `json:"payment_method,omitempty"` // empty: the user's own
}

// maxPaymentMethod is the longest id that the provider gives (https://docs.stripe.com/upgrades).
const maxPaymentMethod = 255

var byteOrderMark = []byte("\ufeff")

// Decode reads a body and refuses what the schema refuses. The error is a
// *strictjson.Error that names everything wrong. What no schema can say, that the items add up to
// the amount, it does not look at: see [PlaceOrder.AddsUp].
func Decode(body []byte) (PlaceOrder, error) {
	var p PlaceOrder
	if bytes.HasPrefix(body, byteOrderMark) {
		return PlaceOrder{}, &strictjson.Error{Unreadable: true, Violations: []strictjson.Violation{
			{Detail: "must not begin with a byte order mark (RFC 8259, section 8.1)"},
		}}
	}
	if err := strictjson.Complete(strictjson.Decode(body, &p, strictjson.Refuse), p.violations()); err != nil {
		return PlaceOrder{}, err
	}
	return p, nil
}

// AddsUp returns a *strictjson.Error where the order has items and they do not add up to its amount.
func (p PlaceOrder) AddsUp() error {
	if len(p.Items) == 0 {
		return nil
	}
	sum, ok := order.Sum(p.Items)
	switch {
	case !ok:
		return &strictjson.Error{Violations: []strictjson.Violation{
			{Pointer: "/items", Detail: "must not add up to more than " + strconv.Itoa(order.MaxAmount) + " minor units"},
		}}
	case sum != p.Amount:
		return &strictjson.Error{Violations: []strictjson.Violation{
			{Pointer: "/amount", Detail: "must be the sum of quantity × unit_amount over all items"},
		}}
	}
	return nil
}

// violations lists the bounds that p breaks, those of schemas/definitions.v1.json.
func (p PlaceOrder) violations() []strictjson.Violation {
	var found []strictjson.Violation
	require := func(ok bool, pointer, detail string) {
		if !ok {
			found = append(found, strictjson.Violation{Pointer: pointer, Detail: detail})
		}
	}
	const id = "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -"
	require(p.OrderID == "" || p.OrderID.Valid(), "/order_id", id)
	require(p.UserID.Valid(), "/user_id", id)
	require(validAmount(p.Amount), "/amount", "must be from 0 to 99999999 minor units")
	require(p.Currency.Known(), "/currency", currencyDetail(p.Currency))
	require(len(p.Items) <= order.MaxItems, "/items", "must have at most 400 lines")
	for i, it := range p.Items {
		at := "/items/" + strconv.Itoa(i)
		require(it.SKU.Valid(), at+"/sku", "must be 1 to 64 characters of A-Z, a-z, 0-9, ., _, / and -")
		require(1 <= it.Quantity && it.Quantity <= order.MaxQuantity, at+"/quantity", "must be from 1 to 999999")
		require(validAmount(it.UnitAmount), at+"/unit_amount", "must be from 0 to 99999999 minor units")
	}
	require(validPaymentMethod(p.PaymentMethod), "/payment_method", "must be 1 to 255 characters of A-Z, a-z, 0-9 and _")
	return found
}

func validAmount(a int64) bool { return 0 <= a && a <= order.MaxAmount }

// validPaymentMethod takes an empty one as left out; Decode has refused one that is there and empty.
func validPaymentMethod(s string) bool {
	return len(s) <= maxPaymentMethod && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_'
	})
}

// currencyDetail tells a code in another form from one that is none.
func currencyDetail(c money.Currency) string {
	if _, err := money.Parse(string(c)); errors.Is(err, money.ErrForm) {
		return "must be written as three upper-case letters, as in ISO 4217"
	}
	return "must be the ISO 4217 code of a currency that has a minor unit"
}
