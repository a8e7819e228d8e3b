// Command step stands in for every function of the saga: it asks the test what to answer.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, task json.RawMessage) (json.RawMessage, error) {
	// The emulator waits for the log of a function that writes none.
	fmt.Println("asked")
	url := os.Getenv("SCRIPT_URL") + "/" + os.Getenv("AWS_LAMBDA_FUNCTION_NAME")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(task))
	if err != nil {
		return nil, err
	}
	said, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer said.Body.Close()
	dec := json.NewDecoder(said.Body)
	switch said.StatusCode {
	case http.StatusOK:
		var answer json.RawMessage
		err = dec.Decode(&answer)
		return answer, err
	case http.StatusUnprocessableEntity:
		var failure messages.InvokeResponse_Error
		if err := dec.Decode(&failure); err != nil {
			return nil, err
		}
		return nil, failure
	default:
		return nil, errors.New(said.Status)
	}
}
