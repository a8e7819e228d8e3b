// Package tap follows a bus through a rule and a queue that it makes for a while and removes again.
//
// The stages do not notice: the bus hands each event to the tap as to one more consumer. On AWS a
// new rule may take a minute until it gets all events, so what was published just after [Open] may be missing.
package tap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/events"
)

// Filter says what a tap takes from the bus. The zero value takes all that orderflow states, in EventBridge's envelope.
type Filter struct {
	// Types are those to take; none means all that have a source of orderflow's.
	Types []events.Type
	// OrderID is the order whose events to take; empty means every order.
	OrderID events.OrderID
	// DetailOnly leaves EventBridge's envelope out, so that a message is a plain CloudEvent.
	DetailOnly bool
}

// pattern is the rule's event pattern.
func (f Filter) pattern() (string, error) {
	p := struct {
		Source     []prefix      `json:"source"`
		DetailType []events.Type `json:"detail-type,omitempty"`
		Detail     *about        `json:"detail,omitempty"`
	}{Source: []prefix{{"orderflow."}}, DetailType: f.Types}
	if f.OrderID != "" {
		p.Detail = &about{[]events.OrderID{f.OrderID}}
	}
	text, err := json.Marshal(p)
	return string(text), err
}

type prefix struct {
	Prefix string `json:"prefix"`
}

type about struct {
	Subject []events.OrderID `json:"subject"`
}

// Tap is open until Close. Only one goroutine may receive at a time.
type Tap struct {
	clients clients
	bus     string
	name    string // of rule and queue
	queue   string // its URL
	seen    map[string]bool

	closing sync.Mutex
	closed  bool
}

type clients struct {
	events *eventbridge.Client
	queues *sqs.Client
}

func newClients(conf aws.Config) clients {
	return clients{eventbridge.NewFromConfig(conf), sqs.NewFromConfig(conf)}
}

// targetID is the one target of a tap's rule.
const targetID = "tap"

// Lengths of time of a tap.
const (
	// retention is how long the queue keeps what nobody receives: a leftover must not gather events.
	retention = 15 * time.Minute
	// maxEventAge is how long the bus tries to deliver to a queue that does not take an event.
	maxEventAge = time.Minute
	closeWithin = 30 * time.Second
)

// Open makes a tap on the named bus. Owner and now stand in its name, so that it can be found again should the
// program be killed. Whatever was made is removed on an error.
func Open(ctx context.Context, conf aws.Config, bus string, f Filter, owner string, now time.Time) (*Tap, error) {
	name, err := newName(bus, owner, now)
	if err != nil {
		return nil, fmt.Errorf("open tap on %s: %w", bus, err)
	}
	t := &Tap{clients: newClients(conf), bus: bus, name: name, seen: map[string]bool{}}
	if err := t.open(ctx, f); err != nil {
		return nil, errors.Join(fmt.Errorf("open tap on %s: %w", bus, err), t.Close())
	}
	return t, nil
}

// open makes queue and rule and joins them last, so that no event is sent to a queue that does not take it yet.
func (t *Tap) open(ctx context.Context, f Filter) error {
	arn, err := t.makeQueue(ctx)
	if err != nil {
		return err
	}
	rule, err := t.makeRule(ctx, f)
	if err != nil {
		return err
	}
	if err := t.admit(ctx, arn, rule); err != nil {
		return err
	}
	return t.join(ctx, arn, f)
}

func (t *Tap) makeQueue(ctx context.Context) (arn string, err error) {
	made, err := t.clients.queues.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName: &t.name,
		Attributes: map[string]string{
			string(types.QueueAttributeNameMessageRetentionPeriod): strconv.Itoa(int(retention / time.Second)),
			string(types.QueueAttributeNameSqsManagedSseEnabled):   "true",
		},
	})
	if err != nil {
		return "", err
	}
	t.queue = aws.ToString(made.QueueUrl)
	has, err := t.clients.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &t.queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", err
	}
	return has.Attributes[string(types.QueueAttributeNameQueueArn)], nil
}

