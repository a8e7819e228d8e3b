// Package bus publishes events on an EventBridge bus.
//
// Each event is checked before anything is sent, because EventBridge looks at
// little of it. PutEvents answers 200 although entries failed; those entries,
// and only those, are sent again a few times.
package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Codes of the errors that Publish returns.
const (
	// CodeRefused marks an event that can never be published: permanent.
	CodeRefused outcome.Code = "event_refused"
	// CodePublishFailed marks an event that the bus did not take: transient.
	CodePublishFailed outcome.Code = "publish_failed"
)

// Publisher publishes on one bus. It may be used by many goroutines at once.
type Publisher struct {
	client *eventbridge.Client
	bus    string
	pause  Pause
}

// Pause waits before the retry of that number, 1 being the first, and returns early with an error if ctx ends.
type Pause func(ctx context.Context, retry int) error

// New returns a publisher on the named bus that waits with [Jittered] between attempts.
func New(client *eventbridge.Client, bus string) *Publisher {
	return NewWithPause(client, bus, Jittered(rand.Float64))
}

// NewWithPause is [New] with another way to wait.
func NewWithPause(client *eventbridge.Client, bus string, pause Pause) *Publisher {
	return &Publisher{client, bus, pause}
}

// Publish sends the events and returns one error for each, in the same order;
// nil means that the bus has the event. An event that [events.Encode] refuses is
// not sent, and its error is permanent. Every other error is transient, and may
// stand for an event that the bus did take. Codes are those above.
func (p *Publisher) Publish(ctx context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	var due []entry
	for i, e := range batch {
		request, err := p.request(e)
		if err != nil {
			errs[i] = outcome.Permanent(CodeRefused, fmt.Errorf("publish event: %w", err))
			continue
		}
		due = append(due, entry{i, request})
	}
	p.send(ctx, due, errs)
	return errs
}

// entry is a request with the index of its event.
type entry struct {
	index   int
	request types.PutEventsRequestEntry
}

func (p *Publisher) request(e event.Event) (types.PutEventsRequestEntry, error) {
	detail, err := events.Encode(e)
	if err != nil {
		return types.PutEventsRequestEntry{}, err
	}
	return types.PutEventsRequestEntry{
		EventBusName: &p.bus,
		Source:       aws.String(e.Source()),
		DetailType:   aws.String(e.Type()),
		Detail:       aws.String(string(detail)),
		Time:         aws.Time(e.Time()),
	}, nil
}

// maxAttempts is how often an entry is sent that the bus answers with an error code.
const maxAttempts = 4

// send notes in errs what became of every entry.
func (p *Publisher) send(ctx context.Context, due []entry, errs []error) {
	for attempt := 1; len(due) > 0; attempt++ {
		var failed []entry
		for _, chunk := range chunks(due) {
			failed = append(failed, p.put(ctx, chunk, errs)...)
		}
		if len(failed) == 0 || attempt == maxAttempts || p.pause(ctx, attempt) != nil {
			return
		}
		due = failed
	}
}

// put makes one call and returns the entries that are worth another attempt. A
// call that failed as a whole is not: the client has tried it several times.
func (p *Publisher) put(ctx context.Context, chunk []entry, errs []error) (failed []entry) {
	in := &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, len(chunk))}
	for i, e := range chunk {
		in.Entries[i] = e.request
	}
	out, err := p.client.PutEvents(ctx, in)
	if err == nil && len(out.Entries) != len(chunk) {
		err = errMisaligned
	}
	if err != nil {
		for _, e := range chunk {
			errs[e.index] = outcome.Transient(CodePublishFailed, fmt.Errorf("publish event: %w", err))
		}
		return nil
	}
	for i, e := range chunk {
		errs[e.index] = failure(out.Entries[i])
		if errs[e.index] != nil {
			failed = append(failed, e)
		}
	}
	return failed
}

var errMisaligned = errors.New("the answer has another number of entries than the request")

// failure reads one entry of an answer: a success has an event id, anything else an error code
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html). The message beside the code is
// left out, since it may quote the event.
func failure(result types.PutEventsResultEntry) error {
	if result.ErrorCode == nil && aws.ToString(result.EventId) != "" {
		return nil
	}
	code := aws.ToString(result.ErrorCode)
	if code == "" {
		code = "neither event id nor error code"
	}
	return outcome.Transient(CodePublishFailed, fmt.Errorf("publish event: entry failed: %s", code))
}

// Limits of one PutEvents call. AWS counts a request's entries and their bytes
// together; it once allowed 256 KB and has raised that, and the old limit costs us nothing
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html).
const (
	maxEntries   = 10
	maxCallBytes = 256_000
)

// chunks cuts entries, in their order, into what fits in one call each. No entry is over the limit alone: see events.MaxSize.
func chunks(all []entry) [][]entry {
	var out [][]entry
	start, bytes := 0, 0
	for i, e := range all {
		size := sizeOf(e.request)
		if i > start && (i-start == maxEntries || bytes+size > maxCallBytes) {
			out = append(out, all[start:i])
			start, bytes = i, 0
		}
		bytes += size
	}
	return append(out, all[start:])
}

// timeSize is what AWS counts for an entry's time, in bytes.
const timeSize = 14

func sizeOf(e types.PutEventsRequestEntry) int {
	return timeSize + len(*e.Source) + len(*e.DetailType) + len(*e.Detail)
}

const (
	firstPause = 50 * time.Millisecond
	maxPause   = 400 * time.Millisecond
)

// Jittered waits a random time below 50 ms before the first retry, 100 ms before
// the second, and so on up to 400 ms. random returns numbers from [0,1).
func Jittered(random func() float64) Pause {
	return func(ctx context.Context, retry int) error {
		limit := min(firstPause<<(retry-1), maxPause)
		timer := time.NewTimer(time.Duration(random() * float64(limit)))
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
