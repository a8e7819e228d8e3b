// Command bootstrap is the Lambda function payment-webhook.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/payment/facts"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/secret"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

const function = "payment-webhook"

func main() {
	gateway, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(gateway.Handle)
}

func wire(getenv awsenv.Getenv) (apigateway.Gateway, error) {
	env, err := awsenv.Require(getenv, wiring.BusName, wiring.OrdersTable, wiring.PaymentsTable, wiring.StripeBaseURL, wiring.StripeSecretARN)
	if err != nil {
		return apigateway.Gateway{}, err
	}
	cfg := awsenv.Config(getenv)
	client, tables := dynamodb.NewFromConfig(cfg), dynamo.Tables{Orders: env[wiring.OrdersTable], Payments: env[wiring.PaymentsTable]}
	payments := dynamo.NewPayments(client, tables)
	credentials := secret.New(secretsmanager.NewFromConfig(cfg), env[wiring.StripeSecretARN], time.Now)
	provider := stripe.New(credentials, stripe.Options{BaseURL: env[wiring.StripeBaseURL]})
	log := telemetry.New(os.Stdout, function, time.Now).Deployed(getenv(awsenv.FunctionName))
	return apigateway.Gateway{
		Handler: paymentwebhook.Handler{
			Notices: stripe.NewReader(credentials, time.Now),
			Reconciler: settle.Teller{
				Reconciler: settle.Reconciler{
					Settler: settle.Settler{Rows: payments, Intents: provider, Now: time.Now}, Read: payments, Returns: provider,
				},
				Orders: dynamo.NewOrders(client, tables),
			},
			Publisher: bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName]),
			Told:      func(stated []event.Event) { count(log, stated) },
		},
		Log: log,
		Now: time.Now,
	}, nil
}

// count makes metrics of what somebody has to look at.
func count(log *telemetry.Logger, stated []event.Event) {
	disputes, failures := facts.Alarms(stated, time.Now())
	if disputes+failures > 0 {
		log.Metrics(telemetry.Count(telemetry.Disputes, disputes), telemetry.Count(telemetry.RefundFailures, failures))
	}
}
