package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/user"
)

const price = 1999 // cents of the orders here

// buy places an order of kim's, to be paid with method, or with her card where that is empty.
func buy(t *testing.T, id order.ID, method string) {
	t.Helper()
	place(t, placed{OrderID: id, UserID: "kim", Amount: price, Currency: "USD", PaymentMethod: method})
}

// cancelPath is where the cancellation of an order is asked for.
func cancelPath(id order.ID) string { return "/orders/" + string(id) + "/cancellation" }

// cancel asks for an order's cancellation as the shop, and ends the test unless that is taken.
func cancel(t *testing.T, id order.ID) {
	t.Helper()
	if got := call(t, world.shop, http.MethodPost, cancelPath(id), ""); got.status != http.StatusAccepted {
		t.Fatalf("cancelling %s answered %d: %s", id, got.status, got.body)
	}
}

// wantNet checks what the provider holds of an order's money, and that it took money once at most.
func wantNet(t *testing.T, id order.ID, want int64) {
	t.Helper()
	var net int64
	captures := 0
	for _, s := range world.sandbox.Ledger().Order(string(id)).Captured {
		net += s.Net()
		captures += s.Captures
	}
	if net != want || captures > 1 {
		t.Errorf("%s: the provider holds %d after %d captures, want %d after one at most", id, net, captures, want)
	}
}

// fault has calls about an order go wrong until the test ends.
func fault(t *testing.T, f stripesandbox.Fault) {
	t.Helper()
	if err := world.sandbox.AddFault(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.sandbox.ClearFaults)
}

// webhookFault has webhooks go wrong until the test ends.
func webhookFault(t *testing.T, f stripesandbox.WebhookFault) {
	t.Helper()
	if err := world.sandbox.AddWebhookFault(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(world.sandbox.ClearWebhookFaults)
}

// rowReaches waits until an order's payments row has a status.
func rowReaches(t *testing.T, id order.ID, want order.PaymentStatus) {
	t.Helper()
	eventually(t, func() error {
		if got := paymentRow(t, id).Status; got != want {
			return fmt.Errorf("%s: payments row is %q, want %s", id, got, want)
		}
		return nil
	})
}

// execution is an execution of the saga.
type execution struct {
	status types.ExecutionStatus
	input  string
}

// executions returns the executions about an order.
func executions(t *testing.T, id order.ID) []execution {
	t.Helper()
	client := sfn.NewFromConfig(world.Config)
	var about []execution
	pages := sfn.NewListExecutionsPaginator(client, &sfn.ListExecutionsInput{StateMachineArn: &world.Stack.SagaARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			one, err := client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: e.ExecutionArn})
			if err != nil {
				t.Fatal(err)
			}
			var task saga.Task
			if err := json.Unmarshal([]byte(aws.ToString(one.Input)), &task); err != nil {
				t.Fatal(err)
			}
			if task.OrderID == id {
				about = append(about, execution{one.Status, aws.ToString(one.Input)})
			}
		}
	}
	return about
}

// ended waits until no execution about an order runs any more, and checks that so many failed, and that at least so many succeeded: an event
// that is delivered twice starts two.
func ended(t *testing.T, id order.ID, failed, succeeded int) {
	t.Helper()
	eventually(t, func() error {
		counts := map[types.ExecutionStatus]int{}
		for _, e := range executions(t, id) {
			counts[e.status]++
		}
		if counts[types.ExecutionStatusRunning] > 0 || counts[types.ExecutionStatusFailed] != failed || counts[types.ExecutionStatusSucceeded] < succeeded {
			return fmt.Errorf("%s: got executions %v, want %d FAILED and %d SUCCEEDED", id, counts, failed, succeeded)
		}
		return nil
	})
}

// age lets time pass for an order: all that its row says happened so much earlier. The order must be at rest or wait for somebody.
func age(t *testing.T, id order.ID, by time.Duration) {
	t.Helper()
	o, err := world.orders.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	o.RecordedAt = o.RecordedAt.Add(-by)
	for i := range o.History {
		o.History[i].At = o.History[i].At.Add(-by)
	}
	_, err = dynamodb.NewFromConfig(world.Config).PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &world.Stack.OrdersTable, Item: item.FromOrder(o),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// swept is what a sweep did.
type swept struct {
	Reannounced       int `json:"reannounced"`
	CancelRequested   int `json:"cancel_requested"`
	SagaRestarted     int `json:"saga_restarted"`
	WebhooksRecovered int `json:"webhooks_recovered"`
}

// sweep runs sweep-orders once.
func sweep(t *testing.T) swept {
	t.Helper()
	out, err := lambda.NewFromConfig(world.Config).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("orderflow-local-sweep-orders"), Payload: []byte(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.FunctionError != nil {
		t.Fatalf("sweep-orders: %s", out.Payload)
	}
	var did swept
	if err := json.Unmarshal(out.Payload, &did); err != nil {
		t.Fatalf("%v in %s", err, out.Payload)
	}
	return did
}

// lastMailSays waits until the last mail about an order has one of the words in its text.
func lastMailSays(t *testing.T, id order.ID, words string) {
	t.Helper()
	eventually(t, func() error {
		mails := mailsAbout(t, id)[id]
		if len(mails) == 0 {
			return errors.New("there is no mail")
		}
		if last := mails[len(mails)-1]; !strings.Contains(last.Text, words) {
			return fmt.Errorf("the last of %d mails says %q, want %q", len(mails), last.Text, words)
		}
		return nil
	})
}

// entryOf returns what the ledger of mails holds of an order.
func entryOf(t *testing.T, id order.ID) item.Entry {
	t.Helper()
	out, err := dynamodb.NewFromConfig(world.Config).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &world.Stack.NotificationsTable, Key: item.Map{"order_id": item.Text(string(id)), "channel": item.Text("email")},
	})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := item.Notification(out.Item)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// delivered waits until no webhook is on its way.
func delivered(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		if n := world.sandbox.Webhooks().UnderWay; n > 0 {
			return fmt.Errorf("%d webhooks are on their way", n)
		}
		return nil
	})
}

// store stores users, in place of what was stored of them.
func store(t *testing.T, users ...user.User) {
	t.Helper()
	if err := world.users.PutMany(t.Context(), users); err != nil {
		t.Fatal(err)
	}
}
