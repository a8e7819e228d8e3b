package item

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// MaxPage is the largest page of a user's list: the rows that one BatchGetItem takes (AWS limit: 100).
const MaxPage = 100

// Position is a place in a user's list of orders: behind the order that it names.
type Position struct {
	UserID     order.UserID
	RecordedAt time.Time
	OrderID    order.ID
}

// PositionOf returns the place behind o in its user's list.
func PositionOf(o order.Order) Position { return Position{o.UserID, o.RecordedAt, o.ID} }

// Cursor returns p as text that a client hands back to read on.
func (p Position) Cursor() string {
	fields := []string{string(p.UserID), p.RecordedAt.UTC().Format(order.TimeLayout), string(p.OrderID)}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(fields, "\n")))
}

// ParseCursor reads a cursor of user's own list. Everything else, be it another user's or made up, is order.ErrBadCursor.
func ParseCursor(cursor string, user order.UserID) (Position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return Position{}, order.ErrBadCursor
	}
	fields := strings.Split(string(raw), "\n")
	if len(fields) != 3 {
		return Position{}, order.ErrBadCursor
	}
	at, err := time.Parse(order.TimeLayout, fields[1])
	p := Position{order.UserID(fields[0]), at, order.ID(fields[2])}
	if err != nil || p.UserID != user || !p.OrderID.Valid() || p.Cursor() != cursor {
		return Position{}, order.ErrBadCursor
	}
	return p, nil
}

// Key returns p as the key from which a query of the index by user goes on.
func (p Position) Key() Map {
	return Map{OrderID: Text(string(p.OrderID)), UserID: Text(string(p.UserID)), RecordedAt: Time(p.RecordedAt)}
}

// ReadPosition reads an entry of the index by user. The error is ErrBroken.
func ReadPosition(m Map) (Position, error) {
	r := reader{m: m}
	p := Position{order.UserID(r.text(UserID)), r.time(RecordedAt), order.ID(r.text(OrderID))}
	return p, r.err
}
