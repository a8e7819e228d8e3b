package queue_test

import (
	"crypto/md5" //nolint:gosec // SQS answers with the MD5 of what it took, and the SDK compares.
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/queue"
)

// wireAttribute is an attribute as it is on the wire.
type wireAttribute struct {
	DataType    string
	StringValue string
	BinaryValue []byte
}

// request is what the client sends, of either operation.
type request struct {
	QueueURL                string `json:"QueueUrl"`
	MessageBody             string
	MessageAttributes       map[string]wireAttribute
	MessageSystemAttributes map[string]wireAttribute
	ReceiptHandle           string
	VisibilityTimeout       *int
}

// server is one SQS queue that answers with the status; got is the last request.
type server struct {
	t         *testing.T
	status    int
	operation string
	got       request
}

func (s *server) client() *sqs.Client {
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	settings := map[string]string{awsenv.Region: "eu-central-1", awsenv.AccessKeyID: "id", awsenv.SecretKey: "secret", awsenv.EndpointURL: server.URL}
	cfg := awsenv.Config(func(name string) string { return settings[name] })
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return sqs.NewFromConfig(cfg)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read request: %v", err)
	}
	s.operation, s.got = r.Header.Get("X-Amz-Target"), request{}
	if err := json.Unmarshal(raw, &s.got); err != nil {
		s.t.Errorf("decode request: %v", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if s.status != http.StatusOK {
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}`)
		return
	}
	sum := md5.Sum([]byte(s.got.MessageBody)) //nolint:gosec // see the import
	_, _ = io.WriteString(w, `{"MessageId":"1","MD5OfMessageBody":"`+hex.EncodeToString(sum[:])+`"}`)
}

const url = "http://sqs.eu-central-1.amazonaws.com/000000000000/dlq"

func letter() deadletter.Letter {
	return deadletter.Letter{
		Body:     `{"id": "1" }`,
		Reason:   "/data/amount must be an integer",
		Function: "update-order",
		Code:     "invalid_event",
	}
}

func ownAttributes() map[string]wireAttribute {
	return map[string]wireAttribute{
		"Reason":    {DataType: "String", StringValue: "/data/amount must be an integer"},
		"Function":  {DataType: "String", StringValue: "update-order"},
		"ErrorCode": {DataType: "String", StringValue: "invalid_event"},
	}
}

func TestALetterHasReasonFunctionAndCodeBesideTheUnchangedBody(t *testing.T) {
	s := &server{t: t, status: http.StatusOK}
	if err := queue.NewDeadLetters(s.client(), url).Park(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	want := request{QueueURL: url, MessageBody: `{"id": "1" }`, MessageAttributes: ownAttributes()}
	if diff := cmp.Diff(want, s.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.operation != "AmazonSQS.SendMessage" {
		t.Errorf("got operation %s", s.operation)
	}
}

// Case: attributes were lost, or copied empty and refused (lumigo-CLI#94, MassTransit#4015).
func TestALetterKeepsTheMessagesAttributesAndTrace(t *testing.T) {
	s := &server{t: t, status: http.StatusOK}
	l := letter()
	l.TraceHeader = "Root=1-5759e988-bd862e3fe1be46a994272793"
	l.Attributes = map[string]deadletter.Attribute{
		"tries":     {DataType: "Number.int", String: "3"},
		"key":       {DataType: "Binary", Binary: []byte{0, 1}},
		"ErrorCode": {DataType: "String", String: "that of an earlier time"},
		"empty":     {DataType: "String"},
		"untyped":   {String: "x"},
	}
	if err := queue.NewDeadLetters(s.client(), url).Park(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	want := ownAttributes()
	want["tries"] = wireAttribute{DataType: "Number.int", StringValue: "3"}
	want["key"] = wireAttribute{DataType: "Binary", BinaryValue: []byte{0, 1}}
	if diff := cmp.Diff(want, s.got.MessageAttributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	system := map[string]wireAttribute{"AWSTraceHeader": {DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793"}}
	if diff := cmp.Diff(system, s.got.MessageSystemAttributes); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
	}
}

// Case: attributes were lost (lumigo-CLI#94, MassTransit#4015).
func TestALetterHasTenAttributesAtMostAndAlwaysItsOwn(t *testing.T) {
	s := &server{t: t, status: http.StatusOK}
	l := letter()
	l.Attributes = map[string]deadletter.Attribute{}
	for i := range 10 {
		l.Attributes[fmt.Sprintf("a%d", i)] = deadletter.Attribute{DataType: "String", String: "x"}
	}
	if err := queue.NewDeadLetters(s.client(), url).Park(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	want := ownAttributes()
	for i := range 7 {
		want[fmt.Sprintf("a%d", i)] = wireAttribute{DataType: "String", StringValue: "x"}
	}
	if diff := cmp.Diff(want, s.got.MessageAttributes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnAttributeIsNeverEmptyOrTooLong(t *testing.T) {
	s := &server{t: t, status: http.StatusOK}
	l := deadletter.Letter{Body: "x", Reason: strings.Repeat("r", 1000)}
	if err := queue.NewDeadLetters(s.client(), url).Park(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	want := map[string]wireAttribute{
		"Reason":    {DataType: "String", StringValue: strings.Repeat("r", 255) + "…"},
		"Function":  {DataType: "String", StringValue: "unspecified"},
		"ErrorCode": {DataType: "String", StringValue: "unspecified"},
	}
	if diff := cmp.Diff(want, s.got.MessageAttributes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADelayIsWholeSecondsWithinTwelveHours(t *testing.T) {
	for delay, want := range map[time.Duration]int{
		-time.Second:            0,
		0:                       0,
		time.Nanosecond:         1,
		time.Second:             1,
		1500 * time.Millisecond: 2,
		15 * time.Minute:        900,
		12 * time.Hour:          43200,
		1000 * time.Hour:        43200,
	} {
		s := &server{t: t, status: http.StatusOK}
		if err := queue.NewVisibility(s.client(), url).Delay(t.Context(), "receipt", delay); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(request{QueueURL: url, ReceiptHandle: "receipt", VisibilityTimeout: &want}, s.got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", delay, diff)
		}
		if s.operation != "AmazonSQS.ChangeMessageVisibility" {
			t.Errorf("got operation %s", s.operation)
		}
	}
}

func TestARefusalIsAnError(t *testing.T) {
	s := &server{t: t, status: http.StatusBadRequest}
	if err := queue.NewDeadLetters(s.client(), url).Park(t.Context(), letter()); err == nil || strings.Contains(err.Error(), letter().Body) {
		t.Errorf("park: got %v, want an error without the body", err)
	}
	if err := queue.NewVisibility(s.client(), url).Delay(t.Context(), "receipt", time.Second); err == nil {
		t.Error("delay: got no error")
	}
}
