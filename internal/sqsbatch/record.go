package sqsbatch

import (
	"errors"
	"strconv"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// record is one message of the batch and what became of it.
type record struct {
	msg   lambdaevents.SQSMessage
	event event.Event // zero where the body is none
	result
}

// result is how a record ended. Its kind is empty until then.
type result struct {
	kind   outcome.Kind
	code   outcome.Code
	reason string // for a dead letter
	out    []event.Event
	took   time.Duration
	frame  string // where it panicked
}

// parse reads the messages. Those that are no valid events end here, as permanent.
func (r *Runner) parse(messages []lambdaevents.SQSMessage) []*record {
	var batch []*record
	for _, msg := range distinct(messages) {
		rec := &record{msg: msg}
		e, err := r.read(msg.Body)
		if err != nil {
			rec.result = invalid(err)
		} else {
			rec.event = e
		}
		batch = append(batch, rec)
	}
	return batch
}

// distinct returns each message once. Of a message that stands in the batch twice, the later
// receipt counts: SQS takes only the latest handle.
func distinct(messages []lambdaevents.SQSMessage) []lambdaevents.SQSMessage {
	type message struct{ id, body string }
	var out []lambdaevents.SQSMessage
	places := map[message]int{}
	for _, msg := range messages {
		key := message{msg.MessageId, msg.Body}
		if i, twice := places[key]; twice {
			out[i] = msg
			continue
		}
		places[key] = len(out)
		out = append(out, msg)
	}
	return out
}

// readEvent reads an event of the catalog, in structured mode, and checks its data.
func readEvent(body string) (event.Event, error) {
	e, err := events.Parse([]byte(body))
	if err != nil {
		return event.Event{}, err
	}
	if _, err := events.DataOf(e); err != nil {
		return event.Event{}, err
	}
	return e, nil
}

func invalid(err error) result {
	code := outcome.CodeInvalidEvent
	switch {
	case errors.Is(err, events.ErrUnknownType):
		code = CodeUnknownType
	case errors.Is(err, events.ErrTooLarge):
		code = CodeEventTooLarge
	}
	return result{kind: outcome.KindPermanent, code: code, reason: reasonOf(err)}
}

// reasonOf returns what err says of its cause, which for a refused event are the rules that it breaks.
func reasonOf(err error) string {
	if violations, ok := errors.AsType[*strictjson.Error](err); ok {
		return violations.Error()
	}
	if e, ok := errors.AsType[*outcome.Error](err); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// resultOf returns how a record ended whose handler returned out and err.
func resultOf(out []event.Event, err error) result {
	kind, code := outcome.Of(err)
	switch kind {
	case outcome.KindDone:
		return result{kind: kind, code: code, out: out}
	case outcome.KindStale:
		return result{kind: kind, code: code}
	case outcome.KindPermanent:
		return result{kind: kind, code: code, reason: reasonOf(err)}
	default:
		return result{kind: outcome.KindTransient, code: code}
	}
}

// letter returns the record as a dead letter of the named function.
func (rec *record) letter(function string) deadletter.Letter {
	kept := map[string]deadletter.Attribute{}
	for name, a := range rec.msg.MessageAttributes {
		value := deadletter.Attribute{DataType: a.DataType, Binary: a.BinaryValue}
		if a.StringValue != nil {
			value.String = *a.StringValue
		}
		kept[name] = value
	}
	return deadletter.Letter{
		Body:        rec.msg.Body,
		Reason:      deadletter.Reason(rec.reason),
		Function:    function,
		Code:        rec.code,
		TraceHeader: rec.msg.Attributes["AWSTraceHeader"],
		Attributes:  kept,
	}
}

// receives returns how often the message was received, this time included. SQS
// calls its count approximate; without one it is 1.
func (rec *record) receives() int {
	n, err := strconv.Atoi(rec.msg.Attributes["ApproximateReceiveCount"])
	if err != nil {
		return 1
	}
	return max(n, 1)
}
