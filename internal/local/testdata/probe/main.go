// Command probe stands in for every function in the tests of the local run: it tells what its role lets
// it do to the orders table.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// answer serves as an HTTP answer and as an answer to a batch.
type answer struct {
	StatusCode        int      `json:"statusCode"`
	Body              string   `json:"body"`
	BatchItemFailures []string `json:"batchItemFailures"`
}

// findings hold the error code of each call, empty where it was allowed.
type findings struct {
	Put  string `json:"put"`
	Scan string `json:"scan"`
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, in json.RawMessage) (answer, error) {
	var request struct {
		RawPath string `json:"rawPath"`
		Body    string `json:"body"`
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return answer{}, err
	}
	if request.RawPath == "" {
		return answer{BatchItemFailures: []string{}}, nil
	}
	if request.Body == "linger" {
		time.Sleep(time.Minute)
	}
	body, err := json.Marshal(probe(ctx))
	return answer{StatusCode: http.StatusOK, Body: string(body), BatchItemFailures: []string{}}, err
}

func probe(ctx context.Context) findings {
	client := dynamodb.NewFromConfig(aws.Config{
		Region:       os.Getenv("AWS_REGION"),
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"),
			os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	})
	table := aws.String(os.Getenv("ORDERS_TABLE"))
	_, put := client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: table,
		Item:      map[string]types.AttributeValue{"order_id": &types.AttributeValueMemberS{Value: "probe"}},
	})
	_, scan := client.Scan(ctx, &dynamodb.ScanInput{TableName: table})
	return findings{Put: code(put), Scan: code(scan)}
}

func code(err error) string {
	var answered smithy.APIError
	if errors.As(err, &answered) {
		return answered.ErrorCode()
	}
	if err != nil {
		return "unreachable"
	}
	return ""
}
