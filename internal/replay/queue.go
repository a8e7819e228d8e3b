package replay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/deadletter"
)

// Limits of SQS (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const (
	maxBatch      = 10
	maxBatchBytes = 1 << 20
)

// Queue is a queue of SQS, by its URL.
type Queue struct {
	client *sqs.Client
	url    string
}

// NewQueue returns the queue at url.
func NewQueue(client *sqs.Client, url string) *Queue { return &Queue{client, url} }

// Count is roughly how many messages a queue holds. SQS counts within a minute or so.
type Count struct {
	Visible int
	Hidden  int // received by somebody, or delayed
}

// Count counts the messages.
func (q *Queue) Count(ctx context.Context) (Count, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}})
	if err != nil {
		return Count{}, fmt.Errorf("count messages of %s: %w", lastPart(q.url), err)
	}
	number := func(name types.QueueAttributeName) int {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0 // SQS leaves out what it does not know
		}
		return n
	}
	return Count{
		Visible: number(types.QueueAttributeNameApproximateNumberOfMessages),
		Hidden: number(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible) +
			number(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
	}, nil
}

// receiveWait is how long SQS waits for a message, so that it asks all its servers before it says that there is none.
const receiveWait = time.Second

// Receive returns at most n messages, ten at most, which nobody else is handed until they were hidden for that long.
func (q *Queue) Receive(ctx context.Context, n int, hide time.Duration) ([]Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            &q.url,
		MaxNumberOfMessages: int32(min(n, maxBatch)), WaitTimeSeconds: int32(receiveWait / time.Second), VisibilityTimeout: int32(hide / time.Second),
		MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from %s: %w", lastPart(q.url), err)
	}
	found := make([]Message, len(out.Messages))
	for i, m := range out.Messages {
		found[i] = message(m)
	}
	return found, nil
}

func message(m types.Message) Message {
	system := func(name types.MessageSystemAttributeName) string { return m.Attributes[string(name)] }
	out := Message{
		ID: aws.ToString(m.MessageId), Handle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
		TraceHeader: system(types.MessageSystemAttributeNameAWSTraceHeader), Group: system(types.MessageSystemAttributeNameMessageGroupId),
		Attributes: make(map[string]deadletter.Attribute, len(m.MessageAttributes)),
	}
	for name, a := range m.MessageAttributes {
		out.Attributes[name] = deadletter.Attribute{DataType: aws.ToString(a.DataType), String: aws.ToString(a.StringValue), Binary: a.BinaryValue}
	}
	if ms, err := strconv.ParseInt(system(types.MessageSystemAttributeNameSentTimestamp), 10, 64); err == nil {
		out.SentAt = time.UnixMilli(ms).UTC()
	}
	if n, err := strconv.Atoi(system(types.MessageSystemAttributeNameApproximateReceiveCount)); err == nil {
		out.Receives = n
	}
	return out
}

// Outgoing is a message to send.
type Outgoing struct {
	Body        string
	Attributes  map[string]deadletter.Attribute
	TraceHeader string
	Group       string
	Once        string // deduplication id, for a FIFO queue
}

// size is what SQS counts, in bytes.
func (o Outgoing) size() int {
	n := len(o.Body) + len(o.TraceHeader)
	for name, a := range o.Attributes {
		n += len(name) + len(a.DataType) + len(a.String) + len(a.Binary)
	}
	return n
}

var errRefused = errors.New("the queue did not take it")

// Send sends messages in order, and returns one error for each of them.
func (q *Queue) Send(ctx context.Context, all []Outgoing) []error {
	errs := make([]error, 0, len(all))
	for len(all) > 0 {
		n := fitting(all)
		errs = append(errs, q.sendBatch(ctx, all[:n])...)
		all = all[n:]
	}
	return errs
}

// fitting is how many of the first messages, at least one, go into one call.
func fitting(all []Outgoing) int {
	total := 0
	for i, o := range all {
		if total += o.size(); i > 0 && (i == maxBatch || total > maxBatchBytes) {
			return i
		}
	}
	return len(all)
}

func (q *Queue) sendBatch(ctx context.Context, batch []Outgoing) []error {
	entries := make([]types.SendMessageBatchRequestEntry, len(batch))
	for i, o := range batch {
		entries[i] = q.entry(strconv.Itoa(i), o)
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return all(len(batch), fmt.Errorf("send to %s: %w", lastPart(q.url), err))
	}
	done := make([]string, len(out.Successful))
	for i, entry := range out.Successful {
		done[i] = aws.ToString(entry.Id)
	}
	return q.settled("send to", len(batch), done, out.Failed)
}

func (q *Queue) entry(id string, o Outgoing) types.SendMessageBatchRequestEntry {
	entry := types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &o.Body, MessageAttributes: attributes(o.Attributes)}
	if o.TraceHeader != "" {
		entry.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			string(types.MessageSystemAttributeNameForSendsAWSTraceHeader): {DataType: aws.String("String"), StringValue: &o.TraceHeader},
		}
	}
	if o.Group != "" {
		entry.MessageGroupId = &o.Group
	}
	if strings.HasSuffix(q.url, ".fifo") {
		entry.MessageDeduplicationId = &o.Once
	}
	return entry
}

// attributes are in the form that SQS takes, which is with one value and without the list members that are reserved.
func attributes(in map[string]deadletter.Attribute) map[string]types.MessageAttributeValue {
	out := make(map[string]types.MessageAttributeValue, len(in))
	for name, a := range in {
		value := types.MessageAttributeValue{DataType: &a.DataType}
		if strings.HasPrefix(a.DataType, "Binary") {
			value.BinaryValue = a.Binary
		} else {
			value.StringValue = &a.String
		}
		out[name] = value
	}
	return out
}

// Delete deletes messages, and returns one error for each of them.
func (q *Queue) Delete(ctx context.Context, handles []string) []error {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(handles))
	for i := range handles {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &handles[i]}
	}
	out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return all(len(handles), fmt.Errorf("delete from %s: %w", lastPart(q.url), err))
	}
	done := make([]string, len(out.Successful))
	for i, entry := range out.Successful {
		done[i] = aws.ToString(entry.Id)
	}
	return q.settled("delete from", len(handles), done, out.Failed)
}

// Release gives messages back: they may be received at once. One that somebody else has by now is no error.
func (q *Queue) Release(ctx context.Context, handles []string) error {
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(handles))
	for i := range handles {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &handles[i], VisibilityTimeout: 0}
	}
	_, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("give back to %s: %w", lastPart(q.url), err)
	}
	return nil
}

// settled returns the error of each of n entries: none only for one that the answer calls done.
func (q *Queue) settled(what string, n int, done []string, failed []types.BatchResultErrorEntry) []error {
	errs := all(n, fmt.Errorf("%s %s: %w", what, lastPart(q.url), errRefused))
	for _, id := range done {
		if i, err := strconv.Atoi(id); err == nil && 0 <= i && i < n {
			errs[i] = nil
		}
	}
	for _, f := range failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && 0 <= i && i < n {
			errs[i] = fmt.Errorf("%s %s: %w: %s", what, lastPart(q.url), errRefused, aws.ToString(f.Code))
		}
	}
	return errs
}

func all(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
