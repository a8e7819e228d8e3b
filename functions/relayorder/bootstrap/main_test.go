package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/wiring/wiringtest"
)

func TestWireNamesAllThatIsMissing(t *testing.T) {
	wiringtest.NamesAllThatIsMissing(t, wire, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUS_NAME", "DEAD_LETTER_QUEUE_URL")
}

// stream is a batch as Lambda delivers it: a new order (put by a service, as one that a restore puts), a change, a row that
// time to live removed, a new row of which only the key came, and a second new order.
const stream = `{"Records": [
  {"eventName": "INSERT", "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}, "dynamodb": {"SequenceNumber": "1",
    "Keys": {"order_id": {"S": "o-1"}}, "NewImage": ` + image1 + `}},
  {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "2", "Keys": {"order_id": {"S": "o-1"}}, "NewImage": ` + image1 + `}},
  {"eventName": "REMOVE", "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}, "dynamodb": {"SequenceNumber": "3",
    "Keys": {"order_id": {"S": "o-2"}}}},
  {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "4", "Keys": {"order_id": {"S": "o-3"}}, "StreamViewType": "KEYS_ONLY"}},
  {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "5", "Keys": {"order_id": {"S": "o-4"}}, "NewImage": ` + image4 + `}}
]}`

const (
	image1 = `{"order_id": {"S": "o-1"}, ` + rest
	image4 = `{"order_id": {"S": "o-4"}, ` + rest
	rest   = `"user_id": {"S": "u-1"}, "amount": {"N": "500"}, "currency": {"S": "JPY"}, "placed_by": {"S": "shop"}, "payload": {"S": "hash"},
    "recorded_at": {"S": "2026-11-25T04:00:01.123Z"}, "status": {"S": "RECORDED"}, "version": {"N": "1"},
    "history": {"L": [{"M": {"version": {"N": "1"}, "status": {"S": "RECORDED"}, "at": {"S": "2026-11-25T04:00:01.123Z"}}}]}}`
)

// cloud answers as EventBridge and SQS do, and keeps what it was sent.
type cloud struct {
	published []string // ids of orders
	parked    []string // bodies
	codes     []string // error codes of what was parked
	down      bool
}

type putEvents struct {
	Entries []struct {
		EventBusName string
		Detail       string
	}
}

type sendMessage struct {
	MessageBody       string
	MessageAttributes map[string]struct{ StringValue string }
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unread", http.StatusInternalServerError)
		return
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case c.down:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException"}`)
	case target == "AWSEvents.PutEvents":
		_, _ = io.WriteString(w, c.put(body))
	case target == "AmazonSQS.SendMessage":
		_, _ = io.WriteString(w, c.send(body))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (c *cloud) put(body []byte) string {
	var in putEvents
	if json.Unmarshal(body, &in) != nil {
		return `{}`
	}
	var results []string
	for _, e := range in.Entries {
		var detail struct {
			Subject string `json:"subject"`
		}
		if json.Unmarshal([]byte(e.Detail), &detail) == nil && e.EventBusName == "bus-1" {
			c.published = append(c.published, detail.Subject)
		}
		results = append(results, `{"EventId":"x"}`)
	}
	return `{"FailedEntryCount":0,"Entries":[` + strings.Join(results, ",") + `]}`
}

func (c *cloud) send(body []byte) string {
	var in sendMessage
	if json.Unmarshal(body, &in) == nil {
		c.parked = append(c.parked, in.MessageBody)
		c.codes = append(c.codes, in.MessageAttributes["ErrorCode"].StringValue)
	}
	return `{"MessageId":"m"}`
}

// deliver wires the function to c and hands it the stream's batch.
func deliver(t *testing.T, c *cloud) error {
	t.Helper()
	server := httptest.NewServer(c)
	defer server.Close()
	env := map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
		"AWS_ENDPOINT_URL": server.URL, "BUS_NAME": "bus-1", "DEAD_LETTER_QUEUE_URL": server.URL + "/1/dlq",
	}
	handle, err := wire(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	var in events.DynamoDBEvent
	if err := json.Unmarshal([]byte(stream), &in); err != nil {
		t.Fatal(err)
	}
	return handle(t.Context(), in)
}

func TestBatchGoesToTheBusAndWhatIsUnreadableToTheDeadLetters(t *testing.T) {
	var c cloud
	if err := deliver(t, &c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"o-1", "o-4"}, c.published); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"order_id":"o-3","event_name":"INSERT","sequence_number":"4"}`}, c.parked); diff != "" {
		t.Errorf("parked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"unreadable_row"}, c.codes); diff != "" {
		t.Errorf("error codes (-want +got):\n%s", diff)
	}
}

func TestBusThatIsDownFailsTheWholeBatch(t *testing.T) {
	c := cloud{down: true}
	if err := deliver(t, &c); err == nil {
		t.Error("got no error, so that the batch would be lost")
	}
	if len(c.published) != 0 || len(c.parked) != 0 {
		t.Errorf("got %v published and %v parked, want nothing", c.published, c.parked)
	}
}
