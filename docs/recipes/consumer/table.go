package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table keeps tasks in DynamoDB, one item an order.
type Table struct {
	client *dynamodb.Client
	name   string
}

// Note does it in one conditional write: events come twice, and in any order.
func (t *Table) Note(ctx context.Context, task Task) error {
	version := &types.AttributeValueMemberN{Value: strconv.FormatInt(task.Version, 10)}
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name,
		Item: map[string]types.AttributeValue{
			"order_id": &types.AttributeValueMemberS{Value: string(task.OrderID)},
			"version":  version,
			"work":     &types.AttributeValueMemberS{Value: string(task.Work)},
		},
		ConditionExpression:       aws.String("attribute_not_exists(order_id) OR version < :version"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":version": version},
	})
	if _, known := errors.AsType[*types.ConditionalCheckFailedException](err); known {
		return nil
	}
	if err != nil {
		return fmt.Errorf("note task of order %s: %w", task.OrderID, err)
	}
	return nil
}
