// Command bootstrap is the Lambda function query-user.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/functions/queryuser"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/wiring"
)

func main() {
	runner, err := wire(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "query-user:", err)
		os.Exit(1)
	}
	lambda.Start(runner.HandleBatch)
}

func wire(getenv awsenv.Getenv) (*sqsbatch.Runner, error) {
	env, err := wiring.QueueFed(getenv, wiring.BusName, wiring.UsersTable)
	if err != nil {
		return nil, err
	}
	cfg := awsenv.Config(getenv)
	users := dynamo.NewUsers(dynamodb.NewFromConfig(cfg), dynamo.Tables{Users: env[wiring.UsersTable]})
	publisher := bus.New(eventbridge.NewFromConfig(cfg), env[wiring.BusName])
	return wiring.Runner(cfg, env, "query-user", queryuser.Stage{Users: users}, publisher), nil
}
