// Command bootstrap is the Lambda function notify-user.
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/ses"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/wiring"
)

// Names of this function's own environment variables.
const (
	mailSender       = "MAIL_SENDER"
	configurationSet = "MAIL_CONFIGURATION_SET"
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

func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := wiring.QueueFed(getenv, wiring.UsersTable, wiring.NotificationsTable, mailSender, configurationSet)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	mailer, err := ses.New(cfg, env[mailSender], env[configurationSet])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mailSender, err)
	}
	tables := dynamo.Tables{Users: env[wiring.UsersTable], Notifications: env[wiring.NotificationsTable]}
	client := dynamodb.NewFromConfig(cfg)
	ledger := dynamo.NewNotifications(client, tables)
	return wiring.Runner(cfg, env, function, notifyuser.Stage{
		Users:   dynamo.NewUsers(client, tables),
		Claims:  ledger,
		Results: ledger,
		Mailer:  mailer,
		Lease:   lease,
		Now:     time.Now,
		Holder:  rand.Text,
	}, wiring.NoBus{}), nil
}
