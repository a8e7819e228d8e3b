// Command bootstrap is the Lambda function close-order.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/functions/closeorder"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "close-order:", err)
		os.Exit(1)
	}
	lambda.Start(runner.Handle)
}

func wire(getenv awsenv.Getenv) (*sagatask.Runner, error) {
	env, err := awsenv.Require(getenv, wiring.BusName, wiring.OrdersTable, wiring.PaymentsTable)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	client := dynamodb.NewFromConfig(cfg)
	tables := dynamo.Tables{Orders: env[wiring.OrdersTable], Payments: env[wiring.PaymentsTable]}
	return &sagatask.Runner{
		Step: closeorder.Step{
			Orders:   dynamo.NewOrders(client, tables),
			Payments: dynamo.NewPayments(client, tables),
			Now:      time.Now,
		},
		Publisher: bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName]),
		Log:       telemetry.New(os.Stdout, "close-order", time.Now),
	}, nil
}
