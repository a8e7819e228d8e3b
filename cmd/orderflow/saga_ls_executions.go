package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
)

// execution is one run of the saga.
type execution struct {
	ARN     string
	Name    string
	Status  types.ExecutionStatus
	Started time.Time
	Stopped time.Time // zero while it runs
	Task    saga.Task // what it was started with; zero where that is no task
	Error   string    // of the execution itself, empty where there was none
	Cause   string
	Steps   []sagaStep // empty where they were not read
}

// executions are those of a stage's saga.
type executions struct {
	client  *sfn.Client
	machine string // ARN
}

func (d deployment) executions() executions {
	return executions{sfn.NewFromConfig(d.conf), d.stack.SagaARN}
}

// arn returns the ARN of an execution by its name, or by its ARN.
func (x executions) arn(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return strings.Replace(x.machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// Bounds of one look. Describing is what counts: Step Functions lets an account do so about 15 times a second for long
// (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const (
	executionsPage = 1000 // the most that a call lists
	atOnce         = 8    // calls that are under way at a time
)

// list returns the newest executions first, up to limit, of a status, or of any where it is empty, that were started since or later.
// It reports whether there are more.
func (x executions) list(ctx context.Context, status types.ExecutionStatus, since time.Time, limit int) (found []types.ExecutionListItem, more bool, err error) {
	pages := sfn.NewListExecutionsPaginator(x.client, &sfn.ListExecutionsInput{
		StateMachineArn: &x.machine, StatusFilter: status, MaxResults: int32(min(limit+1, executionsPage)), //nolint:gosec // at most a page
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, false, fmt.Errorf("list the saga's executions: %w", err)
		}
		for _, e := range page.Executions {
			if aws.ToTime(e.StartDate).Before(since) {
				return found, false, nil
			}
			if len(found) == limit {
				return found, true, nil
			}
			found = append(found, e)
		}
	}
	return found, false, nil
}

// get reads an execution without its steps. The error is errNoExecution where there is none.
func (x executions) get(ctx context.Context, arn string) (execution, error) {
	out, err := x.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return execution{}, fmt.Errorf("describe execution: %w", unknownExecution(err))
	}
	e := execution{
		ARN: aws.ToString(out.ExecutionArn), Name: aws.ToString(out.Name), Status: out.Status,
		Started: aws.ToTime(out.StartDate).UTC(), Error: aws.ToString(out.Error), Cause: aws.ToString(out.Cause),
	}
	if out.StopDate != nil && out.Status != types.ExecutionStatusRunning {
		e.Stopped = out.StopDate.UTC()
	}
	if json.Unmarshal([]byte(aws.ToString(out.Input)), &e.Task) != nil || !e.Task.OrderID.Valid() {
		e.Task = saga.Task{} // somebody started it by hand with something else
	}
	return e, nil
}

// unknownExecution tells the answers for an execution that is not there, or for a name that cannot be one, from other errors.
func unknownExecution(err error) error {
	_, unknown := errors.AsType[*types.ExecutionDoesNotExist](err)
	_, misnamed := errors.AsType[*types.InvalidArn](err)
	if unknown || misnamed {
		return errNoExecution
	}
	return err
}

// withSteps reads e's steps.
func (x executions) withSteps(ctx context.Context, e execution) (execution, error) {
	var told []types.HistoryEvent
	pages := sfn.NewGetExecutionHistoryPaginator(x.client, &sfn.GetExecutionHistoryInput{
		ExecutionArn: &e.ARN, IncludeExecutionData: aws.Bool(false), MaxResults: executionsPage,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return e, fmt.Errorf("read the history of execution %s: %w", e.Name, err)
		}
		told = append(told, page.Events...)
	}
	e.Steps = stepsOf(told)
	return e, nil
}

// getAll reads executions in the order of arns, and the steps of those that need them.
func (x executions) getAll(ctx context.Context, arns []string, needSteps func(execution) bool) ([]execution, error) {
	all := make([]execution, len(arns))
	err := sideBySide(len(arns), func(i int) error {
		e, err := x.get(ctx, arns[i])
		if err == nil && needSteps(e) {
			e, err = x.withSteps(ctx, e)
		}
		all[i] = e
		return err
	})
	return all, err
}

// sideBySide calls do for 0 to n-1, some at a time, and returns the errors joined. After an error no more are begun.
func sideBySide(n int, do func(i int) error) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		slots = make(chan struct{}, atOnce)
	)
	failed := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(errs) > 0
	}
	for i := 0; i < n && !failed(); i++ {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// search is what a look for the executions about an order found.
type search struct {
	found  []execution // newest first
	looked int         // executions that were looked at
	left   int         // that were not, though they may be about the order
	more   bool        // whether there are executions that were not even listed
}

// complete reports whether no execution about the order can be missing.
func (s search) complete() bool { return s.left == 0 && !s.more }

const (
	listBound = 5000            // executions of an age that are listed
	early     = 5 * time.Second // by how much clocks may differ
)

// about looks for the executions about an order. Only their inputs say what they are about, so it describes up to bound of
// those that began since the order first was CANCELLING, the nearest behind such a change first.
func (x executions) about(ctx context.Context, o order.Order, bound int, needSteps func(execution) bool) (search, error) {
	began := cancellings(o)
	if len(began) == 0 {
		return search{}, nil
	}
	listed, more, err := x.list(ctx, "", began[0].Add(-early), listBound)
	if err != nil {
		return search{}, err
	}
	slices.SortStableFunc(listed, func(a, b types.ExecutionListItem) int {
		return cmp.Compare(behind(began, aws.ToTime(a.StartDate)), behind(began, aws.ToTime(b.StartDate)))
	})
	arns := make([]string, min(len(listed), bound))
	for i := range arns {
		arns[i] = aws.ToString(listed[i].ExecutionArn)
	}
	all, err := x.getAll(ctx, arns, func(e execution) bool { return e.Task.OrderID == o.ID && needSteps(e) })
	if err != nil {
		return search{}, err
	}
	found := slices.DeleteFunc(all, func(e execution) bool { return e.Task.OrderID != o.ID })
	slices.SortStableFunc(found, func(a, b execution) int { return b.Started.Compare(a.Started) })
	return search{found: found, looked: len(arns), left: len(listed) - len(arns), more: more}, nil
}

// cancellings returns when an order became CANCELLING, oldest first.
func cancellings(o order.Order) []time.Time {
	var began []time.Time
	for _, c := range o.History {
		if c.Status == order.Cancelling {
			began = append(began, c.At)
		}
	}
	return began
}

// behind returns how long at is after the last of the times before it, a little before counting as at once.
func behind(times []time.Time, at time.Time) time.Duration {
	for _, t := range slices.Backward(times) {
		if d := at.Sub(t); d > -early {
			return max(d, 0)
		}
	}
	return 0
}
