package sagatask_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

const task = `{"order_id":"o-1","version":2,"round":1}`

// bench is a runner with all that it touches.
type bench struct {
	t         *testing.T
	runner    *sagatask.Runner
	told      []saga.Task
	published []string // subjects
	refuse    []error  // of each event; none for those behind the last
	answers   int      // how many events Publish answers for; negative stands for all
	log       bytes.Buffer
}

func newBench(t *testing.T, next saga.Next, out []event.Event, err error) *bench {
	t.Helper()
	return newBenchOf(t, func(context.Context, saga.Task) (saga.Next, []event.Event, error) { return next, out, err })
}

func newBenchOf(t *testing.T, step saga.StepFunc) *bench {
	t.Helper()
	b := &bench{t: t, answers: -1}
	b.runner = &sagatask.Runner{
		Step: saga.StepFunc(func(ctx context.Context, in saga.Task) (saga.Next, []event.Event, error) {
			b.told = append(b.told, in)
			return step(ctx, in)
		}),
		Publisher: b,
		Log:       telemetry.New(&b.log, "close-order", now),
		Now:       now,
	}
	return b
}

func now() time.Time { return eventstest.At }

func (b *bench) Publish(_ context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	copy(errs, b.refuse)
	for i, e := range batch {
		if errs[i] == nil {
			b.published = append(b.published, e.Subject())
		}
	}
	if b.answers >= 0 {
		return errs[:b.answers]
	}
	return errs
}

// run hands the input to the runner and returns what Step Functions would see: an answer, or the error's name and message.
func (b *bench) run(input string) string {
	b.t.Helper()
	got, err := b.runner.Handle(b.t.Context(), json.RawMessage(input))
	if err == nil {
		raw, err := json.Marshal(got)
		if err != nil {
			b.t.Fatal(err)
		}
		return string(raw)
	}
	if (got != saga.Answer{}) {
		b.t.Errorf("got the answer %+v beside an error", got)
	}
	// The runtime knows the type by this assertion alone; a wrapped or a pointed-to error would get Go's name of its type.
	named, ok := err.(messages.InvokeResponse_Error) //nolint:errorlint // as aws-lambda-go does
	if !ok {
		b.t.Fatalf("got an error of type %T, whose name Step Functions would not know", err)
	}
	return named.Type + " " + named.Message
}

