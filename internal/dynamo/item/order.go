package item

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// Names of attributes that stores need in conditions, keys and indexes.
const (
	OrderID    = "order_id"
	UserID     = "user_id"
	RecordedAt = "recorded_at"
	Status     = "status"
	Version    = "version"
	Reason     = "reason"
	History    = "history"
	OpenShard  = "open_shard" // key of the sparse index of open orders
	Since      = "since"      // since when an open order has its status
)

// FromOrder returns o as an item of the orders table.
func FromOrder(o order.Order) Map {
	m := Map{
		OrderID:     Text(string(o.ID)),
		UserID:      Text(string(o.UserID)),
		"amount":    Number(o.Amount),
		"currency":  Text(string(o.Currency)),
		"placed_by": Text(o.PlacedBy),
		"payload":   Text(o.PayloadHash),
		RecordedAt:  Time(o.RecordedAt),
		Status:      Text(string(o.Status)),
		Version:     Number(o.Version),
		History:     &types.AttributeValueMemberL{Value: history(o.History)},
	}
	setText(m, "payment_method", o.PaymentMethod)
	setText(m, "trace_parent", o.TraceParent)
	setText(m, Reason, string(o.Reason))
	if len(o.Items) > 0 {
		m["items"] = &types.AttributeValueMemberL{Value: lines(o.Items)}
	}
	if n := len(o.History); n > 0 && o.Status.Open() {
		m[OpenShard], m[Since] = Text(Shard(o.ID)), Time(o.History[n-1].At)
	}
	return m
}

func lines(items []order.Item) []types.AttributeValue {
	l := make([]types.AttributeValue, len(items))
	for i, it := range items {
		l[i] = &types.AttributeValueMemberM{Value: Map{
			"sku":         Text(string(it.SKU)),
			"quantity":    Number(it.Quantity),
			"unit_amount": Number(it.UnitAmount),
		}}
	}
	return l
}

func history(changes []order.Change) []types.AttributeValue {
	l := make([]types.AttributeValue, len(changes))
	for i, c := range changes {
		l[i] = FromChange(c)
	}
	return l
}

// FromChange returns c as an entry of an item's history.
func FromChange(c order.Change) types.AttributeValue {
	m := Map{
		Version: Number(c.Version),
		Status:  Text(string(c.Status)),
		"at":    Time(c.At),
	}
	setText(m, Reason, string(c.Reason))
	setText(m, "cause", c.Cause)
	return &types.AttributeValueMemberM{Value: m}
}

// Order reads an item of the orders table. The error is ErrBroken.
func Order(m Map) (order.Order, error) {
	r := reader{m: m}
	o := order.Order{
		ID:            order.ID(r.text(OrderID)),
		UserID:        order.UserID(r.text(UserID)),
		Amount:        r.number("amount"),
		Currency:      money.Currency(r.text("currency")),
		PaymentMethod: r.optional("payment_method"),
		PlacedBy:      r.text("placed_by"),
		PayloadHash:   r.text("payload"),
		TraceParent:   r.optional("trace_parent"),
		RecordedAt:    r.time(RecordedAt),
		Status:        order.Status(r.text(Status)),
		Version:       r.number(Version),
		Reason:        order.Reason(r.optional(Reason)),
	}
	for _, line := range r.list("items") {
		o.Items = append(o.Items, order.Item{
			SKU:        order.SKU(line.text("sku")),
			Quantity:   line.number("quantity"),
			UnitAmount: line.number("unit_amount"),
		})
		r.take(line)
	}
	for _, entry := range r.list(History) {
		o.History = append(o.History, change(entry))
		r.take(entry)
	}
	r.check(o.ID.Valid(), OrderID)
	r.check(o.UserID.Valid(), UserID)
	r.check(o.Status.Valid(), Status)
	r.check(o.Currency.Known(), "currency")
	if r.err != nil {
		return order.Order{}, fmt.Errorf("order %s: %w", o.ID, r.err)
	}
	return o, nil
}

func change(r *reader) order.Change {
	c := order.Change{
		Version: r.number(Version),
		Status:  order.Status(r.text(Status)),
		Reason:  order.Reason(r.optional(Reason)),
		At:      r.time("at"),
		Cause:   r.optional("cause"),
	}
	r.check(c.Status.Valid(), Status)
	return c
}
