package item

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Revision is the attribute of a payments row that every write to it depends on.
const Revision = "revision"

// paymentStatuses are the states of a payments row.
var paymentStatuses = []order.PaymentStatus{
	order.PaymentOpen, order.PaymentPending, order.PaymentSucceeded,
	order.PaymentDeclined, order.PaymentVoided, order.PaymentReturned,
}

// FromPayment returns r as an item of the payments table.
func FromPayment(r payment.Row) Map {
	m := Map{
		OrderID:  Text(string(r.OrderID)),
		Status:   Text(string(r.Status)),
		Revision: Number(r.Revision),
		"at":     Time(r.At),
	}
	if !r.CapturedAt.IsZero() {
		m["captured_at"] = Time(r.CapturedAt)
	}
	setText(m, "intent_id", r.IntentID)
	setText(m, Reason, string(r.Reason))
	if len(r.Refunds) > 0 {
		m["refunds"] = &types.AttributeValueMemberL{Value: each(r.Refunds, fromRefund)}
	}
	if len(r.Disputes) > 0 {
		m["disputes"] = &types.AttributeValueMemberL{Value: each(r.Disputes, fromDispute)}
	}
	if r.Params != (payment.Params{}) {
		m["params"] = &types.AttributeValueMemberM{Value: params(r.Params)}
	}
	return m
}

func params(p payment.Params) Map {
	m := Map{"amount": Number(p.Amount)}
	setText(m, "currency", string(p.Currency))
	setText(m, "customer", p.Customer)
	setText(m, "payment_method", p.PaymentMethod)
	return m
}

func each[T any](rows []T, from func(T) Map) []types.AttributeValue {
	l := make([]types.AttributeValue, len(rows))
	for i, row := range rows {
		l[i] = &types.AttributeValueMemberM{Value: from(row)}
	}
	return l
}

func fromRefund(f payment.Refund) Map {
	m := Map{"id": Text(f.ID), "amount": Number(f.Amount), "failed": &types.AttributeValueMemberBOOL{Value: f.Failed}, "at": Time(f.At)}
	setText(m, Reason, string(f.Reason))
	return m
}

func fromDispute(d payment.Dispute) Map {
	return Map{"id": Text(d.ID), "amount": Number(d.Amount), Status: Text(string(d.Status)), "at": Time(d.At)}
}

func refund(r *reader) payment.Refund {
	return payment.Refund{
		ID: r.text("id"), Amount: r.number("amount"), Failed: r.boolean("failed"), Reason: order.Reason(r.optional(Reason)), At: r.time("at"),
	}
}

func dispute(r *reader) payment.Dispute {
	return payment.Dispute{ID: r.text("id"), Amount: r.number("amount"), Status: order.Reason(r.text(Status)), At: r.time("at")}
}

// Payment reads an item of the payments table. The error is ErrBroken.
func Payment(m Map) (payment.Row, error) {
	r := reader{m: m}
	row := payment.Row{
		OrderID:  order.ID(r.text(OrderID)),
		Status:   order.PaymentStatus(r.text(Status)),
		Revision: r.number(Revision),
		IntentID: r.optional("intent_id"),
		Reason:   order.Reason(r.optional(Reason)),
		At:       r.time("at"),
	}
	if _, captured := m["captured_at"]; captured {
		row.CapturedAt = r.time("captured_at")
	}
	if inner := r.inner("params"); inner != nil {
		row.Params = payment.Params{
			Amount:        inner.number("amount"),
			Currency:      money.Currency(inner.optional("currency")),
			Customer:      inner.optional("customer"),
			PaymentMethod: inner.optional("payment_method"),
		}
		r.take(inner)
	}
	for _, entry := range r.list("refunds") {
		row.Refunds = append(row.Refunds, refund(entry))
		r.take(entry)
	}
	for _, entry := range r.list("disputes") {
		row.Disputes = append(row.Disputes, dispute(entry))
		r.take(entry)
	}
	r.check(row.OrderID.Valid(), OrderID)
	r.check(slices.Contains(paymentStatuses, row.Status), Status)
	r.check(row.Revision >= 1, Revision)
	if r.err != nil {
		return payment.Row{}, fmt.Errorf("payments row of order %s: %w", row.OrderID, r.err)
	}
	return row, nil
}
