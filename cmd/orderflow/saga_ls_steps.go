package main

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// sagaStep is one passage of an execution through a state.
type sagaStep struct {
	Name     string
	Task     bool // calls a function
	At       time.Time
	Left     time.Time // zero where it was not left
	Attempts int       // calls of the function
	Error    string    // name of the last attempt's error, empty where it succeeded
	Cause    string    // what the function said of it: a code and ids
}

// stepsOf reads a history, oldest event first. The saga has no parallel branches, so an event between the entry of a state and
// its exit is that state's. A function that is called by its own ARN has events of its own, others those of tasks.
func stepsOf(told []types.HistoryEvent) []sagaStep {
	var steps []sagaStep
	for _, e := range told {
		at := aws.ToTime(e.Timestamp).UTC()
		if d := e.StateEnteredEventDetails; d != nil {
			steps = append(steps, sagaStep{Name: aws.ToString(d.Name), Task: e.Type == types.HistoryEventTypeTaskStateEntered, At: at})
			continue
		}
		if len(steps) == 0 {
			continue
		}
		steps[len(steps)-1].learn(e, at)
	}
	return steps
}

// learn adds to s what an event after its entry says.
func (s *sagaStep) learn(e types.HistoryEvent, at time.Time) {
	if e.StateExitedEventDetails != nil {
		s.Left = at
		return
	}
	switch e.Type {
	case types.HistoryEventTypeLambdaFunctionScheduled, types.HistoryEventTypeTaskScheduled:
		s.Attempts++
	case types.HistoryEventTypeLambdaFunctionSucceeded, types.HistoryEventTypeTaskSucceeded:
		s.Error, s.Cause = "", ""
	default:
	}
	if name, cause, failed := failureOf(e); failed {
		s.Error, s.Cause = name, messageOf(cause)
	}
}

// failureOf returns the error that an event tells of a function's call, and whether it does.
func failureOf(e types.HistoryEvent) (name, cause string, failed bool) {
	var n, c *string
	switch {
	case e.LambdaFunctionFailedEventDetails != nil:
		n, c = e.LambdaFunctionFailedEventDetails.Error, e.LambdaFunctionFailedEventDetails.Cause
	case e.LambdaFunctionTimedOutEventDetails != nil:
		n, c = e.LambdaFunctionTimedOutEventDetails.Error, e.LambdaFunctionTimedOutEventDetails.Cause
	case e.LambdaFunctionStartFailedEventDetails != nil:
		n, c = e.LambdaFunctionStartFailedEventDetails.Error, e.LambdaFunctionStartFailedEventDetails.Cause
	case e.LambdaFunctionScheduleFailedEventDetails != nil:
		n, c = e.LambdaFunctionScheduleFailedEventDetails.Error, e.LambdaFunctionScheduleFailedEventDetails.Cause
	case e.TaskFailedEventDetails != nil:
		n, c = e.TaskFailedEventDetails.Error, e.TaskFailedEventDetails.Cause
	case e.TaskTimedOutEventDetails != nil:
		n, c = e.TaskTimedOutEventDetails.Error, e.TaskTimedOutEventDetails.Cause
	default:
		return "", "", false
	}
	return cmp.Or(aws.ToString(n), "unnamed"), aws.ToString(c), true
}

// maxCause is how much of a cause is told, in bytes: our functions say less.
const maxCause = 200

// messageOf returns the message in what Lambda says of a function's error: {"errorMessage": …, "errorType": …}
// (https://docs.aws.amazon.com/lambda/latest/dg/golang-exceptions.html). Anything else is told as it is, up to a bound.
func messageOf(cause string) string {
	var said struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(cause), &said) == nil && said.Message != "" {
		cause = said.Message
	}
	return cause[:min(len(cause), maxCause)]
}

// failing returns the step that an execution could not finish: the first of its functions whose last attempt failed, for what comes
// behind it only parks the order; else, where the whole execution timed out or was stopped, the function that it was stopped in. It
// reports false where there is none.
func (e execution) failing() (sagaStep, bool) {
	for _, s := range e.Steps {
		if s.Task && s.Error != "" {
			return s, true
		}
	}
	if n := len(e.Steps); n > 0 && e.Steps[n-1].Task && e.Steps[n-1].Left.IsZero() {
		return e.Steps[n-1], true
	}
	return sagaStep{}, false
}
