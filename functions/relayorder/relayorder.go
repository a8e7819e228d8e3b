// Package relayorder states OrderRecorded for every order that is new in the orders table's stream.
//
// Recording an order answers an HTTP request, which may never come back, so the
// fact is published from the stream of what was stored. Everything in it comes
// from the row: a record that is delivered again publishes the very same event.
package relayorder

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// ChangeInsert is the name of a stream record of a new row. MODIFY and REMOVE, whoever removes, state nothing new.
const ChangeInsert = "INSERT"

// Codes of what became of a record.
const (
	CodeUnreadable outcome.Code = "unreadable_row" // parked: the row is not an order
	CodeRefused    outcome.Code = "event_refused"  // parked: the schema refuses the event
	CodeIgnored    outcome.Code = "not_an_insert"  // nothing to state
	CodeNotParked  outcome.Code = "not_parked"     // comes again: the dead-letter queue did not take it
)

// Record is one record of the orders table's stream.
type Record struct {
	Name     string      // INSERT, MODIFY or REMOVE
	Sequence string      // the record's sequence number
	Order    order.Order // the new row; only its ID where Err is set, if that could be read
	Err      error       // why the row of an INSERT could not be read; names attributes, never quotes them
}

// Publisher publishes events.
type Publisher interface {
	// Publish returns one error for each event, in the same order. A permanent one, by package outcome, never goes away.
	Publish(ctx context.Context, batch []event.Event) []error
}

// DeadLetters takes what can never be published.
type DeadLetters interface {
	Park(ctx context.Context, l deadletter.Letter) error
}

// Relay is the stage. All fields are required.
type Relay struct {
	Function    string // its name, for dead letters
	Publisher   Publisher
	DeadLetters DeadLetters
	Log         *telemetry.Logger
}

// result is what became of a record.
type result struct {
	record Record
	event  event.Event
	due    bool  // whether there is an event to publish
	err    error // permanent or transient, by package outcome
}

// Handle publishes what the records state. A record that can never be published is
// parked, and the others go on. An error means that the whole batch is to come again: some event is not on the bus, or
// some record could not be parked. What did go through is published again then, with the same ids. Parking
// waits for a batch without such errors, so that it is not repeated with the batch.
func (r Relay) Handle(ctx context.Context, records []Record) error {
	results := make([]result, len(records))
	for i, record := range records {
		results[i] = read(record)
	}
	r.publish(ctx, results)
	if comeAgain(results) == nil {
		r.park(ctx, results)
	}
	for _, res := range results {
		r.Log.Record(res.line())
	}
	return comeAgain(results)
}

// read makes the event of a record.
func read(record Record) result {
	switch {
	case record.Name != ChangeInsert:
		return result{record: record}
	case record.Err != nil:
		return result{record: record, err: outcome.Permanent(CodeUnreadable, record.Err)}
	}
	e, err := announce.Recorded(record.Order)
	if err != nil {
		return result{record: record, err: outcome.Permanent(CodeRefused, err)}
	}
	return result{record: record, event: e, due: true}
}

// publish publishes all events together and notes what became of each.
func (r Relay) publish(ctx context.Context, results []result) {
	var batch []event.Event
	var of []int
	for i, res := range results {
		if res.due {
			batch = append(batch, res.event)
			of = append(of, i)
		}
	}
	if len(batch) == 0 {
		return
	}
	for i, err := range r.Publisher.Publish(ctx, batch) {
		results[of[i]].err = err
	}
}

// park puts the records that can never be published into the dead-letter queue.
func (r Relay) park(ctx context.Context, results []result) {
	for i, res := range results {
		kind, code := outcome.Of(res.err)
		if kind != outcome.KindPermanent {
			continue
		}
		err := r.parkOne(ctx, res.record, code, res.err)
		if err != nil {
			results[i].err = outcome.Transient(CodeNotParked, err)
		}
	}
}

// Pointer is the body of a dead letter: where to look. The row itself is in the table, and once it is
// mended the sweep announces it.
type Pointer struct {
	OrderID        order.ID `json:"order_id"`
	EventName      string   `json:"event_name"`
	SequenceNumber string   `json:"sequence_number"`
}

func (r Relay) parkOne(ctx context.Context, record Record, code outcome.Code, why error) error {
	body, err := json.Marshal(Pointer{record.Order.ID, record.Name, record.Sequence})
	if err != nil {
		return fmt.Errorf("park record %s: %w", record.Sequence, err)
	}
	return r.DeadLetters.Park(ctx, deadletter.Letter{
		Body:     string(body),
		Reason:   why.Error(),
		Function: r.Function,
		Code:     code,
	})
}

// comeAgain returns an error where the batch has to be delivered once more.
func comeAgain(results []result) error {
	var failed []error
	for _, res := range results {
		if kind, _ := outcome.Of(res.err); kind == outcome.KindTransient {
			failed = append(failed, res.err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("relay: %d of %d records come again: %w", len(failed), len(results), failed[0])
}

// line returns the record's line in the log.
func (res result) line() telemetry.Record {
	kind, code := outcome.Of(res.err)
	line := telemetry.Record{
		MessageID: res.record.Sequence,
		Order:     string(res.record.Order.ID),
		Outcome:   kind,
		Code:      code,
	}
	switch {
	case res.due:
		line.EventID, line.Type, line.TraceParent = res.event.ID(), res.event.Type(), events.TraceParent(res.event)
		if res.err == nil {
			line.Published = 1
		}
	case res.err == nil:
		line.Code = CodeIgnored
	}
	return line
}
