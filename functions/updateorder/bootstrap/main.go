// Command bootstrap is the Lambda function update-order.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/functions/updateorder"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/wiring"
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "update-order:", err)
		os.Exit(1)
	}
	lambda.Start(runner.HandleBatch)
}

func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := wiring.QueueFed(getenv, wiring.BusName, wiring.OrdersTable, wiring.PaymentsTable)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	orders := dynamo.NewOrders(dynamodb.NewFromConfig(cfg), dynamo.Tables{
		Orders:   env[wiring.OrdersTable],
		Payments: env[wiring.PaymentsTable],
	})
	publisher := bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName])
	return wiring.Runner(cfg, env, "update-order", updateorder.Stage{Orders: orders, Now: time.Now}, publisher), nil
}
