// Command bootstrap is the Lambda function notify-user.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/queue"
	"github.com/orderflow/orderflow/internal/ses"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Names of this function's environment variables. The configuration set may be left out.
const (
	usersTable         = "USERS_TABLE"
	notificationsTable = "NOTIFICATIONS_TABLE"
	queueURL           = "QUEUE_URL"
	deadLetterQueueURL = "DEAD_LETTER_QUEUE_URL"
	mailSender         = "MAIL_SENDER"
	configurationSet   = "MAIL_CONFIGURATION_SET"
)

const (
	function = "notify-user"
	// lease outlives the timeout in function.yml: a sender whose claim is over has been stopped.
	lease = 15 * time.Second
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(runner.HandleBatch)
}

// wire does without package wiring, whose bus would be linked in and started for nothing.
func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := awsenv.Require(getenv, queueURL, deadLetterQueueURL, usersTable, notificationsTable, mailSender)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	mailer, err := ses.New(cfg, env[mailSender], getenv(configurationSet))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mailSender, err)
	}
	tables := dynamo.Tables{Users: env[usersTable], Notifications: env[notificationsTable]}
	client := dynamodb.NewFromConfig(cfg)
	ledger := dynamo.NewNotifications(client, tables)
	queues := sqs.NewFromConfig(cfg)
	return &sqsbatch.Runner{
		Function: function,
		Stage: notifyuser.Stage{
			Users:   dynamo.NewUsers(client, tables),
			Claims:  ledger,
			Results: ledger,
			Mailer:  mailer,
			Lease:   lease,
			Now:     time.Now,
			Holder:  rand.Text,
		},
		Publisher:   noBus{},
		DeadLetters: queue.NewDeadLetters(queues, env[deadLetterQueueURL]),
		Delayer:     queue.NewVisibility(queues, env[queueURL]),
		Log:         telemetry.New(os.Stdout, function, time.Now),
	}, nil
}

// noBus is the publisher of a stage from which no event follows. It answers for no event, so that one which does is not taken for published.
type noBus struct{}

func (noBus) Publish(context.Context, []event.Event) []error { return nil }
