package sweeporders

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment/facts"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// run is one sweep.
type run struct {
	Sweep
	now time.Time

	mu      sync.Mutex // guards what follows
	summary Summary
	first   error // the first failure
}

// act is an event that is to be published, and why.
type act struct {
	action Action
	event  event.Event
	notice string // id of the notice that led to it, empty for an order's
}

// publish publishes what acts say and returns one error for each, in the same order.
func (r *run) publish(ctx context.Context, acts []act) []error {
	if len(acts) == 0 {
		return nil
	}
	batch := make([]event.Event, len(acts))
	for i, a := range acts {
		batch[i] = a.event
	}
	errs := r.Publisher.Publish(ctx, batch)
	for i, a := range acts {
		r.tell(a, errs[i])
	}
	return errs
}

// tell counts and logs what became of a.
func (r *run) tell(a act, err error) {
	kind, code := outcome.Of(err)
	line := telemetry.Record{
		MessageID:   a.notice,
		Order:       a.event.Subject(),
		EventID:     a.event.ID(),
		Type:        a.event.Type(),
		Cause:       events.CausationID(a.event),
		TraceParent: events.TraceParent(a.event),
		Outcome:     kind,
		Code:        code,
	}
	if err == nil {
		line.Code, line.Published = outcome.Code(a.action), 1
		r.count(a)
	} else {
		r.note(err)
	}
	r.Log.Record(line)
}

func (r *run) count(a act) {
	disputes, failures := facts.Alarms([]event.Event{a.event}, r.now)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Disputes += disputes
	r.summary.RefundFailures += failures
	switch a.action {
	case Reannounce:
		r.summary.Reannounced++
	case RequestCancel:
		r.summary.CancelRequested++
	case RestartSaga:
		r.summary.SagaRestarted++
	default: // webhooks are counted by intent
	}
}

// fail counts and logs that operation failed, for an order or a notice where one of them is named.
func (r *run) fail(operation string, id order.ID, notice string, err error) {
	_, code := outcome.Of(err)
	r.Log.Fault(telemetry.Fault{Operation: operation, Code: code, Order: string(id), MessageID: notice})
	r.note(err)
}

func (r *run) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Failed++
	if r.first == nil {
		r.first = err
	}
}

// failure returns the error of a sweep in which something failed.
func (r *run) failure() error {
	if r.first == nil {
		return nil
	}
	return fmt.Errorf("sweep: %d failed, the first: %w", r.summary.Failed, r.first)
}

func (r *run) measure() {
	s := r.summary
	r.Log.Metrics(
		telemetry.Count(telemetry.Reannounced, s.Reannounced),
		telemetry.Count(telemetry.CancelRequested, s.CancelRequested),
		telemetry.Count(telemetry.SagaRestarted, s.SagaRestarted),
		telemetry.Count(telemetry.WebhooksRecovered, s.WebhooksRecovered),
		telemetry.Count(telemetry.Disputes, s.Disputes),
		telemetry.Count(telemetry.RefundFailures, s.RefundFailures),
		telemetry.Seconds(telemetry.OldestOpenAge, time.Duration(s.OldestOpenSeconds)*time.Second),
	)
}
