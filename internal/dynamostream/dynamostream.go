// Package dynamostream reads orders out of the records of the orders table's stream, as a function is handed them.
package dynamostream

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// Image returns the order as it is after the change that record tells of. The
// error is item.ErrBroken where record has no such image (a removed row has
// none) or the row is not an order; the order then has at most its ID, from the
// record's key. The error names attributes, never values.
func Image(record events.DynamoDBEventRecord) (order.Order, error) {
	o, err := item.Order(image(record.Change.NewImage))
	if err != nil {
		return order.Order{ID: keyOf(record)}, fmt.Errorf("image of a stream record: %w", err)
	}
	return o, nil
}

// keyOf returns the order id among record's keys, empty where there is none.
func keyOf(record events.DynamoDBEventRecord) order.ID {
	if key, ok := record.Change.Keys[item.OrderID]; ok && key.DataType() == events.DataTypeString {
		return order.ID(key.String())
	}
	return ""
}

func image(attributes map[string]events.DynamoDBAttributeValue) item.Map {
	m := make(item.Map, len(attributes))
	for name, v := range attributes {
		m[name] = attribute(v)
	}
	return m
}

// attribute translates the types that orders are made of, and every other one into NULL, which no order has.
func attribute(v events.DynamoDBAttributeValue) types.AttributeValue {
	switch v.DataType() {
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: v.String()}
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: v.Number()}
	case events.DataTypeMap:
		return &types.AttributeValueMemberM{Value: image(v.Map())}
	case events.DataTypeList:
		list := make([]types.AttributeValue, len(v.List()))
		for i, entry := range v.List() {
			list[i] = attribute(entry)
		}
		return &types.AttributeValueMemberL{Value: list}
	case events.DataTypeBinary, events.DataTypeBoolean, events.DataTypeBinarySet, events.DataTypeNumberSet,
		events.DataTypeNull, events.DataTypeStringSet:
		return &types.AttributeValueMemberNULL{Value: true}
	default:
		return &types.AttributeValueMemberNULL{Value: true}
	}
}
