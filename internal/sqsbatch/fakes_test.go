package sqsbatch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/telemetry"
)

type handlerFunc = stage.HandlerFunc

// each makes a stage of a handler that needs nothing prepared.
func each(h stage.Handler) stage.Preparer {
	return preparer(func(context.Context, []event.Event) (stage.Handler, error) { return h, nil })
}

// preparer is a stage made of a function.
type preparer func(ctx context.Context, batch []event.Event) (stage.Handler, error)

func (p preparer) Prepare(ctx context.Context, batch []event.Event) (stage.Handler, error) {
	return p(ctx, batch)
}

// bench is a runner with all that it touches.
type bench struct {
	t      testing.TB
	runner *sqsbatch.Runner

	mu        sync.Mutex
	calls     int                   // of Publish
	published []string              // subjects
	refuse    func(string) error    // error of an event by its subject; nil means none
	parked    []deadletter.Letter   //
	parkErr   error                 //
	delays    map[string]int        // seconds by receipt handle
	delayErr  error                 //
	log       bytes.Buffer          //
	closing   func(context.Context) // looks at the context that the ports get
	delayed   []string              // receipt handles, as they come
}

func newBench(t testing.TB, s stage.Preparer) *bench {
	b := &bench{t: t, delays: map[string]int{}}
	b.runner = &sqsbatch.Runner{
		Function:    "query-user",
		Stage:       s,
		Publisher:   b,
		DeadLetters: b,
		Delayer:     b,
		Log:         telemetry.New(&b.log, "query-user", func() time.Time { return eventstest.At }),
		Jitter:      func() float64 { return 0 },
	}
	return b
}

func (b *bench) Publish(ctx context.Context, batch []event.Event) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if b.closing != nil {
		b.closing(ctx)
	}
	errs := make([]error, len(batch))
	for i, e := range batch {
		if b.refuse != nil {
			errs[i] = b.refuse(e.Subject())
		}
		if errs[i] == nil {
			b.published = append(b.published, e.Subject())
		}
	}
	return errs
}

func (b *bench) Park(_ context.Context, l deadletter.Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.parkErr != nil {
		return b.parkErr
	}
	b.parked = append(b.parked, l)
	return nil
}

func (b *bench) Delay(_ context.Context, receiptHandle string, d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delayed = append(b.delayed, receiptHandle)
	if b.delayErr != nil {
		return b.delayErr
	}
	b.delays[receiptHandle] = int(d / time.Second)
	return nil
}

// run hands the batch to the runner and returns the answer as SQS would see it.
func (b *bench) run(ctx context.Context, batch ...lambdaevents.SQSMessage) string {
	b.t.Helper()
	got, err := b.runner.HandleBatch(ctx, lambdaevents.SQSEvent{Records: batch})
	if err != nil {
		b.t.Errorf("got error %v, want none: it would bring back the whole batch", err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw)
}

// failures is the answer that reports these messages.
func failures(ids ...string) string {
	items := make([]string, len(ids))
	for i, id := range ids {
		items[i] = `{"itemIdentifier":"` + id + `"}`
	}
	return `{"batchItemFailures":[` + strings.Join(items, ",") + `]}`
}

// logged returns what the log says of the records: "message outcome code", in the order of the batch.
func (b *bench) logged() []string {
	b.t.Helper()
	var out []string
	for _, l := range b.lines() {
		if l.Msg == "record" {
			out = append(out, strings.TrimSpace(l.MessageID+" "+l.Outcome+" "+l.Code))
		}
	}
	return out
}

// logLine is a line of the log.
type logLine struct {
	Msg        string  `json:"msg"`
	MessageID  string  `json:"message_id"`
	Order      string  `json:"order"`
	EventID    string  `json:"event_id"`
	Type       string  `json:"type"`
	Cause      string  `json:"cause"`
	Outcome    string  `json:"outcome"`
	Code       string  `json:"code"`
	Operation  string  `json:"operation"`
	Frame      string  `json:"frame"`
	Attempt    int     `json:"attempt"`
	Published  int     `json:"published"`
	DurationMS float64 `json:"duration_ms"`
}

func (b *bench) lines() []logLine {
	b.t.Helper()
	var out []logLine
	for raw := range strings.Lines(b.log.String()) {
		var l logLine
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			b.t.Fatalf("log line %q: %v", raw, err)
		}
		out = append(out, l)
	}
	return out
}

// equal reports a difference between got and want.
func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// message is the message with that id about that order, received for the first time.
func message(t testing.TB, id, order string) lambdaevents.SQSMessage {
	t.Helper()
	body, err := events.Encode(recorded(t, order))
	if err != nil {
		t.Fatal(err)
	}
	return raw(id, string(body))
}

func raw(id, body string) lambdaevents.SQSMessage {
	return lambdaevents.SQSMessage{
		MessageId:     id,
		ReceiptHandle: "receipt-" + id,
		Body:          body,
		Attributes:    map[string]string{"ApproximateReceiveCount": "1"},
	}
}

func received(msg lambdaevents.SQSMessage, times int) lambdaevents.SQSMessage {
	msg.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(times)}
	return msg
}

func recorded(t testing.TB, order string) event.Event {
	t.Helper()
	return eventstest.Example(t, "minimal", func(d *events.OrderRecorded) { d.OrderID = events.OrderID(order) })
}

// verify answers OrderRecorded with the OrderVerified of the same order, as query-user does.
func verify(_ context.Context, in event.Event) ([]event.Event, error) {
	d, err := events.As[events.OrderRecorded](in)
	if err != nil {
		return nil, err
	}
	out, err := events.New(events.OrderVerified{
		OrderID: d.OrderID, UserID: d.UserID, Amount: d.Amount, Currency: d.Currency, Customer: "cus_1", PaymentMethod: "pm_1",
	}, in.Time(), events.CauseOf(in))
	return []event.Event{out}, err
}

// except handles orders by verify, but those named by the function of theirs.
func except(special map[string]handlerFunc) handlerFunc {
	return func(ctx context.Context, in event.Event) ([]event.Event, error) {
		if s, ok := special[in.Subject()]; ok {
			return s(ctx, in)
		}
		return verify(ctx, in)
	}
}

// fails is a stage that returns err.
func fails(err error) handlerFunc {
	return func(context.Context, event.Event) ([]event.Event, error) { return nil, err }
}

var errBroken = errors.New("broken")

// tenOrders is a batch m0 to m9 about order-0 to order-9.
func tenOrders(t testing.TB) []lambdaevents.SQSMessage {
	out := make([]lambdaevents.SQSMessage, 10)
	for i := range out {
		out[i] = message(t, fmt.Sprintf("m%d", i), fmt.Sprintf("order-%d", i))
	}
	return out
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
