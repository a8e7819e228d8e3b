// Package saga is what the steps of the cancelling saga are told and what they answer: resolve-payment, then refund-payment where money moved, then close-order.
//
// The state machine that calls them stands in saga.asl.json beside its function.yml. A
// step goes by the tables alone; what it is told are ids and where the machine
// stands. So steps may be repeated, and executions may run twice or long after.
package saga

import (
	"context"
	"errors"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
)

// Task is the input of a step, and the input of an execution.
type Task struct {
	OrderID order.ID `json:"order_id"`
	Version int64    `json:"version"`         // that became CANCELLING, and whose OrderUpdated is the cause of what the saga does
	Round   int      `json:"round,omitempty"` // how often close-order has sent the machine back; 0 at first
	Park    bool     `json:"park,omitempty"`  // of close-order: a step could not finish, so the order needs attention
}

// Next is what the state machine is to do after a step.
type Next string

// What may be next. The state machine's choices are over these words.
const (
	Refund Next = "refund" // the money was captured: give it back
	Close  Next = "close"  // there is nothing to give back (any more): close the order
	Again  Next = "again"  // the payments row has moved on: resolve the payment again
	Wait   Next = "wait"   // the provider can't tell yet: end, the sweep starts the saga again
	Stale  Next = "stale"  // another execution was first, or this one is out of date: end
	Done   Next = "done"   // the order is closed
	Parked Next = "parked" // the order needs attention: fail the execution
)

// Answer is a step's output.
type Answer struct {
	Task
	Next Next `json:"next"`
}

// ErrRefundFailed means that the provider shows a refund that failed. The state machine asks for another one, later and not for ever.
var ErrRefundFailed = errors.New("the provider could not give the money back")

// Step is one step of the saga.
type Step interface {
	// Do does the step, and returns what is next and the events to publish before the answer is given. An error is
	// permanent or transient by package outcome; ErrRefundFailed is transient in a way of its own.
	Do(ctx context.Context, t Task) (Next, []event.Event, error)
}

// StepFunc is a function that is a Step.
type StepFunc func(ctx context.Context, t Task) (Next, []event.Event, error)

// Do calls f.
func (f StepFunc) Do(ctx context.Context, t Task) (Next, []event.Event, error) { return f(ctx, t) }
