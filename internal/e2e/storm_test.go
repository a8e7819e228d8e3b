package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// TestTwoThousandOrdersWithDeclinesTimeoutsAndCancellationsAddUp loads real orders while the provider takes effect and does not answer, and then
// looks at the tables, the provider's ledger and the mailbox, each by itself.
func TestTwoThousandOrdersWithDeclinesTimeoutsAndCancellationsAddUp(t *testing.T) {
	explain(t)
	const n, prefix = 2000, "storm"
	fault(t, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm, Probability: 0.05, Seed: 20})
	s := load(t, "--limit", fmt.Sprint(n), "--prefix", prefix, "--mix", "decline=10,cancel=10", "--patience", "120s")
	world.sandbox.ClearFaults()
	t.Logf("%v, cancellations %v, %+v, %+v", s.Statuses, s.Cancellations, s.Provider, s.Money)
	for _, status := range []order.Status{order.Paid, order.Cancelled, order.Refunded} {
		if s.count(status, "") == 0 {
			t.Errorf("no order is %s: the load shows nothing of it", status)
		}
	}
	if before, after := s.Cancellations[order.Recorded], s.Cancellations[order.Paid]; before < 20 || after < 20 {
		t.Errorf("got cancellations %v, want many before and many after the payment", s.Cancellations)
	}
	delivered(t)
	atRest(t)

	orders := stored(t, prefix)
	if len(orders) != n {
		t.Fatalf("the table has %d orders, want %d", len(orders), n)
	}
	var paid, net int64
	for _, o := range orders {
		lines := world.sandbox.Ledger().Order(string(o.ID))
		var holds int64
		captures := 0
		for _, sum := range lines.Captured {
			holds += sum.Net()
			captures += sum.Captures
		}
		net += holds
		want := int64(0)
		switch o.Status {
		case order.Paid:
			want = o.Amount
			paid += o.Amount
		case order.Cancelled, order.Refunded:
		default:
			t.Errorf("%s is %s, which is no end", o.ID, o.Status)
		}
		if holds != want || captures > 1 {
			t.Errorf("%s is %s over %d: the provider holds %d after %d captures", o.ID, o.Status, o.Amount, holds, captures)
		}
	}
	if net != paid {
		t.Errorf("the provider holds %d, PAID orders say %d", net, paid)
	}
	last := lastSubjects(t, prefix)
	for _, o := range orders {
		if want := subjectOf(o); !strings.HasPrefix(last[o.ID], want) {
			t.Errorf("%s is %s, and its last mail says %q", o.ID, o.Status, last[o.ID])
		}
	}
	for key, q := range world.Queues {
		if dead := depth(t, q.DeadLetterURL); dead > 0 {
			t.Errorf("%s has %d dead letters, want none", key, dead)
		}
	}
}

// stored returns all orders whose id begins with prefix.
func stored(t *testing.T, prefix string) []order.Order {
	t.Helper()
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(world.Config), &dynamodb.ScanInput{
		TableName: &world.Stack.OrdersTable, ConsistentRead: aws.Bool(true),
		FilterExpression:          aws.String("begins_with(order_id, :prefix)"),
		ExpressionAttributeValues: item.Map{":prefix": item.Text(prefix + "-")},
	})
	var all []order.Order
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Items {
			o, err := item.Order(m)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, o)
		}
	}
	return all
}

// lastSubjects returns what the last mail about each order says in its subject, which names the order.
func lastSubjects(t *testing.T, prefix string) map[order.ID]string {
	t.Helper()
	last := map[order.ID]string{}
	for _, m := range box(t) {
		for word := range strings.FieldsSeq(m.Subject) {
			if id := strings.TrimRight(word, ":."); strings.HasPrefix(id, prefix+"-") {
				last[order.ID(id)] = m.Subject
			}
		}
	}
	return last
}

// subjectOf is how the subject begins of the last mail about an order that ended so.
func subjectOf(o order.Order) string {
	switch {
	case o.Status == order.Paid && o.Amount == 0:
		return "Order " + string(o.ID) + " is confirmed"
	case o.Status == order.Paid:
		return "Payment received"
	case o.Status == order.Refunded && o.Amount > 0:
		return "Your refund"
	default:
		return "Order " + string(o.ID) + " " // was or has been cancelled
	}
}

// box returns every mail that the emulator took, the oldest first.
func box(t *testing.T) []mail {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, world.Endpoint+"/_ministack/ses/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Messages map[string][]mail `json:"messages"`
	}
	if err := fetch(request, &answer); err != nil {
		t.Fatal(err)
	}
	var all []mail
	for _, account := range answer.Messages {
		all = append(all, account...)
	}
	return all
}
