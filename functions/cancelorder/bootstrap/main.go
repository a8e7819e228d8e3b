// Command bootstrap is the Lambda function cancel-order.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

const function = "cancel-order"

func main() {
	gateway, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(gateway.Handle)
}

func wire(getenv awsenv.Getenv) (apigateway.Gateway, error) {
	env, err := awsenv.Require(getenv, wiring.BusName, wiring.OrdersTable)
	if err != nil {
		return apigateway.Gateway{}, err
	}
	cfg := awsenv.Config(getenv)
	return apigateway.Gateway{
		Handler: cancelorder.Handler{
			Orders:    dynamo.NewOrders(dynamodb.NewFromConfig(cfg), dynamo.Tables{Orders: env[wiring.OrdersTable]}),
			Publisher: bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName]),
			Now:       time.Now,
		},
		Log: telemetry.New(os.Stdout, function, time.Now),
		Now: time.Now,
	}, nil
}
