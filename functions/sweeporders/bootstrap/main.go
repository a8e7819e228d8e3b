// Command bootstrap is the Lambda function sweep-orders.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/secret"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

// function is the function's key in serverless.yml.
const function = "sweep-orders"

// Names of this function's own environment variables: durations in Go's notation, such as 5m or 24h.
const (
	recordedAfter     = "RECORDED_AFTER"
	paymentWindow     = "PAYMENT_WINDOW"
	cancellingAfter   = "CANCELLING_AFTER"
	undeliveredWithin = "UNDELIVERED_WITHIN"
)

func main() {
	sweep, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(sweep.Sweep)
}

func wire(getenv awsenv.Getenv) (sweeporders.Sweep, error) {
	env, err := awsenv.Require(getenv, wiring.BusName, wiring.OrdersTable, wiring.PaymentsTable, wiring.StripeBaseURL, wiring.StripeSecretARN,
		recordedAfter, paymentWindow, cancellingAfter, undeliveredWithin)
	if err != nil {
		return sweeporders.Sweep{}, err
	}
	limits, err := limitsOf(env)
	if err != nil {
		return sweeporders.Sweep{}, err
	}
	cfg := awsenv.Config(getenv)
	client, tables := dynamodb.NewFromConfig(cfg), dynamo.Tables{Orders: env[wiring.OrdersTable], Payments: env[wiring.PaymentsTable]}
	orders, payments := dynamo.NewOrders(client, tables), dynamo.NewPayments(client, tables)
	key := secret.New(secretsmanager.NewFromConfig(cfg), env[wiring.StripeSecretARN], time.Now)
	provider := stripe.New(key, stripe.Options{BaseURL: env[wiring.StripeBaseURL]})
	return sweeporders.Sweep{
		Orders:   orders,
		Payments: payments,
		Notices:  provider,
		Reconciler: settle.Teller{
			Reconciler: settle.Reconciler{
				Settler: settle.Settler{Rows: payments, Intents: provider, Now: time.Now}, Read: payments, Returns: provider,
			},
			Orders: orders,
		},
		Publisher: bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName]),
		Log:       telemetry.New(os.Stdout, function, time.Now).Deployed(getenv(awsenv.FunctionName)),
		Limits:    limits,
		Now:       time.Now,
	}, nil
}

// limitsOf reads the limits. The error names every variable that is not a duration above zero.
func limitsOf(env awsenv.Values) (sweeporders.Limits, error) {
	var errs []error
	read := func(name string) time.Duration {
		d, err := time.ParseDuration(env[name])
		if err != nil || d <= 0 {
			errs = append(errs, fmt.Errorf("%s must be a duration such as 5m", name))
		}
		return d
	}
	limits := sweeporders.Limits{
		RecordedAfter:     read(recordedAfter),
		PaymentWindow:     read(paymentWindow),
		CancellingAfter:   read(cancellingAfter),
		UndeliveredWithin: read(undeliveredWithin),
	}
	return limits, errors.Join(errs...)
}
