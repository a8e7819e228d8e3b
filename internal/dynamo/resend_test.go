package dynamo_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/dynamo"
)

// twice makes every write two times and believes the second answer, as the SDK does when it cannot read the first one.
type twice struct{ dynamo.Client }

func again[In, Out any](ctx context.Context, in *In, call func(context.Context, *In, ...func(*dynamodb.Options)) (*Out, error)) (*Out, error) {
	if out, err := call(ctx, in); err != nil {
		return out, err
	}
	return call(ctx, in)
}

func (c twice) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return again(ctx, in, c.Client.PutItem)
}

func (c twice) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return again(ctx, in, c.Client.UpdateItem)
}

// TransactWriteItems sends another token each time, as when the first one is forgotten.
func (c twice) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return again(ctx, in, c.Client.TransactWriteItems)
}

// Case: a failed condition was taken for an error (aws-serverless-ecommerce-platform#180, saleor/apps#2181, aws-sdk-java#2667).
func TestConformanceWhenEveryWriteIsSentTwice(t *testing.T) {
	client := twice{newClient()}
	conformance.Test(t, func(t *testing.T) conformance.Stores {
		return storesOver(client, newTables(t))
	})
}
