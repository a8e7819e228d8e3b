package replay_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/replay"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func text(s string) deadletter.Attribute { return deadletter.Attribute{DataType: "String", String: s} }

// updated is the published example of OrderUpdated as an event.
func updated(t *testing.T) string {
	t.Helper()
	e, err := events.New(eventstest.Data[events.OrderUpdated](t, "full"), at, events.Cause{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// undelivered are the attributes that EventBridge gives what target did not take.
func undelivered(target string) map[string]deadletter.Attribute {
	return map[string]deadletter.Attribute{
		"RULE_ARN": text("arn:aws:events:us-east-1:000000000000:rule/orderflow-x/orderflow-x-update-order"), "TARGET_ARN": text(target),
		"ERROR_CODE": text("NO_PERMISSIONS"), "ERROR_MESSAGE": text("not authorized"),
		"EXHAUSTED_RETRY_CONDITION": text("MaximumRetryAttempts"), "RETRY_ATTEMPTS": {DataType: "Number", String: "185"},
	}
}

func envelope(detail string) string {
	return `{"version":"0","id":"bridge-1","detail-type":"com.orderflow.OrderUpdated.v1","source":"orderflow.orders","detail":` + detail + `}`
}

const (
	report  = `{"version":"0","id":"ses-1","detail-type":"Email Bounced","source":"aws.ses","detail":{"eventType":"Bounce"}}`
	note    = `{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1","batchSize":3}}`
	pointer = `{"order_id":"o-7","event_name":"INSERT","sequence_number":"700"}`
)

// places are a stage's, as its outputs have them.
func places() []replay.Place {
	outputs := map[string]string{"Stage": "x", "UndeliverableQueueUrl": "http://sqs/0/undeliverable", "RelayOrderDeadLetterQueueUrl": "http://sqs/0/relay-dlq"}
	for _, name := range []string{"UpdateOrder", "MarkAddress"} {
		outputs[name+"QueueUrl"], outputs[name+"DeadLetterQueueUrl"] = "http://sqs/0/"+name, "http://sqs/0/"+name+"-dlq"
	}
	return replay.Places(outputs)
}

func place(t *testing.T, name string) replay.Place {
	t.Helper()
	for _, p := range places() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no place %s in %+v", name, places())
	return replay.Place{}
}

func TestEveryDeadLetterQueueIsFoundInTheOutputs(t *testing.T) {
	var names []string
	for _, p := range places() {
		names = append(names, p.Name+" "+p.Queue)
	}
	want := []string{"mark-address http://sqs/0/MarkAddress", "relay-order ", "undeliverable ", "update-order http://sqs/0/UpdateOrder"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Case: what was wrapped around a dead letter was sent along with it (serverless#4647).
func TestTheShapesAreToldApartAndUnwrapped(t *testing.T) {
	event := updated(t)
	queue := func(name string) replay.Step {
		return replay.Step{Way: replay.ToQueue, To: name, Queue: place(t, name).Queue}
	}
	for _, c := range []struct {
		promise    string
		from       string
		body       string
		attributes map[string]deadletter.Attribute
		shape      replay.Shape
		payload    string
		want       replay.Step
	}{
		{"a stage's event goes to its queue", "update-order", event, nil, replay.Event, event, queue("update-order")},
		{"EventBridge's envelope is taken off an event", "update-order", envelope(event), nil, replay.Envelope, event, queue("update-order")},
		{"a report keeps the envelope that is all there is", "mark-address", report, nil, replay.Envelope, report, queue("mark-address")},
		{"an invocation's note is taken off", "update-order", `{"version":"1.0","requestPayload":` + event + `,"responsePayload":{"errorMessage":"x"}}`, nil, replay.Invocation, event, queue("update-order")},
		{"an undelivered event goes to the queue that failed", replay.Undeliverable, envelope(event), undelivered("arn:aws:sqs:us-east-1:000000000000:UpdateOrder"), replay.Envelope, event, queue("update-order")},
		{"an undelivered report goes there whole", replay.Undeliverable, report, undelivered("arn:aws:sqs:us-east-1:000000000000:MarkAddress"), replay.Envelope, report, queue("mark-address")},
		{"what the saga did not take starts the saga", replay.Undeliverable, envelope(event), undelivered("arn:aws:states:us-east-1:000000000000:stateMachine:saga"), replay.Envelope, event, replay.Step{Way: replay.Saga}},
		{"a target of another stage stays", replay.Undeliverable, envelope(event), undelivered("arn:aws:sqs:us-east-1:000000000000:other"), replay.Envelope, event, replay.Step{Way: replay.Leave, Why: "its target is not of this stage"}},
		{"without a target it stays", replay.Undeliverable, envelope(event), nil, replay.Envelope, event, replay.Step{Way: replay.Leave, Why: "it does not say which target it is for"}},
		{"relay-order's pointer is announced again", "relay-order", pointer, nil, replay.Pointer, pointer, replay.Step{Way: replay.Announce}},
		{"a pointer to no order stays", "relay-order", `{"order_id":"","event_name":"INSERT","sequence_number":"1"}`, nil, replay.Pointer, `{"order_id":"","event_name":"INSERT","sequence_number":"1"}`, replay.Step{Way: replay.Leave, Why: "it names no order"}},
		{"a stream's note stays", "relay-order", note, nil, replay.StreamNote, note, replay.Step{Way: replay.Leave, Why: "it holds positions in the stream alone; the sweep announces the orders"}},
		{"no JSON stays", "update-order", "\x1b[2J", nil, replay.Unknown, "\x1b[2J", replay.Step{Way: replay.Leave, Why: "it is neither an event nor a known note"}},
		{"other JSON stays", "update-order", `[1]`, nil, replay.Unknown, `[1]`, replay.Step{Way: replay.Leave, Why: "it is neither an event nor a known note"}},
		{"what was replayed too often stays", "update-order", event, map[string]deadletter.Attribute{"ReplayCount": {DataType: "Number", String: "5"}}, replay.Event, event, replay.Step{Way: replay.Leave, Why: "it was replayed 5 times already"}},
	} {
		t.Run(c.promise, func(t *testing.T) {
			l := replay.Read(replay.Message{ID: "m", Body: c.body, Attributes: c.attributes})
			if l.Shape != c.shape || l.Payload != c.payload {
				t.Errorf("got %s with %q, want %s with %q", l.Shape, l.Payload, c.shape, c.payload)
			}
			got := replay.Planner{From: place(t, c.from), All: places(), MaxReplays: 5}.Plan(l)
			got.Letter = replay.Letter{}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestALetterSaysWhatItIsAbout(t *testing.T) {
	data := eventstest.Data[events.OrderUpdated](t, "full")
	l := replay.Read(replay.Message{Body: envelope(updated(t)), Attributes: undelivered("arn:aws:sqs:::UpdateOrder")})
	if l.OrderID != data.OrderID || l.Version != data.Version || l.EventID != events.IDOf(data) || l.Type != "com.orderflow.OrderUpdated.v1" {
		t.Errorf("got order %s, version %d, event %s, type %s", l.OrderID, l.Version, l.EventID, l.Type)
	}
	if l.Function != "orderflow-x-update-order" || l.Code != "NO_PERMISSIONS" || l.Reason != "not authorized" {
		t.Errorf("got %s, %s, %s; want the rule and EventBridge's error", l.Function, l.Code, l.Reason)
	}
	l = replay.Read(replay.Message{Body: pointer, Attributes: map[string]deadletter.Attribute{
		"Reason": text("r"), "Function": text("relay-order"), "ErrorCode": text("event_refused"), "ReplayCount": {DataType: "Number", String: "2"},
	}})
	if l.OrderID != "o-7" || l.Function != "relay-order" || l.Code != "event_refused" || l.Reason != "r" || l.Replays != 2 {
		t.Errorf("got %+v", l)
	}
}

func TestAFilterTakesOnlyWhatIsMeant(t *testing.T) {
	l := replay.Letter{
		Message: replay.Message{SentAt: at}, OrderID: "o-1", Type: "com.orderflow.OrderUpdated.v1", Code: "no_such_order", Reason: "Order is unknown",
	}
	for _, c := range []struct {
		filter replay.Filter
		want   bool
	}{
		{replay.Filter{}, true},
		{replay.Filter{Order: "o-1", Type: l.Type, Reason: "SUCH", Older: time.Hour}, true},
		{replay.Filter{Reason: "order is"}, true},
		{replay.Filter{Order: "o-2"}, false},
		{replay.Filter{Type: "com.orderflow.OrderRecorded.v1"}, false},
		{replay.Filter{Reason: "forbidden"}, false},
		{replay.Filter{Older: time.Hour + time.Second}, false},
	} {
		if got := c.filter.Match(l, at.Add(time.Hour)); got != c.want {
			t.Errorf("%+v: got %t, want %t", c.filter, got, c.want)
		}
	}
}

// Case: attributes were lost, or were too many with those of the tool (MassTransit#4015, lumigo-CLI#94).
func TestAttributesOfAllKindsAreKeptAndNeverMoreThanTen(t *testing.T) {
	own := map[string]deadletter.Attribute{
		"tenant": text("a"), "tries": {DataType: "Number.int", String: "3"}, "key": {DataType: "Binary.png", Binary: []byte{0, 255}},
	}
	step := func(attributes map[string]deadletter.Attribute) replay.Outgoing {
		l := replay.Read(replay.Message{ID: "m", Body: "{}", TraceHeader: "Root=1", Group: "g", Attributes: attributes})
		return replay.Step{Letter: l}.Outgoing("kim")
	}
	dead := maps.Clone(own)
	for _, name := range []string{"Reason", "Function", "ErrorCode"} {
		dead[name] = text("why it is dead")
	}
	got := step(dead)
	want := maps.Clone(own)
	want["ReplayCount"], want["ReplayedBy"] = deadletter.Attribute{DataType: "Number", String: "1"}, text("kim")
	if diff := cmp.Diff(replay.Outgoing{Body: "{}", Attributes: want, TraceHeader: "Root=1", Group: "g", Once: "m-0"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := step(got.Attributes); again.Attributes["ReplayCount"].String != "2" || again.Once == got.Once {
		t.Errorf("got %+v after the second replay", again)
	}
	full := map[string]deadletter.Attribute{}
	for i := range 10 {
		full[fmt.Sprint("a", i)] = text(strings.Repeat("x", i+1))
	}
	if diff := cmp.Diff(full, step(full).Attributes); diff != "" {
		t.Errorf("ten of its own (-want +got)\n%s", diff)
	}
}
