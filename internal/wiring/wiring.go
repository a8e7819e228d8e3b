// Package wiring puts together what the bootstraps of the queue-fed functions have in common: the batch runner with its queues and its log.
package wiring

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/queue"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Names of the environment variables that queue-fed functions have.
const (
	BusName            = "BUS_NAME"
	QueueURL           = "QUEUE_URL"
	DeadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
)

// Names of the environment variables that say which tables there are.
const (
	OrdersTable        = "ORDERS_TABLE"
	UsersTable         = "USERS_TABLE"
	PaymentsTable      = "PAYMENTS_TABLE"
	NotificationsTable = "NOTIFICATIONS_TABLE"
)

// Names of the environment variables that say how the payment provider is reached.
const (
	StripeBaseURL   = "STRIPE_BASE_URL"
	StripeSecretARN = "STRIPE_SECRET_ARN"
)

// QueueFed reads the settings of a queue-fed function: its queues' and those named in more, of which [BusName] is one for a
// function that publishes. The error is awsenv.ErrMissing and names all that are missing.
func QueueFed(getenv awsenv.Getenv, more ...string) (awsenv.Values, error) {
	return awsenv.Require(getenv, slices.Concat([]string{QueueURL, DeadLetterQueueURL}, more)...)
}

// Runner returns the runner of the function with the given key in serverless.yml. The publisher is handed in, so that
// a function from which no event follows does not link the bus's client.
func Runner(cfg aws.Config, env awsenv.Values, function string, s stage.Preparer, p sqsbatch.Publisher) *sqsbatch.Runner {
	queues := sqs.NewFromConfig(cfg)
	return &sqsbatch.Runner{
		Function:    function,
		Stage:       s,
		Publisher:   p,
		DeadLetters: queue.NewDeadLetters(queues, env[DeadLetterQueueURL]),
		Delayer:     queue.NewVisibility(queues, env[QueueURL]),
		Log:         telemetry.New(os.Stdout, function, time.Now),
	}
}

// NoBus is the publisher of a stage or step from which no event follows. It refuses every event, for good.
type NoBus struct{}

// Publish returns an error of kind permanent for each event.
func (NoBus) Publish(_ context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	for i := range errs {
		errs[i] = outcome.Permanent(CodeNoBus, errNoBus)
	}
	return errs
}

// CodeNoBus is the code of an event that nobody foresaw.
const CodeNoBus outcome.Code = "no_bus"

var errNoBus = errors.New("no event follows from this function")
