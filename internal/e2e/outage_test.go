package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/user"
)

func TestAChargeThatTakesEffectWithoutAnAnswerIsPaidOnce(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	webhookFault(t, stripesandbox.WebhookFault{Kind: stripesandbox.DropWebhook, Order: string(id)})
	fault(t, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm, Order: string(id), Calls: 1})
	buy(t, id, "")
	reaches(t, order.Paid, id)
	atRest(t)
	wantNet(t, id, price)
}

func TestAServerErrorThatTheProviderKeepsIsPaidOnceWhenItIsBack(t *testing.T) {
	explain(t)
	all := ids(t, 4)
	for i, id := range all {
		f := stripesandbox.Fault{Kind: stripesandbox.FailAfter, Operation: stripesandbox.CreateIntent, Order: string(id), Calls: 2}
		if i%2 == 0 {
			f.Kind = stripesandbox.FailBefore
		}
		if i/2 == 0 {
			f.Operation = stripesandbox.Confirm
		}
		fault(t, f)
		buy(t, id, "")
	}
	reaches(t, order.Paid, all...)
	atRest(t)
	for _, id := range all {
		wantNet(t, id, price)
	}
}

func TestAnOutageOfTheProviderNeedsNoHands(t *testing.T) {
	explain(t)
	all := ids(t, 8)
	for i, id := range all {
		kind := []stripesandbox.FaultKind{stripesandbox.Unavailable, stripesandbox.Down}[i%2]
		fault(t, stripesandbox.Fault{Kind: kind, Order: string(id), Until: time.Now().Add(10 * time.Second)})
		buy(t, id, "")
	}
	reaches(t, order.Paid, all...)
	atRest(t)
	for _, id := range all {
		wantNet(t, id, price)
	}
	if n := depth(t, world.Queues["process-payment"].DeadLetterURL); n > 0 {
		t.Errorf("got %d dead letters, want none", n)
	}
}

// TestAProviderThatIsDownForAnHourNeedsNoHands stands in for the clock alone: it receives the message from the real queue and hands it to the real
// function, notes how long that hides it, and does not wait for so long.
func TestAProviderThatIsDownForAnHourNeedsNoHands(t *testing.T) {
	explain(t)
	const function = "process-payment"
	release := hold(t, function)
	id := ids(t, 1)[0]
	fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Order: string(id)})
	buy(t, id, "")
	queueURL := world.Queues[function].URL
	eventually(t, func() error {
		if n := depth(t, queueURL); n != 1 {
			return fmt.Errorf("%d messages wait, want 1", n)
		}
		return nil
	})
	var down time.Duration
	receives := 0
	for ; down < time.Hour; receives++ {
		down += receiveAndHide(t, function)
	}
	t.Logf("the provider is back after %s and %d receives", down, receives)
	world.sandbox.ClearFaults()
	release()
	reaches(t, order.Paid, id)
	atRest(t)
	wantNet(t, id, price)
	if n := depth(t, world.Queues[function].DeadLetterURL); n > 0 {
		t.Errorf("got %d dead letters, want none", n)
	}
}

// receiveAndHide receives the one message of a function's queue and has the function fail on it. It returns for how long the function then
// hid the message, and makes it visible at once.
func receiveAndHide(t *testing.T, function string) time.Duration {
	t.Helper()
	queueURL := world.Queues[function].URL
	out, err := world.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &queueURL, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 1 {
		t.Fatalf("received %d messages: the queue has given it up", len(out.Messages))
	}
	m := out.Messages[0]
	payload, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{
		MessageId: *m.MessageId, ReceiptHandle: *m.ReceiptHandle, Body: *m.Body, Attributes: m.Attributes, EventSource: "aws:sqs",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	answered, err := lambda.NewFromConfig(world.Config).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("orderflow-local-" + function), Payload: payload,
	})
	if err != nil {
		t.Fatal(err)
	}
	var answer lambdaevents.SQSEventResponse
	if err := json.Unmarshal(answered.Payload, &answer); err != nil || len(answer.BatchItemFailures) != 1 {
		t.Fatalf("the function answered %s, want that the message comes again", answered.Payload)
	}
	hidden := time.Until(visibleAt(t, queueURL))
	_, err = world.queues.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
	if err != nil {
		t.Fatal(err)
	}
	return hidden
}

