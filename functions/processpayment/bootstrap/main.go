// Command bootstrap is the Lambda function process-payment.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/secret"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/wiring"
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "process-payment:", err)
		os.Exit(1)
	}
	lambda.Start(runner.HandleBatch)
}

func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := wiring.QueueFed(getenv, wiring.BusName, wiring.OrdersTable, wiring.PaymentsTable, wiring.StripeBaseURL, wiring.StripeSecretARN)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	payments := dynamo.NewPayments(dynamodb.NewFromConfig(cfg), dynamo.Tables{
		Orders: env[wiring.OrdersTable], Payments: env[wiring.PaymentsTable],
	})
	key := secret.New(secretsmanager.NewFromConfig(cfg), env[wiring.StripeSecretARN], time.Now)
	provider := stripe.New(key, stripe.Options{BaseURL: env[wiring.StripeBaseURL]})
	stage := processpayment.New(payments, provider, provider, time.Now)
	publisher := bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName])
	return wiring.Runner(cfg, env, "process-payment", stage, publisher), nil
}
