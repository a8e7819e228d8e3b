package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
)

var errNoExecution = errors.New("no such execution")

type sagaLsCommand struct {
	Failed bool `help:"Only executions that failed, timed out or were stopped."`
	Limit  int  `default:"20" placeholder:"N" help:"How many at most, newest first (default: 20; at most 1000)."`
}

// Help is what --help adds.
func (sagaLsCommand) Help() string {
	return `Lists the saga's executions, newest first: the order that each is about, the step that it could not finish and what that step said.
Step Functions keeps an execution for 90 days after its end.

    orderflow saga ls --failed`
}

// maxExecutions is how many executions a listing describes at most.
const maxExecutions = 1000

// unhappy reports whether an execution ended in another way than by success.
func unhappy(e execution) bool {
	return e.Status != types.ExecutionStatusRunning && e.Status != types.ExecutionStatusSucceeded
}

// always is for steps that are wanted of every execution.
func always(execution) bool { return true }

// Run lists the executions.
func (c sagaLsCommand) Run(ctx context.Context, s *session) error {
	if c.Limit < 1 || c.Limit > maxExecutions {
		return usagef("--limit must be 1 to %d", maxExecutions)
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	x := d.executions()
	arns, more, err := c.list(ctx, x)
	if err != nil {
		return err
	}
	all, err := x.getAll(ctx, arns, unhappy)
	if err != nil {
		return err
	}
	if err := s.printExecutions(all); err != nil {
		return err
	}
	if more {
		s.note("there are more, all of them older: ask for them with --limit")
	}
	return nil
}

// list returns the ARNs of what is asked for, newest first, and whether there are more. A list is of one status or of all.
func (c sagaLsCommand) list(ctx context.Context, x executions) (arns []string, more bool, err error) {
	statuses := []types.ExecutionStatus{""}
	if c.Failed {
		statuses = []types.ExecutionStatus{types.ExecutionStatusFailed, types.ExecutionStatusTimedOut, types.ExecutionStatusAborted}
	}
	var all []types.ExecutionListItem
	for _, status := range statuses {
		found, further, err := x.list(ctx, status, time.Time{}, c.Limit)
		if err != nil {
			return nil, false, err
		}
		all = append(all, found...)
		more = more || further
	}
	slices.SortStableFunc(all, func(a, b types.ExecutionListItem) int {
		return aws.ToTime(b.StartDate).Compare(aws.ToTime(a.StartDate))
	})
	for _, e := range all[:min(len(all), c.Limit)] {
		arns = append(arns, aws.ToString(e.ExecutionArn))
	}
	return arns, more || len(all) > c.Limit, nil
}

// executionRow is an execution as --json prints it.
type executionRow struct {
	Execution  string     `json:"execution"`
	OrderID    order.ID   `json:"order_id,omitempty"`
	Version    int64      `json:"version,omitempty"` // of the order, that became CANCELLING
	Status     string     `json:"status"`
	StartedAt  time.Time  `json:"started_at"`
	StoppedAt  *time.Time `json:"stopped_at,omitempty"`
	TookMS     float64    `json:"took_ms,omitempty"`
	FailedStep string     `json:"failed_step,omitempty"`
	Error      string     `json:"error,omitempty"`
	Cause      string     `json:"cause,omitempty"`
}

func rowOf(e execution) executionRow {
	r := executionRow{
		Execution: e.ARN, OrderID: e.Task.OrderID, Version: e.Task.Version, Status: string(e.Status), StartedAt: e.Started,
		Error: e.Error, Cause: messageOf(e.Cause),
	}
	if !e.Stopped.IsZero() {
		r.StoppedAt, r.TookMS = &e.Stopped, milliseconds(e.Stopped.Sub(e.Started))
	}
	if step, failed := e.failing(); failed && unhappy(e) {
		r.FailedStep = step.Name
		if step.Error != "" {
			r.Error, r.Cause = step.Error, step.Cause
		}
	}
	return r
}

func (s *session) printExecutions(all []execution) error {
	if !s.options.JSON && len(all) == 0 {
		s.say("none")
		return nil
	}
	rows := make([][]string, len(all))
	for i, e := range all {
		r := rowOf(e)
		if s.options.JSON {
			if err := s.printJSON(r); err != nil {
				return err
			}
			continue
		}
		rows[i] = []string{
			e.Started.Format(order.TimeLayout), took(e), executionStatus(e.Status), about(e), term.Plain(r.FailedStep), term.Plain(r.Error), term.Plain(r.Cause), term.Plain(e.Name),
		}
	}
	if s.options.JSON {
		return nil
	}
	return term.Table(s.stdout, []term.Column{
		{Title: "started"}, {Title: "took", Right: true}, {Title: "status"}, {Title: "order"}, {Title: "failed step"}, {Title: "error"}, {Title: "cause"}, {Title: "execution"},
	}, rows)
}

// about names the order that an execution is about, and its version.
func about(e execution) string {
	if e.Task.OrderID == "" {
		return "(none)"
	}
	return string(e.Task.OrderID) + " v" + strconv.FormatInt(e.Task.Version, 10)
}

func took(e execution) string {
	if e.Stopped.IsZero() {
		return ""
	}
	return term.Duration(e.Stopped.Sub(e.Started))
}

// executionStatus prints a status in its colour.
func executionStatus(status types.ExecutionStatus) string {
	switch status {
	case types.ExecutionStatusSucceeded:
		return term.Good(string(status))
	case types.ExecutionStatusRunning:
		return term.Warn(string(status))
	default:
		return term.Bad(term.Plain(string(status)))
	}
}