// refunded is the PaymentRefunded of an order.
func refunded(t *testing.T, order string) event.Event {
	t.Helper()
	return eventstest.Example(t, "minimal", func(d *events.PaymentRefunded) { d.OrderID = events.OrderID(order) })
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestTheAnswerHandsOnWhatTheStepWasTold(t *testing.T) {
	for next, want := range map[saga.Next]string{
		saga.Close:  `{"order_id":"o-1","version":2,"round":1,"next":"close"}`,
		saga.Again:  `{"order_id":"o-1","version":2,"round":2,"next":"again"}`,
		saga.Parked: `{"order_id":"o-1","version":2,"round":1,"next":"parked"}`,
	} {
		check(t, string(next), newBench(t, next, nil, nil).run(task), want)
	}
}

func TestTheStepIsToldWhereTheMachineStands(t *testing.T) {
	for input, want := range map[string]saga.Task{
		`{"order_id":"o-1","version":2,"round":0}`: {OrderID: "o-1", Version: 2},
		task: {OrderID: "o-1", Version: 2, Round: 1},
		`{"order_id":"o-1","version":2,"round":3,"park":true}`: {OrderID: "o-1", Version: 2, Round: 3, Park: true},
		`{"order_id":"o-1","version":2,"round":0,"later":"x"}`: {OrderID: "o-1", Version: 2},
	} {
		b := newBench(t, saga.Done, nil, nil)
		b.run(input)
		if diff := cmp.Diff([]saga.Task{want}, b.told); diff != "" {
			t.Errorf("%s (-want +got):\n%s", input, diff)
		}
	}
}

func TestAnInvalidTaskReachesNoStepAndIsNeverTriedAgain(t *testing.T) {
	for promise, input := range map[string]string{
		"no object":         `[]`,
		"nothing":           ``,
		"cut off":           `{"order_id":"o-1"`,
		"two values":        task + task,
		"no order":          `{"version":2,"round":0}`,
		"an order id of ..": `{"order_id":"../ada@example.com","version":2,"round":0}`,
		"a null":            `{"order_id":null,"version":2,"round":0}`,
		"no version":        `{"order_id":"o-1","round":0}`,
		"version 0":         `{"order_id":"o-1","version":0,"round":0}`,
		"version as text":   `{"order_id":"o-1","version":"2","round":0}`,
		"a fraction":        `{"order_id":"o-1","version":2.0,"round":0}`,
		"no round":          `{"order_id":"o-1","version":2}`,
		"round -1":          `{"order_id":"o-1","version":2,"round":-1}`,
		"too many rounds":   `{"order_id":"o-1","version":2,"round":1001}`,
		"a doubled name":    `{"order_id":"o-1","order_id":"o-2","version":2,"round":0}`,
		"park as text":      `{"order_id":"o-1","version":2,"round":0,"park":"true"}`,
		"park false":        `{"order_id":"o-1","version":2,"round":0,"park":false}`,
	} {
		t.Run(promise, func(t *testing.T) {
			b := newBench(t, saga.Done, nil, nil)
			check(t, "error", b.run(input), "Permanent invalid_task")
			if len(b.told) > 0 {
				t.Errorf("the step was told %+v", b.told)
			}
			check(t, "log", b.log.String(), `{"time":"2026-03-01T09:30:00.125Z","level":"ERROR","msg":"step","function":"close-order",`+
				`"version":0,"round":0,"outcome":"permanent","code":"invalid_task","duration_ms":0,"published":0}`+"\n")
		})
	}
}

func TestErrorsHaveTheNamesThatTheMachineGoesBy(t *testing.T) {
	secret := errors.New("ada@example.com is not amused")
	for _, row := range []struct {
		promise string
		err     error
		want    string
	}{
		{"permanent", outcome.Permanent("no_such_order", secret), "Permanent order o-1 version 2: no_such_order"},
		{"transient", outcome.Transient("provider_busy", secret), "Transient order o-1 version 2: provider_busy"},
		{"unclassified", secret, "Transient order o-1 version 2: unclassified"},
		{"cancelled context", context.DeadlineExceeded, "Transient order o-1 version 2: unclassified"},
		{"refund failed", fmt.Errorf("refund: %w", saga.ErrRefundFailed), "RefundFailed order o-1 version 2: refund_failed"},
		{"refund failed with a code", outcome.Transient("expired_card", saga.ErrRefundFailed), "RefundFailed order o-1 version 2: expired_card"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			b := newBench(t, saga.Close, []event.Event{refunded(t, "o-1")}, row.err)
			check(t, "error", b.run(task), row.want)
			if len(b.published) > 0 {
				t.Errorf("published %v beside an error", b.published)
			}
			if strings.Contains(b.log.String(), "ada") {
				t.Errorf("the log quotes the cause: %s", b.log.String())
			}
		})
	}
}

func TestAStaleErrorIsTheAnswerStale(t *testing.T) {
	b := newBench(t, "", nil, outcome.Stale("not_cancelling"))
	check(t, "answer", b.run(task), `{"order_id":"o-1","version":2,"round":1,"next":"stale"}`)
	check(t, "log", b.log.String(), `{"time":"2026-03-01T09:30:00.125Z","level":"INFO","msg":"step","function":"close-order","order":"o-1","version":2,"round":1,`+
		`"next":"stale","outcome":"stale","code":"not_cancelling","duration_ms":0,"published":0}`+"\n")
}

