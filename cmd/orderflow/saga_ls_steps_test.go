package main

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func TestEveryWayInWhichAFunctionFailsIsNamed(t *testing.T) {
	name, cause := aws.String("Name"), aws.String("cause")
	for promise, e := range map[string]types.HistoryEvent{
		"it failed":                 {LambdaFunctionFailedEventDetails: &types.LambdaFunctionFailedEventDetails{Error: name, Cause: cause}},
		"it took too long":          {LambdaFunctionTimedOutEventDetails: &types.LambdaFunctionTimedOutEventDetails{Error: name, Cause: cause}},
		"it could not be started":   {LambdaFunctionStartFailedEventDetails: &types.LambdaFunctionStartFailedEventDetails{Error: name, Cause: cause}},
		"it could not be scheduled": {LambdaFunctionScheduleFailedEventDetails: &types.LambdaFunctionScheduleFailedEventDetails{Error: name, Cause: cause}},
		"a task failed":             {TaskFailedEventDetails: &types.TaskFailedEventDetails{Error: name, Cause: cause}},
		"a task took too long":      {TaskTimedOutEventDetails: &types.TaskTimedOutEventDetails{Error: name, Cause: cause}},
	} {
		if n, c, failed := failureOf(e); n != "Name" || c != "cause" || !failed {
			t.Errorf("%s: got %q, %q, %t", promise, n, c, failed)
		}
	}
	if _, _, failed := failureOf(types.HistoryEvent{Type: types.HistoryEventTypeLambdaFunctionStarted}); failed {
		t.Error("a start is taken for a failure")
	}
	if n, _, _ := failureOf(types.HistoryEvent{TaskFailedEventDetails: &types.TaskFailedEventDetails{}}); n == "" {
		t.Error("a failure without a name is taken for a success")
	}
}

func TestAMessageIsTakenOutOfWhatLambdaSays(t *testing.T) {
	for cause, want := range map[string]string{
		`{"errorMessage":"busy: order o-1","errorType":"Transient"}`: "busy: order o-1",
		`The task timed out.`: "The task timed out.",
		`{"errorType":"T"}`:   `{"errorType":"T"}`,
		"":                    "",
	} {
		if got := messageOf(cause); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAnExecutionThatWasStoppedFailedWhereItStood(t *testing.T) {
	s := newStage(t)
	s.runs = []sagaRun{{
		name: "x-stopped", task: parked().task, status: "ABORTED", began: at, took: 9 * time.Second,
		history: told(at, "> ResolvePayment", "+", "<", "> RefundPayment"),
	}}
	call(t, s, "", "saga", "show", runARN+"x-stopped").want(t, exitOK, "execution x-stopped is ABORTED\norder o-1 v3; started 2026-03-01T09:30:00.000Z, took 9s\nRefundPayment\n")
	call(t, s, "", "saga", "ls", "--failed", "--json").want(t, exitOK, `"status":"ABORTED"`, `"failed_step":"RefundPayment"}`)
}

func TestAnExecutionIsFoundByItsName(t *testing.T) {
	x := executions{machine: "arn:aws:states:eu-central-1:1234:stateMachine:orderflow-dev-saga"}
	if got, want := x.arn("n-1"), "arn:aws:states:eu-central-1:1234:execution:orderflow-dev-saga:n-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := x.arn(runARN + "n-1"); got != runARN+"n-1" {
		t.Errorf("got %s, want an ARN as it is", got)
	}
}
