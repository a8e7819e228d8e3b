package e2e_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/order"
)

// hold keeps a function from reading its queue until the returned release is called.
func hold(t *testing.T, function string) (release func()) {
	t.Helper()
	client := lambda.NewFromConfig(world.Config)
	name := "orderflow-local-" + function
	out, err := client.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.EventSourceMappings) != 1 {
		t.Fatalf("%s has %d event source mappings, want 1", name, len(out.EventSourceMappings))
	}
	set := func(enabled bool) {
		_, err := client.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{
			UUID: out.EventSourceMappings[0].UUID, Enabled: &enabled,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(false)
	return func() { set(true) }
}

// takeDeadLetter waits for a dead letter with the given body, removes it and returns it.
func takeDeadLetter(t *testing.T, function, body string) types.Message {
	t.Helper()
	queueURL := world.Queues[function].DeadLetterURL
	var letter types.Message
	eventually(t, func() error {
		out, err := world.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &queueURL, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		})
		if err != nil {
			return err
		}
		for _, m := range out.Messages {
			if aws.ToString(m.Body) == body {
				letter = m
				return nil
			}
		}
		return errors.New("the dead letter is not there")
	})
	if _, err := world.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: letter.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	return letter
}

func TestAPoisonedMessageIsADeadLetterAndItsNeighboursGoThrough(t *testing.T) {
	explain(t)
	const poison = `{"specversion":"1.0","id":"poison","type":"com.orderflow.OrderVerified.v1","subject":"x"}`
	release := hold(t, "process-payment")
	all := ids(t, 9)
	for _, id := range all {
		place(t, placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"})
	}
	queueURL := world.Queues["process-payment"].URL
	eventually(t, func() error {
		if n := depth(t, queueURL); n != len(all) {
			return fmt.Errorf("%d messages wait, want %d", n, len(all))
		}
		return nil
	})
	if _, err := world.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: aws.String(poison)}); err != nil {
		t.Fatal(err)
	}
	release()
	released := time.Now()

	letter := takeDeadLetter(t, "process-payment", poison)
	if took := time.Since(released); took > 10*time.Second {
		t.Errorf("the dead letter took %s, want seconds", took)
	}
	for name, want := range map[string]string{"Function": "process-payment", "ErrorCode": "invalid_event"} {
		if got := aws.ToString(letter.MessageAttributes[name].StringValue); got != want {
			t.Errorf("attribute %s: got %q, want %q", name, got, want)
		}
	}
	if got := aws.ToString(letter.MessageAttributes["Reason"].StringValue); got == "" {
		t.Error("the dead letter gives no reason")
	}
	reaches(t, order.Paid, all...)
	if n := depth(t, queueURL); n != 0 {
		t.Errorf("%d messages are left in the queue, want none", n)
	}
}
