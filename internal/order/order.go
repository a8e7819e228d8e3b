// Package order holds the order: its identity, its states, its history and the one table that says which fact changes which state.
//
// Everything here is a value or a pure function; reading, saving and
// publishing are done elsewhere.
package order

import (
	"errors"
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// Errors of every store of orders. Compare with errors.Is.
var (
	// ErrNotFound means that there is no such order.
	ErrNotFound = errors.New("no such order")
	// ErrConflict means that the order is not what the writer had read.
	ErrConflict = errors.New("order has changed")
	// ErrPaymentCondition means that the payments row did not have the status that the change depends on; the order was not changed.
	ErrPaymentCondition = errors.New("payments row does not have the status that the change depends on")
	// ErrBadCursor means that a page's cursor is not one that was given out for this user's list.
	ErrBadCursor = errors.New("no such page")
)

// TimeLayout is how times are stored and published: RFC 3339, UTC, always three
// decimals, so that the text sorts as the time does.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// Bounds of an order's values. With them every accepted order and its events stay under
// 64 KiB, and no sum of lines can overflow an int64.
const (
	// MaxAmount is the largest amount in minor units: eight digits, the most that Stripe charges at once.
	MaxAmount = 99_999_999
	// MaxQuantity is the largest quantity of one line.
	MaxQuantity = 999_999
	// MaxItems is the largest number of lines.
	MaxItems = 400
	// MaxIDLength is the longest order or user id, in bytes.
	MaxIDLength = 64
	// MaxSKULength is the longest stock keeping unit, in bytes.
	MaxSKULength = 64
)

// ID names an order: 1 to 64 characters of [A-Za-z0-9_-].
type ID string

// UserID names a user: 1 to 64 characters of [A-Za-z0-9_-].
type UserID string

// Valid reports whether id has the form of an order id.
func (id ID) Valid() bool { return validID(string(id)) }

// Valid reports whether id has the form of a user id.
func (id UserID) Valid() bool { return validID(string(id)) }

func validID(s string) bool {
	return s != "" && len(s) <= MaxIDLength && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return !isAlphanumeric(c) && c != '_' && c != '-'
	})
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// SKU names an article: 1 to 64 characters of [A-Za-z0-9._/-].
type SKU string

// Valid reports whether s has the form of an SKU.
func (s SKU) Valid() bool {
	return s != "" && len(s) <= MaxSKULength && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return !isAlphanumeric(c) && c != '.' && c != '_' && c != '/' && c != '-'
	})
}

// Item is one line of an order.
type Item struct {
	SKU        SKU   `json:"sku"`
	Quantity   int64 `json:"quantity"`    // 1 to MaxQuantity
	UnitAmount int64 `json:"unit_amount"` // minor units, 0 to MaxAmount
}

// Sum adds up lines in minor units. It reports false as soon as the sum
// passes MaxAmount or a line is out of bounds, so it cannot overflow.
func Sum(items []Item) (int64, bool) {
	var sum int64
	for _, it := range items {
		if it.Quantity < 1 || it.Quantity > MaxQuantity || it.UnitAmount < 0 || it.UnitAmount > MaxAmount {
			return 0, false
		}
		sum += it.Quantity * it.UnitAmount // at most 1e14 a line, and a sum over MaxAmount ends the loop
		if sum > MaxAmount {
			return 0, false
		}
	}
	return sum, true
}

// Order is an order as the orders table holds it.
type Order struct {
	ID            ID
	UserID        UserID
	Amount        int64 // minor units of Currency
	Currency      money.Currency
	Items         []Item
	PaymentMethod string // empty: the user's own
	PlacedBy      string // the caller that placed it
	PayloadHash   string // over caller and body, tells a repeat from a clash
	TraceParent   string // W3C trace context of the request that placed it, empty where it had none
	RecordedAt    time.Time

	Status  Status
	Version int64 // 1 when recorded, one more with every change
	Reason  Reason
	History []Change // oldest first, one for each version
}

// Change is one entry of an order's history.
type Change struct {
	Version int64
	Status  Status
	Reason  Reason
	At      time.Time
	Cause   string // id of the event that caused it; empty for the first
}

// New returns o as it is first recorded at now, which it truncates to the millisecond that [TimeLayout] keeps.
func New(o Order, now time.Time) Order {
	o.RecordedAt = now.UTC().Truncate(time.Millisecond)
	o.Status, o.Version, o.Reason = Recorded, 1, ""
	o.History = []Change{{Version: 1, Status: Recorded, At: o.RecordedAt}}
	return o
}

// With returns o after c. It does not share o's history.
func (o Order) With(c Change) Order {
	o.Status, o.Version, o.Reason = c.Status, c.Version, c.Reason
	o.History = append(slices.Clone(o.History), c)
	return o
}

// ChangeCausedBy returns the change that the event with this id caused. It is the
// evidence by which a replay is recognised.
func (o Order) ChangeCausedBy(cause string) (Change, bool) {
	i := slices.IndexFunc(o.History, func(c Change) bool { return c.Cause == cause && cause != "" })
	if i < 0 {
		return Change{}, false
	}
	return o.History[i], true
}

// StatusBefore returns the status that c replaced, empty for the first change.
func (o Order) StatusBefore(c Change) Status {
	i := slices.IndexFunc(o.History, func(h Change) bool { return h.Version == c.Version-1 })
	if i < 0 {
		return ""
	}
	return o.History[i].Status
}
