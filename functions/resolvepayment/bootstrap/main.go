// Command bootstrap is the Lambda function resolve-payment.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/functions/resolvepayment"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/secret"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "resolve-payment:", err)
		os.Exit(1)
	}
	lambda.Start(runner.Handle)
}

func wire(getenv awsenv.Getenv) (*sagatask.Runner, error) {
	env, err := awsenv.Require(getenv, wiring.OrdersTable, wiring.PaymentsTable, wiring.StripeBaseURL, wiring.StripeSecretARN)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	client := dynamodb.NewFromConfig(cfg)
	tables := dynamo.Tables{Orders: env[wiring.OrdersTable], Payments: env[wiring.PaymentsTable]}
	payments := dynamo.NewPayments(client, tables)
	key := secret.New(secretsmanager.NewFromConfig(cfg), env[wiring.StripeSecretARN], time.Now)
	provider := stripe.New(key, stripe.Options{BaseURL: env[wiring.StripeBaseURL]})
	return &sagatask.Runner{
		Step: resolvepayment.Step{
			Orders:   dynamo.NewOrders(client, tables),
			Payments: payments,
			Settler:  settle.Settler{Rows: payments, Intents: provider, Now: time.Now},
		},
		Publisher: wiring.NoBus{},
		Log:       telemetry.New(os.Stdout, "resolve-payment", time.Now),
	}, nil
}
