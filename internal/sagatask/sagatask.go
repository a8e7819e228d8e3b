// Package sagatask runs a step of the saga as a Lambda function of a state machine: it reads the task, publishes what the step states, and answers what is next.
//
// Nothing is answered before all that the step led to is published, so a step whose
// publishing failed is done again and then has to return the same events. An error has one
// of the names [Permanent], [Transient] and [RefundFailed], which the machine's retries go by,
// and says nothing but a code and ids.
package sagatask

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Names of errors, for the Retry and Catch of a state machine.
const (
	Permanent    = "Permanent"    // the same task can never succeed
	Transient    = "Transient"    // it may succeed later
	RefundFailed = "RefundFailed" // saga.ErrRefundFailed: another refund may work, later and not for ever
)

// Codes that the runner gives. A step has codes of its own.
const (
	CodeInvalidTask  outcome.Code = "invalid_task"
	CodePanic        outcome.Code = "panic"
	CodeUnpublished  outcome.Code = "unpublished"   // where the error has no code of its own
	CodeRefundFailed outcome.Code = "refund_failed" // where the error has no code of its own
)

// DefaultMargin is the margin of a [Runner] that has none of its own.
const DefaultMargin = 2 * time.Second

// Publisher publishes events and returns one error for each, in the same order; nil where the bus has the event.
// An error of kind permanent says that the event can never be published.
type Publisher interface {
	Publish(ctx context.Context, batch []event.Event) []error
}

// Runner runs one step. All fields without a default are required.
type Runner struct {
	Step      saga.Step
	Publisher Publisher
	Log       *telemetry.Logger

	// Margin is how long before the function's deadline the step has to be done. Half of it is for publishing. Zero means DefaultMargin.
	Margin time.Duration
	// Now is the clock that the step is measured with. Nil means time.Now.
	Now func() time.Time
}

// Handle is the function's handler, for lambda.Start. The error is a
// messages.InvokeResponse_Error, whose type is what Step Functions calls the error's name.
func (r *Runner) Handle(ctx context.Context, raw json.RawMessage) (saga.Answer, error) {
	task, err := read(raw)
	if err != nil {
		res := resultOf("", nil, outcome.Permanent(CodeInvalidTask, err))
		r.log(saga.Task{}, res)
		return saga.Answer{}, res.failure(saga.Task{})
	}
	res := r.do(ctx, task)
	r.publish(ctx, &res)
	r.log(task, res)
	if res.name != "" {
		return saga.Answer{}, res.failure(task)
	}
	return answer(task, res.next), nil
}

// result is how a step ended.
type result struct {
	next  saga.Next
	name  string // of the error, empty where there is none
	kind  outcome.Kind
	code  outcome.Code
	out   []event.Event
	took  time.Duration
	frame string // where it panicked
}

// resultOf returns how a step ended that returned this. An error of kind stale is the same as the answer stale.
func resultOf(next saga.Next, out []event.Event, err error) result {
	kind, code := outcome.Of(err)
	switch {
	case errors.Is(err, saga.ErrRefundFailed):
		if code == outcome.CodeUnknown {
			code = CodeRefundFailed
		}
		return result{name: RefundFailed, kind: outcome.KindTransient, code: code}
	case kind == outcome.KindDone:
		return result{next: next, kind: kind, out: out}
	case kind == outcome.KindStale:
		return result{next: saga.Stale, kind: kind, code: code}
	case kind == outcome.KindPermanent:
		return result{name: Permanent, kind: kind, code: code}
	default:
		return result{name: Transient, kind: outcome.KindTransient, code: code}
	}
}

// do does the step, whose context ends before the function's.
func (r *Runner) do(ctx context.Context, task saga.Task) (res result) {
	work, cancel := before(ctx, r.margin())
	defer cancel()
	began := r.now()
	defer func() {
		if recover() != nil {
			res = result{name: Transient, kind: outcome.KindTransient, code: CodePanic, frame: telemetry.PanicFrame()}
		}
		res.took = r.now().Sub(began)
	}()
	return resultOf(r.Step.Do(work, task))
}

var errNoAnswer = errors.New("publisher gave no answer for an event")

// publish sends what the step states. Where an event was not published, the step has not ended well.
func (r *Runner) publish(ctx context.Context, res *result) {
	if len(res.out) == 0 {
		return
	}
	closing, cancel := before(ctx, r.margin()/2)
	defer cancel()
	errs := r.Publisher.Publish(closing, res.out)
	if len(errs) < len(res.out) {
		errs = append(errs, errNoAnswer)
	}
	for _, err := range errs {
		if err != nil {
			res.unpublished(err)
		}
	}
}

// unpublished notes why an event was not published. A reason that says never goes before one that says not now.
func (res *result) unpublished(err error) {
	if res.name == Permanent {
		return
	}
	kind, code := outcome.Of(err)
	name := Permanent
	if kind != outcome.KindPermanent {
		name, kind = Transient, outcome.KindTransient
	}
	if code == outcome.CodeUnknown {
		code = CodeUnpublished
	}
	*res = result{name: name, kind: kind, code: code, took: res.took}
}

// answer is what the machine goes on with: what the step was told, one round further where it goes back.
func answer(task saga.Task, next saga.Next) saga.Answer {
	if next == saga.Again {
		task.Round++
	}
	return saga.Answer{Task: task, Next: next}
}

// failure is the error that Step Functions sees.
func (res result) failure(task saga.Task) error {
	message := string(res.code)
	if task.OrderID != "" {
		message = fmt.Sprintf("order %s version %d: %s", task.OrderID, task.Version, res.code)
	}
	return messages.InvokeResponse_Error{Type: res.name, Message: message}
}

func (r *Runner) log(task saga.Task, res result) {
	r.Log.Step(telemetry.Step{
		Order:     string(task.OrderID),
		Version:   task.Version,
		Round:     task.Round,
		Next:      string(res.next),
		Outcome:   res.kind,
		Code:      res.code,
		Duration:  res.took,
		Published: len(res.out),
	})
	if res.frame != "" {
		r.Log.Fault(telemetry.Fault{Operation: "step", Code: res.code, Order: string(task.OrderID), Frame: res.frame})
	}
}

// before returns a context that ends that much before ctx does, if ctx ever does.
func before(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

func (r *Runner) margin() time.Duration {
	if r.Margin == 0 {
		return DefaultMargin
	}
	return r.Margin
}

func (r *Runner) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
