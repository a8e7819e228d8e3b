package sqsbatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
)

func TestABatchWithoutFailuresAnswersAnEmptyList(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b")), `{"batchItemFailures":[]}`)
	equal(t, "published", sorted(b.published), []string{"a", "b"})
	equal(t, "log", b.logged(), []string{"m1 done", "m2 done"})
}

func TestAnEmptyBatchAnswersAnEmptyListAndCallsNobody(t *testing.T) {
	b := newBench(t, preparer(func(context.Context, []event.Event) (stage.Handler, error) {
		t.Error("prepared for nothing")
		return handlerFunc(verify), nil
	}))
	equal(t, "answer", b.run(t.Context()), `{"batchItemFailures":[]}`)
	equal(t, "calls of Publish", b.calls, 0)
}

func TestOnlyTheFailedMessageIsReported(t *testing.T) {
	b := newBench(t, each(except(map[string]handlerFunc{"b": fails(errBroken)})))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b")), `{"batchItemFailures":[{"itemIdentifier":"m2"}]}`)
	equal(t, "published", b.published, []string{"a"})
	equal(t, "log", b.logged(), []string{"m1 done", "m2 transient unclassified"})
}

func TestAMessageTwiceInABatchIsHandledAndReportedOnce(t *testing.T) {
	handled := 0
	b := newBench(t, each(handlerFunc(func(context.Context, event.Event) ([]event.Event, error) {
		handled++
		return nil, errBroken
	})))
	first, second := message(t, "m1", "a"), message(t, "m1", "a")
	second.ReceiptHandle = "later"
	equal(t, "answer", b.run(t.Context(), first, second), failures("m1"))
	equal(t, "times handled", handled, 1)
	equal(t, "delays", b.delays, map[string]int{"later": 1})
}

func TestAnIDThatTwoMessagesShareIsReportedOnce(t *testing.T) {
	b := newBench(t, each(fails(errBroken)))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m1", "b")), failures("m1"))
	equal(t, "log", b.logged(), []string{"m1 transient unclassified", "m1 transient unclassified"})
}

func TestAPoisonedMessageIsParkedAndItsNineNeighboursGoThrough(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	batch := tenOrders(t)
	batch[4].Body = strings.Replace(batch[4].Body, `"amount":`, `"amount":0.5,"was":`, 1)
	equal(t, "answer", b.run(t.Context(), batch...), failures())
	equal(t, "number published", len(b.published), 9)
	equal(t, "parked", b.parked, []deadletter.Letter{{
		Body:       batch[4].Body,
		Reason:     "/data/amount must be an integer, written without fraction or exponent",
		Function:   "query-user",
		Code:       "invalid_event",
		Attributes: map[string]deadletter.Attribute{},
	}})
	if got, want := b.logged()[4], "m4 permanent invalid_event"; got != want {
		t.Errorf("logged %q, want %q", got, want)
	}
}

func TestAStageMayReadOtherMessagesThanEventsOfTheCatalog(t *testing.T) {
	var handled []string
	b := newBench(t, each(handlerFunc(func(_ context.Context, in event.Event) ([]event.Event, error) {
		handled = append(handled, in.Type()+" of "+in.Subject())
		return nil, nil
	})))
	b.runner.Parse = func(body string) (event.Event, error) {
		if body == "" {
			return event.Event{}, errors.New("is empty")
		}
		in := event.New()
		in.SetID("1")
		in.SetType("bounce")
		in.SetSubject(body)
		return in, nil
	}
	good, bad := lambdaevents.SQSMessage{MessageId: "m1", Body: "a"}, lambdaevents.SQSMessage{MessageId: "m2"}
	equal(t, "answer", b.run(t.Context(), good, bad), failures())
	equal(t, "handled", handled, []string{"bounce of a"})
	equal(t, "parked", b.parked, []deadletter.Letter{{
		Reason: "is empty", Function: "query-user", Code: "invalid_event", Attributes: map[string]deadletter.Attribute{},
	}})
	equal(t, "log", b.logged(), []string{"m1 done", "m2 permanent invalid_event"})
}

