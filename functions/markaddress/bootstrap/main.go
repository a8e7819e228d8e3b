// Command bootstrap is the Lambda function mark-address.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/functions/markaddress"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/wiring"
)

const function = "mark-address"

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, function+":", err)
		os.Exit(1)
	}
	lambda.Start(runner.HandleBatch)
}

func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := wiring.QueueFed(getenv, wiring.OrdersTable, wiring.UsersTable)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	tables := dynamo.Tables{Orders: env[wiring.OrdersTable], Users: env[wiring.UsersTable]}
	client := dynamodb.NewFromConfig(cfg)
	runner := wiring.Runner(cfg, env, function, markaddress.Stage{
		Orders: dynamo.NewOrders(client, tables),
		Users:  dynamo.NewUsers(client, tables),
	}, wiring.NoBus{})
	runner.Parse = markaddress.Parse
	return runner, nil
}
