// Package replay sends dead letters again: it tells their shapes apart, plans where each of them goes, sends it, and only then deletes it.
//
// A dead letter that was sent and could not be deleted is sent twice, which every stage stands; none is deleted that was not sent. The stages' own
// dead letters go to the stage's queue, those of a rule's target to that target alone: on the bus they would reach everybody again.
package replay

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/order"
)

// Message is a message as a dead-letter queue hands it out.
type Message struct {
	ID          string
	Handle      string // receipt handle of this receive
	Body        string
	Attributes  map[string]deadletter.Attribute
	TraceHeader string // AWSTraceHeader, empty where it has none
	Group       string // message group, empty where it has none
	SentAt      time.Time
	Receives    int // of this queue, this one among them
}

// Shape is what the body of a dead letter is.
type Shape string

// The shapes, told apart by content.
const (
	Event      Shape = "event"       // a CloudEvent, as a stage's queue holds it
	Envelope   Shape = "envelope"    // EventBridge's envelope, as a rule's target or a rule without an input path leaves it
	Invocation Shape = "invocation"  // Lambda's note of an asynchronous invocation, with the payload in it
	Pointer    Shape = "pointer"     // relay-order's: which order could not be announced
	StreamNote Shape = "stream_note" // Lambda's note of stream records that were given up: their positions alone
	Unknown    Shape = "unknown"
)

// Names of the message attributes that EventBridge gives an event that it could not deliver
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
const (
	attributeRule      = "RULE_ARN"
	attributeTarget    = "TARGET_ARN"
	attributeErrorCode = "ERROR_CODE"
	attributeError     = "ERROR_MESSAGE"
	attributeExhausted = "EXHAUSTED_RETRY_CONDITION"
	attributeAttempts  = "RETRY_ATTEMPTS"
)

// Names of the message attributes that a replay adds where there is room for them.
const (
	AttributeCount = "ReplayCount" // a Number
	AttributeBy    = "ReplayedBy"  // a String: the operator's name
)

// Letter is a dead letter that was looked into.
type Letter struct {
	Message
	Shape    Shape
	Payload  string // what is to be sent: the body without what was wrapped around it
	EventID  string // empty where there is none
	Type     string // of the event, empty where there is none
	OrderID  order.ID
	Version  int64  // of an OrderUpdated, else 0
	Function string // that gave it up, or the rule that could not deliver it
	Code     string // empty where the function failed at every delivery and said nothing
	Reason   string
	Target   string // ARN of the target that did not take it, empty where it is not of a rule
	Replays  int    // how often it was replayed
}

// content is what the shapes are told apart by.
type content struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Data        json.RawMessage `json:"data"`

	DetailType string          `json:"detail-type"`
	Detail     json.RawMessage `json:"detail"`

	RequestPayload json.RawMessage `json:"requestPayload"`
	StreamBatch    json.RawMessage `json:"DDBStreamBatchInfo"`

	OrderID  order.ID `json:"order_id"`
	Sequence string   `json:"sequence_number"`
}

// Read looks into m. It never fails: what it does not know is Unknown.
func Read(m Message) Letter {
	l := Letter{Message: m, Payload: m.Body, Shape: Unknown}
	l.readBody(m.Body)
	l.readAttributes()
	return l
}

func (l *Letter) readBody(body string) {
	var c content
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		return
	}
	switch {
	case c.SpecVersion != "":
		l.Shape = Event
		l.readEvent(c)
	case c.DetailType != "" && len(c.Detail) > 0:
		l.readEnvelope(c)
	case len(c.RequestPayload) > 0:
		l.Payload = string(c.RequestPayload)
		l.readBody(l.Payload)
		l.Shape = Invocation
	case len(c.StreamBatch) > 0:
		l.Shape = StreamNote
	case c.Sequence != "":
		l.Shape, l.OrderID = Pointer, c.OrderID
	}
}

func (l *Letter) readEvent(c content) {
	l.EventID, l.Type, l.OrderID = c.ID, c.Type, order.ID(c.Subject)
	var data struct {
		Version int64 `json:"version"`
	}
	if err := json.Unmarshal(c.Data, &data); err == nil {
		l.Version = data.Version
	}
}

// readEnvelope takes the CloudEvent out of EventBridge's envelope. What is none, such as a report of SES, needs its envelope.
func (l *Letter) readEnvelope(c content) {
	l.Shape, l.EventID, l.Type = Envelope, c.ID, c.DetailType
	var detail content
	if err := json.Unmarshal(c.Detail, &detail); err == nil && detail.SpecVersion != "" {
		l.Payload = string(c.Detail)
		l.readEvent(detail)
	}
}

func (l *Letter) readAttributes() {
	text := func(name string) string { return l.Attributes[name].String }
	l.Function, l.Code, l.Reason = text(deadletter.AttributeFunction), text(deadletter.AttributeErrorCode), text(deadletter.AttributeReason)
	if l.Target = text(attributeTarget); l.Target != "" {
		l.Function, l.Code, l.Reason = lastPart(text(attributeRule)), text(attributeErrorCode), text(attributeError)
	}
	if n, err := strconv.Atoi(text(AttributeCount)); err == nil && n > 0 {
		l.Replays = n
	}
}