func (t *Tap) makeRule(ctx context.Context, f Filter) (arn string, err error) {
	pattern, err := f.pattern()
	if err != nil {
		return "", err
	}
	made, err := t.clients.events.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: &t.name, EventBusName: &t.bus, EventPattern: &pattern,
		Description: aws.String("Follows the bus for a while. May be deleted."),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(made.RuleArn), nil
}

// policy is a queue policy of one statement.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Principal map[string]string
	Action    string
	Resource  string
	Condition map[string]map[string]string
}

// admit lets the rule, and nothing else, send to the queue.
func (t *Tap) admit(ctx context.Context, queue, rule string) error {
	text, err := json.Marshal(policy{"2012-10-17", []statement{{
		Effect: "Allow", Principal: map[string]string{"Service": "events.amazonaws.com"},
		Action: "sqs:SendMessage", Resource: queue,
		Condition: map[string]map[string]string{"ArnEquals": {"aws:SourceArn": rule}},
	}}})
	if err != nil {
		return err
	}
	_, err = t.clients.queues.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: &t.queue, Attributes: map[string]string{string(types.QueueAttributeNamePolicy): string(text)},
	})
	return err
}

func (t *Tap) join(ctx context.Context, queue string, f Filter) error {
	target := eventtypes.Target{
		Id: aws.String(targetID), Arn: &queue,
		RetryPolicy: &eventtypes.RetryPolicy{MaximumEventAgeInSeconds: aws.Int32(int32(maxEventAge / time.Second))},
	}
	if f.DetailOnly {
		target.InputPath = aws.String("$.detail")
	}
	out, err := t.clients.events.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: &t.name, EventBusName: &t.bus, Targets: []eventtypes.Target{target},
	})
	if err != nil {
		return err
	}
	for _, failed := range out.FailedEntries {
		return fmt.Errorf("%w: %s", errNotJoined, aws.ToString(failed.ErrorCode))
	}
	return nil
}

var errNotJoined = errors.New("the rule did not take the queue as its target")

// MaxWait is the longest that SQS waits for a message.
const MaxWait = 20 * time.Second

// Receive waits for events, in whole seconds and MaxWait at most, and returns what the queue hands out, ten at most and each once. None
// is no error: nothing came in that time. There is no order.
func (t *Tap) Receive(ctx context.Context, wait time.Duration) ([]string, error) {
	out, err := t.clients.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &t.queue, MaxNumberOfMessages: 10, WaitTimeSeconds: int32(min(wait, MaxWait) / time.Second),
	})
	if err != nil {
		return nil, fmt.Errorf("receive from tap %s: %w", t.name, err)
	}
	if len(out.Messages) == 0 {
		return nil, nil
	}
	var bodies []string
	done := make([]types.DeleteMessageBatchRequestEntry, len(out.Messages))
	for i, m := range out.Messages {
		done[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
		if id := aws.ToString(m.MessageId); !t.seen[id] {
			t.seen[id] = true
			bodies = append(bodies, aws.ToString(m.Body))
		}
	}
	// An entry that fails comes again, and is known then.
	if _, err := t.clients.queues.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &t.queue, Entries: done}); err != nil {
		return bodies, fmt.Errorf("receive from tap %s: %w", t.name, err)
	}
	return bodies, nil
}

// Close removes the rule and the queue. It has half a minute of its own for it, so that it works after an interrupt. It may be
// called again, and tries again where something is left.
func (t *Tap) Close() error {
	t.closing.Lock()
	defer t.closing.Unlock()
	if t.closed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := t.find(ctx); err != nil {
		return err
	}
	if err := t.clients.remove(ctx, t.bus, Leftover{Name: t.name, rule: true, queue: t.queue}); err != nil {
		return err
	}
	t.closed = true
	return nil
}

// find looks for the queue where Open was interrupted before it learnt the address.
func (t *Tap) find(ctx context.Context) error {
	if t.queue != "" {
		return nil
	}
	out, err := t.clients.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &t.name})
	if _, none := errors.AsType[*types.QueueDoesNotExist](err); none {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove tap %s: %w", t.name, err)
	}
	t.queue = aws.ToString(out.QueueUrl)
	return nil
}