func TestEveryUnreadableBodyIsParkedWithACodeAndNoPanic(t *testing.T) {
	valid := message(t, "m", "a").Body
	for name, row := range map[string]struct {
		body string
		code outcome.Code
	}{
		"empty":             {"", "invalid_event"},
		"blank":             {" ", "invalid_event"},
		"null":              {"null", "invalid_event"},
		"a number":          {"1", "invalid_event"},
		"an array":          {"[" + valid + "]", "invalid_event"},
		"not JSON":          {"<html>", "invalid_event"},
		"text behind it":    {valid + valid, "invalid_event"},
		"half of it":        {valid[:len(valid)/2], "invalid_event"},
		"not UTF-8":         {strings.Replace(valid, `"a"`, "\"\xff\"", 1), "invalid_event"},
		"an envelope of EB": {`{"version":"0","id":"1","detail-type":"x","detail":` + valid + `}`, "invalid_event"},
		"doubled key":       {strings.Replace(valid, `{`, `{"id":"1",`, 1), "invalid_event"},
		"unknown type":      {strings.ReplaceAll(valid, "OrderRecorded", "OrderLost"), "unknown_type"},
		"unknown major":     {strings.Replace(valid, "OrderRecorded.v1", "OrderRecorded.v2", 1), "unknown_type"},
		"another subject":   {strings.Replace(valid, `"subject":"a"`, `"subject":"b"`, 1), "invalid_event"},
		"too large":         {valid + strings.Repeat(" ", events.MaxSize), "event_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, each(handlerFunc(func(context.Context, event.Event) ([]event.Event, error) {
				t.Error("a body that is no event reached the stage")
				return nil, nil
			})))
			equal(t, "answer", b.run(t.Context(), raw("m", row.body)), failures())
			if len(b.parked) != 1 {
				t.Fatalf("parked %d letters, want 1", len(b.parked))
			}
			equal(t, "body", b.parked[0].Body, row.body)
			equal(t, "code", b.parked[0].Code, row.code)
			if got := b.parked[0].Reason; got == "" || got == "unspecified" || len([]rune(got)) > deadletter.MaxReason {
				t.Errorf("got reason %q", got)
			}
		})
	}
}

func TestAPermanentErrorIsParkedWithItsReason(t *testing.T) {
	b := newBench(t, each(fails(fmt.Errorf("query user: %w", outcome.Permanent("amount_mismatch", errors.New("amount is not the order's"))))))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a")), failures())
	equal(t, "parked", b.parked, []deadletter.Letter{{
		Body:       message(t, "m1", "a").Body,
		Reason:     "amount is not the order's",
		Function:   "query-user",
		Code:       "amount_mismatch",
		Attributes: map[string]deadletter.Attribute{},
	}})
	equal(t, "delays", b.delays, map[string]int{})
	equal(t, "log", b.logged(), []string{"m1 permanent amount_mismatch"})
}

func TestAPermanentErrorWithoutACauseIsParkedWithItsCode(t *testing.T) {
	b := newBench(t, each(fails(outcome.Permanent("no_such_order", nil))))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a")), failures())
	equal(t, "reason", b.parked[0].Reason, "permanent: no_such_order")
}

func TestALetterKeepsAttributesAndTrace(t *testing.T) {
	text := "3"
	msg := raw("m1", "{}")
	msg.Attributes["AWSTraceHeader"] = "Root=1"
	msg.MessageAttributes = map[string]lambdaevents.SQSMessageAttribute{
		"tries": {DataType: "Number", StringValue: &text},
		"key":   {DataType: "Binary", BinaryValue: []byte{1}},
	}
	b := newBench(t, each(handlerFunc(verify)))
	b.run(t.Context(), msg)
	equal(t, "trace", b.parked[0].TraceHeader, "Root=1")
	equal(t, "attributes", b.parked[0].Attributes, map[string]deadletter.Attribute{
		"tries": {DataType: "Number", String: "3"},
		"key":   {DataType: "Binary", Binary: []byte{1}},
	})
}

