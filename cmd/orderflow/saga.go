package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
)

type sagaCommands struct {
	Ls      sagaLsCommand      `cmd:"" help:"List the saga's executions."`
	Show    sagaShowCommand    `cmd:"" help:"Show an execution, or all about an order, step by step."`
	Redrive sagaRedriveCommand `cmd:"" help:"Have the saga finish an order that it could not finish."`
}

type sagaRedriveCommand struct {
	ID      order.ID      `arg:"" help:"Order id."`
	By      string        `placeholder:"NAME" help:"Who asks, as the event says it (default: USER of the environment)."`
	Watch   bool          `help:"Follow the order until it comes to rest."`
	Timeout time.Duration `default:"30s" help:"How long to follow (default: 30s)."`
}

// Help is what --help adds.
func (sagaRedriveCommand) Help() string {
	return `An order that NEEDS_ATTENTION is asked to be cancelled again, in the operator's name, which starts a new execution. For one that is
CANCELLING, or that a saga closed, an execution is started again: it finishes what is left, or states again what
was done. Mend the cause first; see docs/runbooks/failed-saga.md. Doing it twice changes nothing.

    orderflow saga redrive o-1042 --watch`
}

// redrive is what is to be done for an order: ask for its cancellation, or start an execution.
type redrive struct {
	ask   *events.OrderCancelRequested
	start *saga.Task
}

// planRedrive decides what brings the order to its end. The error is a usageError where no saga ever worked on it.
func planRedrive(o order.Order, by order.Asker) (redrive, error) {
	if o.Status == order.NeedsAttention {
		return redrive{ask: &events.OrderCancelRequested{
			OrderID: o.ID, Reason: order.RequestedByOperator, RequestedBy: by, SeenVersion: o.Version,
		}}, nil
	}
	for _, c := range slices.Backward(o.History) {
		if c.Status == order.Cancelling {
			return redrive{start: &saga.Task{OrderID: o.ID, Version: c.Version}}, nil
		}
	}
	return redrive{}, usagef("order %s is %s and was never cancelled: there is no saga to start again", o.ID, o.Status)
}

// asker returns the operator by name, or without one where name has no form that an event may carry.
func asker(name string) order.Asker {
	named := order.AskedByOperator + order.Asker(":"+strings.ToLower(name))
	if named.Valid() {
		return named
	}
	return order.AskedByOperator
}

// Run redrives the order's saga.
func (c sagaRedriveCommand) Run(ctx context.Context, s *session) error {
	by := asker(cmp.Or(c.By, s.getenv("USER")))
	if c.By != "" && by == order.AskedByOperator {
		return usagef("--by must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	o, err := d.orders().Get(ctx, c.ID)
	if err != nil {
		return err
	}
	plan, err := planRedrive(o, by)
	if err != nil {
		return err
	}
	if err := s.redrive(ctx, d, plan); err != nil || !c.Watch {
		return err
	}
	return s.watchUntil(ctx, d.shop(), c.ID, c.Timeout, func(now api.Order) bool {
		return atRest(now) && (plan.ask == nil || now.Version > plan.ask.SeenVersion)
	})
}

// redriven is what --json prints.
type redriven struct {
	OrderID   order.ID `json:"order_id"`
	EventID   string   `json:"event_id,omitempty"`  // of the request
	Execution string   `json:"execution,omitempty"` // that was started
}

func (s *session) redrive(ctx context.Context, d deployment, plan redrive) error {
	if plan.ask != nil {
		request, err := events.New(*plan.ask, s.now(), events.Cause{})
		if err != nil {
			return err
		}
		published := bus.New(eventbridge.NewFromConfig(d.conf), d.stack.BusName).Publish(ctx, []event.Event{request})
		if err := errors.Join(published...); err != nil {
			return err
		}
		return s.printRedriven(redriven{OrderID: plan.ask.OrderID, EventID: request.ID()})
	}
	execution, err := startSaga(ctx, d, *plan.start)
	if err != nil {
		return err
	}
	return s.printRedriven(redriven{OrderID: plan.start.OrderID, Execution: execution})
}

// startSaga starts an execution with the input that the rule gives it, and returns its ARN. One with the same input that still runs is as good.
func startSaga(ctx context.Context, d deployment, t saga.Task) (string, error) {
	input, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	out, err := sfn.NewFromConfig(d.conf).StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &d.stack.SagaARN, Input: aws.String(string(input)),
	})
	if _, running := errors.AsType[*types.ExecutionAlreadyExists](err); running {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("start the saga of order %s: %w", t.OrderID, err)
	}
	return aws.ToString(out.ExecutionArn), nil
}

func (s *session) printRedriven(r redriven) error {
	switch {
	case s.options.JSON:
		return s.printJSON(r)
	case r.EventID != "":
		s.say("order %s: asked for its cancellation again, by event %s", term.Bold(string(r.OrderID)), r.EventID)
	default:
		s.say("order %s: started %s", term.Bold(string(r.OrderID)), term.Plain(cmp.Or(r.Execution, "nothing, an execution still runs")))
	}
	return nil
}
