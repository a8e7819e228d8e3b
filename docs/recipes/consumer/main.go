// Command consumer is an example of a consumer of one's own: a Lambda function of a warehouse's stack that notes which orders to
// pack and which to hold. Of this module it uses what anybody may import: package events.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	handler, err := wire(context.Background(), os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "warehouse:", err)
		os.Exit(1)
	}
	lambda.Start(handler.HandleBatch)
}

func wire(ctx context.Context, getenv func(string) string) (*Handler, error) {
	table := getenv("PACKING_TABLE")
	if table == "" {
		return nil, fmt.Errorf("PACKING_TABLE is not set")
	}
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return &Handler{Table: &Table{dynamodb.NewFromConfig(conf), table}, Log: os.Stdout}, nil
}