func TestWhatCannotBeParkedComesAgain(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	b.parkErr = errBroken
	equal(t, "answer", b.run(t.Context(), raw("m1", ""), message(t, "m2", "a")), failures("m1"))
	equal(t, "delays", b.delays, map[string]int{"receipt-m1": 1})
	equal(t, "log", b.logged(), []string{"m1 transient park_failed", "m2 done"})
}

func TestStaleIsAcknowledgedAndLogged(t *testing.T) {
	b := newBench(t, each(fails(outcome.Stale("already_paid"))))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a")), failures())
	equal(t, "parked", len(b.parked), 0)
	equal(t, "log", b.logged(), []string{"m1 stale already_paid"})
}

func TestEventsBesideAnErrorGoNowhere(t *testing.T) {
	for name, err := range map[string]error{"transient": errBroken, "permanent": outcome.Permanent("x", nil), "stale": outcome.Stale("x")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, each(handlerFunc(func(ctx context.Context, in event.Event) ([]event.Event, error) {
				out, _ := verify(ctx, in)
				return out, err
			})))
			b.run(t.Context(), message(t, "m1", "a"))
			equal(t, "calls of Publish", b.calls, 0)
		})
	}
}

func TestAllEventsOfABatchArePublishedTogether(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	b.run(t.Context(), tenOrders(t)...)
	equal(t, "calls of Publish", b.calls, 1)
	equal(t, "published, in the order of the batch", b.published,
		[]string{"order-0", "order-1", "order-2", "order-3", "order-4", "order-5", "order-6", "order-7", "order-8", "order-9"})
}

// twice answers with two events: that of the order, and that of the order with "-b" behind it.
func twice(ctx context.Context, in event.Event) ([]event.Event, error) {
	out, err := verify(ctx, in)
	if err != nil {
		return nil, err
	}
	second := out[0].Clone()
	second.SetSubject(in.Subject() + "-b")
	return append(out, second), nil
}

func TestARecordWithAnUnpublishedEventComesAgainAndNoOther(t *testing.T) {
	b := newBench(t, each(handlerFunc(twice)))
	b.refuse = func(subject string) error {
		return map[string]error{"b-b": outcome.Transient("publish_failed", nil), "c": errBroken}[subject]
	}
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b"), message(t, "m3", "c")), failures("m2", "m3"))
	equal(t, "log", b.logged(), []string{"m1 done", "m2 transient publish_failed", "m3 transient unpublished"})
}

func TestAnEventThatCanNeverBePublishedParksItsRecord(t *testing.T) {
	b := newBench(t, each(handlerFunc(twice)))
	b.refuse = func(subject string) error {
		return map[string]error{"b": errBroken, "b-b": outcome.Permanent("event_refused", errors.New("event is over 64 KiB"))}[subject]
	}
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b")), failures())
	equal(t, "log", b.logged(), []string{"m1 done", "m2 permanent event_refused"})
	equal(t, "reason", b.parked[0].Reason, "event is over 64 KiB")
}

// mute is a publisher that answers for one event only.
type mute struct{}

func (mute) Publish(context.Context, []event.Event) []error { return []error{nil} }

func TestAnEventThatThePublisherSaysNothingOfIsNotPublished(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	b.runner.Publisher = mute{}
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b")), failures("m2"))
}

func TestTheStageIsPreparedOncePerBatchWithAllValidEvents(t *testing.T) {
	var prepared [][]string
	b := newBench(t, preparer(func(_ context.Context, batch []event.Event) (stage.Handler, error) {
		var subjects []string
		for _, e := range batch {
			subjects = append(subjects, e.Subject())
		}
		prepared = append(prepared, subjects)
		return handlerFunc(verify), nil
	}))
	b.run(t.Context(), message(t, "m1", "a"), raw("m2", "x"), message(t, "m3", "b"), message(t, "m4", "a"))
	equal(t, "prepared", prepared, [][]string{{"a", "b", "a"}})
}

