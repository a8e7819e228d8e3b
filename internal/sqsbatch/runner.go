// Package sqsbatch runs a stage over a batch of SQS messages: it hands every message's event to the stage, publishes what comes back, and tells SQS which messages have to come again.
//
// # What a stage is promised
//
//   - Its events are valid: [Runner.Parse] took them, which checks envelope and data.
//   - Records of one order are handled in turn, in the order of the batch; those
//     of different orders side by side. After a record that has to come again,
//     later ones of its order wait for another delivery too.
//   - Nothing is acknowledged before all that it led to is published. The events of a batch are published together.
//   - A panic, or a handler that does not return, costs its own record and those behind it in the same order, no others.
//   - The handler's context ends before the function is stopped, early enough to publish what is done.
//
// # What it must not assume
//
//   - That a record is handled once, or that what it returned was published: the
//     message comes again, and the stage then has to return the same events.
//   - That batches keep the order of events.
//   - That events returned beside an error go anywhere.
//
// Errors are of the kinds in package outcome. Permanent: into the dead-letter queue
// at once, then acknowledged. Stale: acknowledged. Any other: reported to SQS,
// and invisible for a time that doubles with each receive.
package sqsbatch

import (
	"context"
	"math/rand/v2"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Publisher publishes events and returns one error for each, in the same order; nil where the bus has the event.
// An error of kind permanent says that the event can never be published.
type Publisher interface {
	Publish(ctx context.Context, batch []event.Event) []error
}

// DeadLetters takes what a stage gives up.
type DeadLetters interface {
	Park(ctx context.Context, l deadletter.Letter) error
}

// Delayer hides a message from now on for d.
type Delayer interface {
	Delay(ctx context.Context, receiptHandle string, d time.Duration) error
}

// Codes that the runner gives. A stage has codes of its own.
const (
	CodeUnknownType      outcome.Code = "unknown_type"
	CodeEventTooLarge    outcome.Code = "event_too_large"
	CodePanic            outcome.Code = "panic"
	CodeDeadline         outcome.Code = "deadline"          // not begun or not done when the time was up
	CodeHeldBack         outcome.Code = "held_back"         // behind a record of the same order that comes again
	CodePrepareFailed    outcome.Code = "prepare_failed"    // where the error has no code of its own
	CodeUnpublished      outcome.Code = "unpublished"       // where the error has no code of its own
	CodeParkFailed       outcome.Code = "park_failed"       // it should be a dead letter, and could not be made one
	CodeVisibilityFailed outcome.Code = "visibility_failed" // it comes again, at the queue's own pace
)

// Defaults of a [Runner].
const (
	DefaultMargin  = 2 * time.Second
	DefaultWorkers = 10
)

// Runner runs one stage. All fields without a default are required.
type Runner struct {
	Function    string // key of the function, for dead letters
	Stage       stage.Preparer
	Publisher   Publisher
	DeadLetters DeadLetters
	Delayer     Delayer
	Log         *telemetry.Logger

	// Parse reads a message's body. What it cannot read is given up, with what its error says as the reason; so an error
	// must quote nothing of the body. Events with the same subject are handled in turn. Nil means: an event of the catalog.
	Parse func(body string) (event.Event, error)
	// Margin is how long before the function's deadline handlers have to be done. Half of it goes
	// to handlers that return late, the rest to publishing and the answer. Zero means DefaultMargin.
	Margin time.Duration
	// Workers is how many orders are handled side by side. Zero means DefaultWorkers.
	Workers int
	// Jitter returns random numbers from [0,1). Nil means rand.Float64.
	Jitter func() float64
	// Now is the clock that handling is measured with. Nil means time.Now.
	Now func() time.Time
}

// HandleBatch is the function's handler, for lambda.Start. The error is always
// nil: an error would bring back the whole batch. The list of failures is never
// nil and names a message once.
func (r *Runner) HandleBatch(ctx context.Context, in lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	batch := r.parse(in.Records)
	r.handle(ctx, batch)

	closing, cancel := before(ctx, r.margin()/4)
	defer cancel()
	r.publish(closing, batch)
	r.park(closing, batch)
	r.delay(closing, batch)
	for _, rec := range batch {
		r.log(rec)
	}
	return response(batch), nil
}

// response names the records that have to come again. A message without an id,
// which SQS never sends, would be named by an empty one, and SQS then brings back the whole batch.
func response(batch []*record) lambdaevents.SQSEventResponse {
	failures := []lambdaevents.SQSBatchItemFailure{}
	named := map[string]bool{}
	for _, rec := range batch {
		id := rec.msg.MessageId
		if rec.kind != outcome.KindTransient || named[id] {
			continue
		}
		named[id] = true
		failures = append(failures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: id})
	}
	return lambdaevents.SQSEventResponse{BatchItemFailures: failures}
}

// before returns a context that ends that much before ctx does, if ctx ever does.
func before(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin))
}

func (r *Runner) read(body string) (event.Event, error) {
	if r.Parse == nil {
		return readEvent(body)
	}
	return r.Parse(body)
}

func (r *Runner) margin() time.Duration {
	if r.Margin == 0 {
		return DefaultMargin
	}
	return r.Margin
}

func (r *Runner) workers() int {
	if r.Workers == 0 {
		return DefaultWorkers
	}
	return r.Workers
}

func (r *Runner) jitter() float64 {
	if r.Jitter == nil {
		return rand.Float64()
	}
	return r.Jitter()
}

func (r *Runner) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}