func TestEventsAreOnTheBusBeforeTheAnswer(t *testing.T) {
	b := newBench(t, saga.Close, []event.Event{refunded(t, "o-1"), refunded(t, "o-2")}, nil)
	check(t, "answer", b.run(task), `{"order_id":"o-1","version":2,"round":1,"next":"close"}`)
	check(t, "published", strings.Join(b.published, " "), "o-1 o-2")
	check(t, "log", b.log.String(), `{"time":"2026-03-01T09:30:00.125Z","level":"INFO","msg":"step","function":"close-order","order":"o-1","version":2,"round":1,`+
		`"next":"close","outcome":"done","duration_ms":0,"published":2}`+"\n")
}

func TestNothingIsAnsweredWhereAnEventWasNotPublished(t *testing.T) {
	lost := errors.New("lost")
	for _, row := range []struct {
		promise string
		refuse  []error
		answers int
		want    string
	}{
		{"first event lost", []error{lost}, -1, "Transient order o-1 version 2: unpublished"},
		{"second event lost", []error{nil, lost}, -1, "Transient order o-1 version 2: unpublished"},
		{"lost with a code", []error{outcome.Transient("throttled", lost)}, -1, "Transient order o-1 version 2: throttled"},
		{"never to be published", []error{lost, outcome.Permanent("event_too_large", lost)}, -1, "Permanent order o-1 version 2: event_too_large"},
		{"never, then lost", []error{outcome.Permanent("event_too_large", lost), lost}, -1, "Permanent order o-1 version 2: event_too_large"},
		{"no word of an event", nil, 1, "Transient order o-1 version 2: unpublished"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			b := newBench(t, saga.Close, []event.Event{refunded(t, "o-1"), refunded(t, "o-2")}, nil)
			b.refuse, b.answers = row.refuse, row.answers
			check(t, "error", b.run(task), row.want)
		})
	}
}

func TestAStepThatMustStateNothingCannot(t *testing.T) {
	b := newBench(t, saga.Close, []event.Event{refunded(t, "o-1")}, nil)
	b.runner.Publisher = wiring.NoBus{}
	check(t, "error", b.run(task), "Permanent order o-1 version 2: no_bus")

	b = newBench(t, saga.Close, nil, nil)
	b.runner.Publisher = wiring.NoBus{}
	check(t, "answer", b.run(task), `{"order_id":"o-1","version":2,"round":1,"next":"close"}`)
}

func TestAPanicIsTransientAndNamesItsPlaceOnly(t *testing.T) {
	b := newBenchOf(t, func(context.Context, saga.Task) (saga.Next, []event.Event, error) { panic("ada@example.com") })
	check(t, "error", b.run(task), "Transient order o-1 version 2: panic")
	log := b.log.String()
	if strings.Contains(log, "ada") {
		t.Errorf("the log quotes the panic: %s", log)
	}
	if !strings.Contains(log, `"frame":"github.com/orderflow/orderflow/internal/sagatask_test.TestAPanicIsTransientAndNamesItsPlaceOnly`) {
		t.Errorf("the log does not say where it was: %s", log)
	}
}

func TestTheStepEndsInTimeToPublish(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	var step, closing time.Time
	b := newBenchOf(t, func(ctx context.Context, _ saga.Task) (saga.Next, []event.Event, error) {
		step, _ = ctx.Deadline()
		return saga.Close, []event.Event{refunded(t, "o-1")}, nil
	})
	b.runner.Margin = 4 * time.Second
	b.runner.Publisher = publisherFunc(func(ctx context.Context, batch []event.Event) []error {
		closing, _ = ctx.Deadline()
		return make([]error, len(batch))
	})
	if _, err := b.runner.Handle(ctx, json.RawMessage(task)); err != nil {
		t.Fatal(err)
	}
	if got, want := deadline.Sub(step), 4*time.Second; got != want {
		t.Errorf("the step ends %v before the function, want %v", got, want)
	}
	if got, want := deadline.Sub(closing), 2*time.Second; got != want {
		t.Errorf("publishing ends %v before the function, want %v", got, want)
	}
}

type publisherFunc func(ctx context.Context, batch []event.Event) []error

func (f publisherFunc) Publish(ctx context.Context, batch []event.Event) []error {
	return f(ctx, batch)
}
