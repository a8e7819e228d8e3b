// Command bootstrap is the Lambda function get-order.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

const function = "get-order"

func main() {
	gateway, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(gateway.Handle)
}

func wire(getenv awsenv.Getenv) (apigateway.Gateway, error) {
	env, err := awsenv.Require(getenv, wiring.OrdersTable)
	if err != nil {
		return apigateway.Gateway{}, err
	}
	orders := dynamo.NewOrders(dynamodb.NewFromConfig(awsenv.Config(getenv)), dynamo.Tables{Orders: env[wiring.OrdersTable]})
	return apigateway.Gateway{
		Handler: getorder.Handler{Orders: orders},
		Log:     telemetry.New(os.Stdout, function, time.Now),
		Now:     time.Now,
	}, nil
}
