package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// Orders is the orders table.
type Orders struct {
	client Client
	tables Tables
}

// NewOrders returns the store over tables.Orders. [Orders.Apply] needs
// tables.Payments too, for changes that depend on the payments row.
func NewOrders(client Client, tables Tables) *Orders { return &Orders{client, tables} }

func orderKey(id order.ID) item.Map { return item.Map{item.OrderID: item.Text(string(id))} }

// Create stores o unless there is an order of that id. It returns what is
// stored, and whether o was stored just now. Whether a stored order is a repeat
// of o or another one with the same id is for the caller to tell, by their
// payload hashes. A call that the SDK sent twice looks like a repeat.
func (s *Orders) Create(ctx context.Context, o order.Order) (stored order.Order, created bool, err error) {
	stored, created, err = s.create(ctx, o)
	return stored, created, wrap(err, "create order %s", o.ID)
}

func (s *Orders) create(ctx context.Context, o order.Order) (order.Order, bool, error) {
	m := item.FromOrder(o)
	written, err := item.Order(m)
	if err != nil {
		return order.Order{}, false, err
	}
	absent := "attribute_not_exists(" + item.OrderID + ")"
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.tables.Orders,
		Item:                                m,
		ConditionExpression:                 &absent,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if there, yes := refused(err); yes {
		stored, err := item.Order(there)
		return stored, false, broken(err)
	}
	if err != nil {
		return order.Order{}, false, classify(err)
	}
	return written, true, nil
}

// Get returns an order, or order.ErrNotFound.
func (s *Orders) Get(ctx context.Context, id order.ID) (order.Order, error) {
	m, err := get(ctx, s.client, s.tables.Orders, orderKey(id))
	if err == nil && m == nil {
		err = order.ErrNotFound
	}
	if err != nil {
		return order.Order{}, wrap(err, "get order %s", id)
	}
	o, err := item.Order(m)
	return o, wrap(broken(err), "get order %s", id)
}

// GetMany returns those of the orders that there are, in one call for a hundred.
// Beside an error of [CodeBroken] it returns the rows that are not broken.
func (s *Orders) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	rows, err := batchGet(ctx, s.client, keysIn(s.tables.Orders, item.OrderID, ids))
	if err != nil {
		return nil, wrap(err, "get %d orders", len(ids))
	}
	orders, err := decodeAll(rows[s.tables.Orders], item.Order, idOfOrder)
	return orders, wrap(err, "get %d orders", len(ids))
}

func idOfOrder(o order.Order) order.ID { return o.ID }
