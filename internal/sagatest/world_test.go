package sagatest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/sagatest"
)

// definition is the very file that is deployed.
const definition = "../../functions/closeorder/saga.asl.json"

const roleARN = "arn:aws:iam::000000000000:role/saga"

// executionWithin bounds an execution, so that a machine that never ends fails its test.
const executionWithin = 60 * time.Second

// world is an emulator with the three functions and the state machine.
type world struct {
	script  *script
	states  *sfn.Client
	machine sagatest.Machine
	arn     string
	hasty   string // the same machine with tasks that time out after a second
}

func newWorld(t *testing.T) *world {
	t.Helper()
	script, address := newScript(t)
	machine, err := sagatest.Read(definition)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(definition)
	if err != nil {
		t.Fatal(err)
	}
	code := zipped(t)
	resolved := string(text)
	for name, function := range map[string]string{"ResolvePaymentArn": resolvePayment, "RefundPaymentArn": refundPayment, "CloseOrderArn": closeOrder} {
		resolved = strings.ReplaceAll(resolved, "${"+name+"}", createFunction(t, function, address, code))
	}
	if strings.Contains(resolved, "${") {
		t.Fatal("the machine has a substitution that this test does not know")
	}
	w := &world{script: script, states: sfn.NewFromConfig(conf), machine: machine}
	w.arn = w.create(t, "saga", resolved)
	hasty := resolved
	for _, s := range machine.States {
		if s.Type == sagatest.Task {
			hasty = strings.ReplaceAll(hasty, fmt.Sprintf(`"TimeoutSeconds": %d,`, s.TimeoutSeconds), `"TimeoutSeconds": 1,`)
		}
	}
	w.hasty = w.create(t, "hasty-saga", hasty)
	return w
}

// zipped returns the zip of the function that asks the script.
func zipped(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	binary, packed := filepath.Join(dir, "step"), filepath.Join(dir, "step.zip")
	if err := lambdazip.Compile(t.Context(), ".", "./testdata/step", binary, lambdazip.Local()); err != nil {
		t.Fatal(err)
	}
	if err := lambdazip.Write(packed, binary); err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func createFunction(t *testing.T, name, script string, code []byte) string {
	t.Helper()
	out, err := lambda.NewFromConfig(conf).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName:  &name,
		Runtime:       lambdatypes.RuntimeProvidedal2023,
		Handler:       aws.String("bootstrap"),
		Role:          aws.String(roleARN),
		Timeout:       aws.Int32(60),
		Architectures: []lambdatypes.Architecture{lambdatypes.Architecture(lambdazip.Local().LambdaArchitecture())},
		Code:          &lambdatypes.FunctionCode{ZipFile: code},
		Environment:   &lambdatypes.Environment{Variables: map[string]string{"SCRIPT_URL": script}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.FunctionArn)
}

func (w *world) create(t *testing.T, name, definition string) string {
	t.Helper()
	out, err := w.states.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: &name, RoleArn: aws.String(roleARN), Definition: &definition, Type: types.StateMachineTypeStandard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.StateMachineArn)
}

// execution is one that has ended.
type execution struct {
	end    string // SUCCEEDED or, of one that failed, the error's name
	visits []sagatest.Visit
}

// run executes a machine with what the rule hands over of an order, and waits for the end.
func (w *world) run(t *testing.T, machine string, id order.ID) execution {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), executionWithin)
	defer cancel()
	input := fmt.Sprintf(`{"order_id": %q, "version": %d}`, id, version)
	started, err := w.states.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	end, err := w.wait(ctx, started.ExecutionArn)
	if err != nil {
		t.Fatal(err)
	}
	history, err := w.states.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: started.ExecutionArn, MaxResults: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if history.NextToken != nil {
		t.Fatal("the history has more than a page")
	}
	return execution{end, visits(history.Events)}
}

// wait polls until the execution has ended and says how.
func (w *world) wait(ctx context.Context, execution *string) (string, error) {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		out, err := w.states.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: execution})
		switch {
		case err != nil:
			return "", err
		case out.Status == types.ExecutionStatusFailed:
			return aws.ToString(out.Error), nil
		case out.Status != types.ExecutionStatusRunning:
			return string(out.Status), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-poll.C:
		}
	}
}

// visits returns the stays in states that a history tells of.
func visits(history []types.HistoryEvent) []sagatest.Visit {
	var all []sagatest.Visit
	for _, e := range history {
		switch {
		case e.StateEnteredEventDetails != nil:
			all = append(all, sagatest.Visit{State: aws.ToString(e.StateEnteredEventDetails.Name), Input: aws.ToString(e.StateEnteredEventDetails.Input)})
		case e.TaskFailedEventDetails != nil:
			v := &all[len(all)-1]
			v.Failures = append(v.Failures, aws.ToString(e.TaskFailedEventDetails.Error))
		case e.TaskSucceededEventDetails != nil:
			all[len(all)-1].Succeeded = true
		}
	}
	return all
}
