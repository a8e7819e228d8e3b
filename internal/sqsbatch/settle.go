package sqsbatch

import (
	"context"
	"errors"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// publish sends what all records led to, together. A record of which one event
// was not published has not ended well: it comes again or, where that event
// never can be published, is given up.
func (r *Runner) publish(ctx context.Context, batch []*record) {
	var all []event.Event
	for _, rec := range batch {
		all = append(all, rec.out...)
	}
	if len(all) == 0 {
		return
	}
	errs := r.Publisher.Publish(ctx, all)
	for _, rec := range batch {
		n := len(rec.out)
		if err := worst(errs, n); err != nil {
			rec.unpublished(err)
		}
		errs = errs[min(n, len(errs)):]
	}
}

var errNoAnswer = errors.New("publisher gave no answer for an event")

// worst returns the error that decides over a record whose n events have the first n of errs: one
// that says never before one that says not now.
func worst(errs []error, n int) error {
	if len(errs) < n {
		return errNoAnswer
	}
	var first error
	for _, err := range errs[:n] {
		if kind, _ := outcome.Of(err); kind == outcome.KindPermanent {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (rec *record) unpublished(err error) {
	kind, code := outcome.Of(err)
	if kind != outcome.KindPermanent {
		kind = outcome.KindTransient
	}
	if code == outcome.CodeUnknown {
		code = CodeUnpublished
	}
	rec.result = result{kind: kind, code: code, reason: reasonOf(err), took: rec.took}
}

// park makes dead letters of what can never succeed. Where that fails, the message comes again instead.
func (r *Runner) park(ctx context.Context, batch []*record) {
	given := ofKind(batch, outcome.KindPermanent)
	side(len(given), r.workers(), func(i int) {
		rec := given[i]
		if err := r.DeadLetters.Park(ctx, rec.letter(r.Function)); err != nil {
			rec.result = result{kind: outcome.KindTransient, code: CodeParkFailed, took: rec.took}
		}
	})
}

// delay sets when each message that comes again does so. Where that fails, it does when the queue's visibility timeout is over.
func (r *Runner) delay(ctx context.Context, batch []*record) {
	again := ofKind(batch, outcome.KindTransient)
	delays := make([]time.Duration, len(again))
	for i, rec := range again {
		delays[i] = Backoff(rec.receives(), r.jitter())
	}
	side(len(again), r.workers(), func(i int) {
		rec := again[i]
		if err := r.Delayer.Delay(ctx, rec.msg.ReceiptHandle, delays[i]); err != nil {
			r.Log.Fault(telemetry.Fault{
				Operation: "delay",
				Code:      CodeVisibilityFailed,
				MessageID: rec.msg.MessageId,
				Order:     rec.order(),
				EventID:   rec.id(),
			})
		}
	})
}

func ofKind(batch []*record, kind outcome.Kind) []*record {
	var out []*record
	for _, rec := range batch {
		if rec.kind == kind {
			out = append(out, rec)
		}
	}
	return out
}

// maxBackoff is the longest wait between two receives of a message. SQS would allow 12 hours.
const maxBackoff = 15 * time.Minute

// Backoff returns how long to hide a message that was received that often: 1, 2,
// 4 … seconds up to 15 minutes, of which jitter, a number from [0,1), decides
// the upper half. It is at least a second, which is SQS's unit.
func Backoff(receives int, jitter float64) time.Duration {
	full := maxBackoff
	if doublings := receives - 1; doublings < 10 {
		full = min(full, time.Second<<max(doublings, 0))
	}
	half := full / 2
	return max(time.Second, half+time.Duration(jitter*float64(half)))
}

func (r *Runner) log(rec *record) {
	r.Log.Record(rec.line())
	if rec.frame != "" {
		r.Log.Fault(telemetry.Fault{
			Operation: "handle",
			Code:      rec.code,
			MessageID: rec.msg.MessageId,
			Order:     rec.order(),
			EventID:   rec.id(),
			Frame:     rec.frame,
		})
	}
}

func (rec *record) line() telemetry.Record {
	line := telemetry.Record{
		MessageID: rec.msg.MessageId,
		Outcome:   rec.kind,
		Code:      rec.code,
		Duration:  rec.took,
		Attempt:   rec.receives(),
		Published: len(rec.out),
	}
	if rec.event.Context != nil {
		line.Order = rec.event.Subject()
		line.EventID = rec.event.ID()
		line.Type = rec.event.Type()
		line.Cause = events.CausationID(rec.event)
		line.TraceParent = events.TraceParent(rec.event)
	}
	return line
}

func (rec *record) order() string { return rec.line().Order }

func (rec *record) id() string { return rec.line().EventID }