func TestAFailedPreparationBringsBackAllValidRecords(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"unclassified":              {errBroken, "transient prepare_failed"},
		"with a code":               {outcome.Transient("store_busy", nil), "transient store_busy"},
		"permanent is for a record": {outcome.Permanent("store_gone", nil), "transient store_gone"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, preparer(func(context.Context, []event.Event) (stage.Handler, error) { return nil, row.err }))
			equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), raw("m2", "x"), message(t, "m3", "b")), failures("m1", "m3"))
			equal(t, "log", b.logged(), []string{"m1 " + row.want, "m2 permanent invalid_event", "m3 " + row.want})
		})
	}
}

func TestAPanicCostsItsOwnRecordOnly(t *testing.T) {
	var nothing map[string]int
	for name, explode := range map[string]handlerFunc{
		"of its own": explodes,
		"of the runtime": func(context.Context, event.Event) ([]event.Event, error) {
			nothing["ada@example.org"]++
			return nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, each(except(map[string]handlerFunc{"b": explode})))
			equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b"), message(t, "m3", "c")), failures("m2"))
			equal(t, "published", sorted(b.published), []string{"a", "c"})
			equal(t, "log", b.logged(), []string{"m1 done", "m2 transient panic", "m3 done"})
			if strings.Contains(b.log.String(), "ada") {
				t.Errorf("what the panic said is in the log: %s", b.log.String())
			}
		})
	}
}

func explodes(context.Context, event.Event) ([]event.Event, error) { panic("ada@example.org") }

func TestAPanicLeavesTheNameOfItsFunctionInTheLog(t *testing.T) {
	b := newBench(t, each(handlerFunc(explodes)))
	b.run(t.Context(), message(t, "m1", "a"))
	lines := b.lines()
	equal(t, "last line", lines[len(lines)-1], logLine{
		Msg: "fault", Operation: "handle", Code: "panic", MessageID: "m1", Order: "a", EventID: recorded(t, "a").ID(),
		Frame: "github.com/orderflow/orderflow/internal/sqsbatch_test.explodes",
	})
}

func TestAPanicInThePreparationBringsBackAllRecords(t *testing.T) {
	b := newBench(t, preparer(func(context.Context, []event.Event) (stage.Handler, error) { panic("x") }))
	equal(t, "answer", b.run(t.Context(), message(t, "m1", "a"), message(t, "m2", "b")), failures("m1", "m2"))
	equal(t, "log", b.logged(), []string{"m1 transient panic", "m2 transient panic"})
}

func TestARecordIsOneLineOfTheLogWithoutItsBody(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	now := time.Unix(0, 0)
	b.runner.Now = func() time.Time {
		now = now.Add(1500 * time.Microsecond)
		return now
	}
	in := recorded(t, "a")
	in.SetExtension("causationid", "cause-1")
	body, err := events.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	b.run(t.Context(), received(raw("m1", string(body)), 3))
	equal(t, "lines", b.lines(), []logLine{{
		Msg: "record", MessageID: "m1", Order: "a", EventID: in.ID(), Type: "com.orderflow.OrderRecorded.v1", Cause: "cause-1",
		Outcome: "done", Attempt: 3, Published: 1, DurationMS: 1.5,
	}})
	if strings.Contains(b.log.String(), "amount") {
		t.Errorf("data in the log: %s", b.log.String())
	}
}

func TestARealMessageOfLambdaIsUnderstood(t *testing.T) {
	text, err := os.ReadFile("testdata/sqs-event.json")
	if err != nil {
		t.Fatal(err)
	}
	var in lambdaevents.SQSEvent
	if err := json.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	in.Records[0].Body = message(t, "", "a").Body
	b := newBench(t, each(fails(errBroken)))
	equal(t, "answer", b.run(t.Context(), in.Records...), failures("059f36b4-87a3-44ab-83d2-661975830a7d"))
	equal(t, "delays", b.delays, map[string]int{"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a": 4})
}