// visibleAt returns when the one message of a queue is to be seen again, to the second.
func visibleAt(t *testing.T, queueURL string) time.Time {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, world.Endpoint+"/_ministack/sqs/messages?QueueUrl="+url.QueryEscape(queueURL), nil)
	if err != nil {
		t.Fatal(err)
	}
	var peeked struct {
		Messages map[string]map[string]map[string][]struct{ VisibleAt int64 }
	}
	if err := fetch(request, &peeked); err != nil {
		t.Fatal(err)
	}
	for _, regions := range peeked.Messages {
		for _, queues := range regions {
			for _, messages := range queues {
				for _, m := range messages {
					return time.Unix(m.VisibleAt, 0)
				}
			}
		}
	}
	t.Fatal("the queue is empty")
	return time.Time{}
}

// impatient has a queue give a message up after so many receives, until the test ends.
func impatient(t *testing.T, function string, receives int) {
	t.Helper()
	queueURL := world.Queues[function].URL
	const name = types.QueueAttributeNameRedrivePolicy
	before, err := world.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		t.Fatal(err)
	}
	var policy map[string]any
	if err := json.Unmarshal([]byte(before.Attributes[string(name)]), &policy); err != nil {
		t.Fatal(err)
	}
	policy["maxReceiveCount"] = receives
	short, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	set := func(value string) {
		_, err := world.queues.SetQueueAttributes(context.WithoutCancel(t.Context()), &sqs.SetQueueAttributesInput{
			QueueUrl: &queueURL, Attributes: map[string]string{string(name): value},
		})
		if err != nil {
			t.Error(err)
		}
	}
	set(string(short))
	t.Cleanup(func() { set(before.Attributes[string(name)]) })
}

// deadLetterOf waits for an order's dead letter, takes it out and returns its body.
func deadLetterOf(t *testing.T, function string, id order.ID) string {
	t.Helper()
	queueURL := world.Queues[function].DeadLetterURL
	var body string
	eventually(t, func() error {
		out, err := world.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queueURL, MaxNumberOfMessages: 10, VisibilityTimeout: 1})
		if err != nil {
			return err
		}
		for _, m := range out.Messages {
			if e, err := events.Parse([]byte(aws.ToString(m.Body))); err != nil || e.Subject() != string(id) {
				continue
			}
			body = *m.Body
			_, err := world.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queueURL, ReceiptHandle: m.ReceiptHandle})
			return err
		}
		return errors.New("the dead letter is not there")
	})
	return body
}

// replay puts a dead letter back where it came from.
func replay(t *testing.T, function, body string) {
	t.Helper()
	if _, err := world.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(world.Queues[function].URL), MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// lose waits until a queue that is held back has so many messages, and takes them out.
func lose(t *testing.T, function string, n int) {
	t.Helper()
	queueURL := world.Queues[function].URL
	eventually(t, func() error {
		if got := depth(t, queueURL); got != n {
			return fmt.Errorf("%d messages wait, want %d", got, n)
		}
		return nil
	})
	if _, err := world.queues.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &queueURL}); err != nil {
		t.Fatal(err)
	}
}

func TestALongerOutageEndsInDeadLettersWhoseReplayPays(t *testing.T) {
	explain(t)
	impatient(t, "process-payment", 2)
	all := ids(t, 3)
	for _, id := range all {
		fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Order: string(id)})
		buy(t, id, "")
	}
	for _, id := range all {
		letter := deadLetterOf(t, "process-payment", id)
		world.sandbox.ClearFaults()
		replay(t, "process-payment", letter)
		replay(t, "process-payment", letter)
	}
	reaches(t, order.Paid, all...)
	atRest(t)
	for _, id := range all {
		wantNet(t, id, price)
	}
}

// TestADeadLetterReplayedThirtyDaysLaterChargesNothing replays one of an order that expired, and one of an order that was paid by
// another delivery, when the provider has long forgotten every idempotency key.
func TestADeadLetterReplayedThirtyDaysLaterChargesNothing(t *testing.T) {
	explain(t)
	impatient(t, "process-payment", 2)
	all := ids(t, 2)
	letters := make([]string, len(all))
	for i, id := range all {
		fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Order: string(id)})
		buy(t, id, "")
		letters[i] = deadLetterOf(t, "process-payment", id)
	}
	world.sandbox.ClearFaults()
	replay(t, "process-payment", letters[1])
	reaches(t, order.Paid, all[1])
	age(t, all[0], 25*time.Hour)
	sweep(t)
	reaches(t, order.Cancelled, all[0])
	atRest(t)

	world.sandbox.Advance(30 * 24 * time.Hour)
	for range 2 {
		for _, letter := range letters {
			replay(t, "process-payment", letter)
		}
	}
	atRest(t)
	reaches(t, order.Cancelled, all[0])
	reaches(t, order.Paid, all[1])
	wantNet(t, all[0], 0)
	wantNet(t, all[1], price)
	if captures, _ := charges(t, all[0]); captures != 0 {
		t.Errorf("got %d captures for the order that expired, want none", captures)
	}
}

