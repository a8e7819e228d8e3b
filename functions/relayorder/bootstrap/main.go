// Command bootstrap is the Lambda function relay-order.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orderflow/orderflow/functions/relayorder"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamostream"
	"github.com/orderflow/orderflow/internal/queue"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

// function is the function's key in serverless.yml.
const function = "relay-order"

func main() {
	handle, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(handle)
}

// handler handles a batch of the stream. It reports no partial failures: the whole batch
// went through, or all of it comes again.
type handler func(context.Context, events.DynamoDBEvent) error

func wire(getenv awsenv.Getenv) (handler, error) {
	env, err := awsenv.Require(getenv, wiring.BusName, wiring.DeadLetterQueueURL)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	relay := relayorder.Relay{
		Function:    function,
		Publisher:   bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName]),
		DeadLetters: queue.NewDeadLetters(sqs.NewFromConfig(cfg), env[wiring.DeadLetterQueueURL]),
		Log:         telemetry.New(os.Stdout, function, time.Now),
	}
	return func(ctx context.Context, in events.DynamoDBEvent) error {
		return relay.Handle(ctx, recordsOf(in))
	}, nil
}

func recordsOf(in events.DynamoDBEvent) []relayorder.Record {
	records := make([]relayorder.Record, len(in.Records))
	for i, r := range in.Records {
		o, err := dynamostream.Image(r)
		records[i] = relayorder.Record{Name: r.EventName, Sequence: r.Change.SequenceNumber, Order: o, Err: err}
	}
	return records
}
