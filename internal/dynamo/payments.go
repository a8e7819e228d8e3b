package dynamo

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Payments is the payments table.
type Payments struct {
	client Client
	tables Tables
}

// NewPayments returns the store over tables.Payments. [Payments.GetWithOrders] needs tables.Orders too.
func NewPayments(client Client, tables Tables) *Payments { return &Payments{client, tables} }

// Get returns an order's row, the zero Row where there is none.
func (s *Payments) Get(ctx context.Context, id order.ID) (payment.Row, error) {
	m, err := get(ctx, s.client, s.tables.Payments, orderKey(id))
	if err != nil || m == nil {
		return payment.Row{}, wrap(err, "get payments row of order %s", id)
	}
	row, err := item.Payment(m)
	return row, wrap(broken(err), "get payments row of order %s", id)
}

// GetMany returns those of the orders' rows that there are, in one call for a
// hundred. Beside an error of [CodeBroken] it returns the rows that are not broken.
func (s *Payments) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, error) {
	found, err := batchGet(ctx, s.client, keysIn(s.tables.Payments, item.OrderID, ids))
	if err != nil {
		return nil, wrap(err, "get payments rows of %d orders", len(ids))
	}
	rows, err := decodeAll(found[s.tables.Payments], item.Payment, orderOfRow)
	return rows, wrap(err, "get payments rows of %d orders", len(ids))
}

// GetWithOrders returns those of the orders and of their rows that there are, in
// one call for fifty orders. It is not a snapshot: an order may be read before a
// row, or after it. Beside an error of [CodeBroken] it returns the rows that are
// not broken.
func (s *Payments) GetWithOrders(ctx context.Context, ids []order.ID) (rows map[order.ID]payment.Row, orders map[order.ID]order.Order, err error) {
	keys := append(keysIn(s.tables.Payments, item.OrderID, ids), keysIn(s.tables.Orders, item.OrderID, ids)...)
	found, err := batchGet(ctx, s.client, keys)
	if err != nil {
		return nil, nil, wrap(err, "get %d orders with payments rows", len(ids))
	}
	rows, errRows := decodeAll(found[s.tables.Payments], item.Payment, orderOfRow)
	orders, errOrders := decodeAll(found[s.tables.Orders], item.Order, idOfOrder)
	return rows, orders, wrap(errors.Join(errRows, errOrders), "get %d orders with payments rows", len(ids))
}

func orderOfRow(r payment.Row) order.ID { return r.OrderID }

// Put stores row where the stored revision is the one before row's: none where
// row's is 1. The error is payment.ErrConflict otherwise. The very same row
// written before is a success.
func (s *Payments) Put(ctx context.Context, row payment.Row) error {
	return wrap(s.put(ctx, row), "put payments row of order %s", row.OrderID)
}

func (s *Payments) put(ctx context.Context, row payment.Row) error {
	m := item.FromPayment(row)
	written, err := item.Payment(m)
	if err != nil {
		return err
	}
	in := &dynamodb.PutItemInput{
		TableName:                           &s.tables.Payments,
		Item:                                m,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	condition := "attribute_not_exists(" + item.OrderID + ")"
	if row.Revision > 1 {
		condition = item.Revision + " = :before"
		in.ExpressionAttributeValues = item.Map{":before": item.Number(row.Revision - 1)}
	}
	in.ConditionExpression = &condition
	_, err = s.client.PutItem(ctx, in)
	there, yes := refused(err)
	if !yes {
		return classify(err)
	}
	return whyNotPut(there, written)
}

func whyNotPut(there item.Map, written payment.Row) error {
	if len(there) == 0 {
		return payment.ErrConflict
	}
	stored, err := item.Payment(there)
	if err != nil {
		return broken(err)
	}
	if stored.Equal(written) {
		return nil
	}
	return payment.ErrConflict
}