// TestTheUsersCardOrBlockingChangesBetweenTwoDeliveries has the first delivery stop between making the intent and charging it.
func TestTheUsersCardOrBlockingChangesBetweenTwoDeliveries(t *testing.T) {
	explain(t)
	all := ids(t, 2)
	changing := func(i int) user.User {
		return user.User{
			ID: order.UserID(all[i]), Status: user.Active, Email: "changing@example.com", Name: "Changing", Locale: "en",
			Customer: "cus_changing", PaymentMethod: "pm_card_visa",
		}
	}
	for i, id := range all {
		store(t, changing(i))
		fault(t, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: stripesandbox.Confirm, Order: string(id)})
		place(t, placed{OrderID: id, UserID: order.UserID(id), Amount: price, Currency: "USD"})
		rowReaches(t, id, order.PaymentOpen)
	}
	carded, blocked := changing(0), changing(1)
	carded.PaymentMethod = "pm_card_chargeDeclined"
	blocked.Status = user.Blocked
	store(t, carded, blocked)
	for _, id := range all {
		age(t, id, 6*time.Minute)
	}
	sweep(t) // announces both again, so that query-user answers anew
	if o := reaches(t, order.Rejected, all[1])[all[1]]; o.Reason != order.BlockedUser {
		t.Errorf("got reason %s, want blocked_user", o.Reason)
	}
	world.sandbox.ClearFaults()
	reaches(t, order.Paid, all[0])
	atRest(t)
	reaches(t, order.Paid, all[0])
	reaches(t, order.Rejected, all[1])
	if row := paymentRow(t, all[0]); row.Params.PaymentMethod != "pm_card_visa" {
		t.Errorf("charged %s, want the card that the intent was made with", row.Params.PaymentMethod)
	}
	wantNet(t, all[0], price)
	wantNet(t, all[1], 0)
}

// TestAnAddressThatBouncedGetsNoMailAndTheOrderGoesOn sends what SES reports of a bounce.
func TestAnAddressThatBouncedGetsNoMailAndTheOrderGoesOn(t *testing.T) {
	explain(t)
	all := ids(t, 2)
	u := user.User{
		ID: "bouncing", Status: user.Active, Email: "bouncing@example.com", Name: "Bo", Locale: "en", Customer: "cus_bo", PaymentMethod: "pm_card_visa",
	}
	store(t, u)
	place(t, placed{OrderID: all[0], UserID: u.ID, Amount: price, Currency: "USD"})
	reaches(t, order.Paid, all[0])
	mailed(t, all[0])
	report, err := os.ReadFile(root + "/functions/markaddress/testdata/bounce.json")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.NewReplacer("ada@example.com", u.Email, "order-1", string(all[0])).Replace(string(report))
	if !strings.Contains(body, u.Email) || !strings.Contains(body, string(all[0])) {
		t.Fatalf("the report names neither the address nor the order: %s", body)
	}
	replay(t, "mark-address", body)
	eventually(t, func() error {
		found, err := world.users.GetMany(t.Context(), []order.UserID{u.ID})
		if err != nil {
			return err
		}
		if marked := found[u.ID]; marked.MailTo() != "" {
			return errors.New("the address is not marked")
		}
		return nil
	})
	store(t, u) // an import keeps the mark
	place(t, placed{OrderID: all[1], UserID: u.ID, Amount: price, Currency: "USD"})
	reaches(t, order.Paid, all[1])
	atRest(t)
	entry := entryOf(t, all[1])
	if entry.Result != notification.Suppressed || len(mailsAbout(t, all[1])[all[1]]) != 0 {
		t.Errorf("got result %s and %d mails, want SUPPRESSED and none", entry.Result, len(mailsAbout(t, all[1])[all[1]]))
	}
	if got := call(t, world.shop, http.MethodGet, "/orders/"+string(all[1]), ""); got.status != http.StatusOK {
		t.Errorf("got %d", got.status)
	}
}
