// Package queue is the SQS side of a stage: it parks messages in the dead-letter queue and sets when a message comes again.
package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/deadletter"
)

// Limits of SQS (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const (
	maxAttributes = 10
	maxVisibility = 12 * time.Hour
)

// DeadLetters puts letters into one queue.
type DeadLetters struct {
	client *sqs.Client
	url    string
}

// NewDeadLetters returns the dead-letter queue at url.
func NewDeadLetters(client *sqs.Client, url string) *DeadLetters {
	return &DeadLetters{client, url}
}

// Park sends the letter. Of the attributes that the message came with, those are
// kept that fit beside the letter's own: SQS takes ten in all.
func (q *DeadLetters) Park(ctx context.Context, l deadletter.Letter) error {
	_, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl:                &q.url,
		MessageBody:             &l.Body,
		MessageAttributes:       attributes(l),
		MessageSystemAttributes: systemAttributes(l),
	})
	if err != nil {
		return fmt.Errorf("park message: %w", err)
	}
	return nil
}

func attributes(l deadletter.Letter) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{
		deadletter.AttributeReason:    text(deadletter.Reason(l.Reason)),
		deadletter.AttributeFunction:  text(deadletter.Reason(l.Function)),
		deadletter.AttributeErrorCode: text(deadletter.Reason(string(l.Code))),
	}
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		value, ok := kept(l.Attributes[name])
		if _, own := out[name]; ok && !own && len(out) < maxAttributes {
			out[name] = value
		}
	}
	return out
}

func text(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

// kept returns a as SQS takes it, which is with one value and without the list members that are reserved.
func kept(a deadletter.Attribute) (types.MessageAttributeValue, bool) {
	switch {
	case a.DataType == "":
		return types.MessageAttributeValue{}, false
	case a.String != "":
		return types.MessageAttributeValue{DataType: &a.DataType, StringValue: &a.String}, true
	case len(a.Binary) > 0:
		return types.MessageAttributeValue{DataType: &a.DataType, BinaryValue: a.Binary}, true
	default:
		return types.MessageAttributeValue{}, false
	}
}

func systemAttributes(l deadletter.Letter) map[string]types.MessageSystemAttributeValue {
	if l.TraceHeader == "" {
		return nil
	}
	name := string(types.MessageSystemAttributeNameForSendsAWSTraceHeader)
	return map[string]types.MessageSystemAttributeValue{
		name: {DataType: aws.String("String"), StringValue: &l.TraceHeader},
	}
}

// Visibility sets when messages of one queue come again.
type Visibility struct {
	client *sqs.Client
	url    string
}

// NewVisibility returns the visibility of messages in the queue at url.
func NewVisibility(client *sqs.Client, url string) *Visibility {
	return &Visibility{client, url}
}

// Delay hides the message with this receipt handle for d from now on, in whole
// seconds rounded up, and for no more than the 12 hours that SQS allows.
func (q *Visibility) Delay(ctx context.Context, receiptHandle string, d time.Duration) error {
	seconds := (min(max(d, 0), maxVisibility) + time.Second - 1) / time.Second
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl:          &q.url,
		ReceiptHandle:     &receiptHandle,
		VisibilityTimeout: int32(seconds),
	})
	if err != nil {
		return fmt.Errorf("delay message: %w", err)
	}
	return nil
}
