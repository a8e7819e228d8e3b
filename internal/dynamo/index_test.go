package dynamo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// TestOpenIndexHoldsExactlyTheOpenOrdersSinceTheirStatus follows an order through every status.
func TestOpenIndexHoldsExactlyTheOpenOrdersSinceTheirStatus(t *testing.T) {
	tables := newTables(t)
	orders := dynamo.NewOrders(newClient(), tables)
	o, _, err := orders.Create(t.Context(), recorded("o1"))
	if err != nil {
		t.Fatal(err)
	}
	wantOpen(t, tables, o)
	for _, status := range append(order.Statuses(), order.Cancelling, order.Recorded, order.Paid) {
		c := order.Change{
			Version: o.Version + 1, Status: status, Reason: order.RequestedByShop, Cause: fmt.Sprint("event-", o.Version),
			At: o.RecordedAt.Add(time.Duration(o.Version) * time.Minute),
		}
		if err := orders.Apply(t.Context(), o, order.Decision{Change: c}); err != nil {
			t.Fatal(err)
		}
		o = o.With(c)
		wantOpen(t, tables, o)
	}
}

// wantOpen checks that the index holds o, since its last change, where o is open, and nothing otherwise.
func wantOpen(t *testing.T, tables dynamo.Tables, o order.Order) {
	t.Helper()
	out, err := newClient().Query(t.Context(), &dynamodb.QueryInput{
		TableName: &tables.Orders, IndexName: aws.String("open"), KeyConditionExpression: aws.String("open_shard = :shard"),
		ExpressionAttributeValues: item.Map{":shard": item.Text(item.Shard(o.ID))},
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []item.Map
	if o.Status.Open() {
		want = []item.Map{{
			"order_id":   item.Text(string(o.ID)),
			"open_shard": item.Text(item.Shard(o.ID)),
			"since":      item.Time(o.History[len(o.History)-1].At),
		}}
	}
	ignoreMarkers := cmpopts.IgnoreUnexported(types.AttributeValueMemberS{})
	if diff := cmp.Diff(want, out.Items, ignoreMarkers, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: entries of the index (-want +got):\n%s", o.Status, diff)
	}
}

func TestShardsAreSixteenAndEven(t *testing.T) {
	counts := map[string]int{}
	for i := range 16000 {
		counts[item.Shard(order.ID(fmt.Sprint("order-", i)))]++
	}
	for n := range item.Shards {
		if c := counts[fmt.Sprintf("%02d", n)]; c < 800 || c > 1200 {
			t.Errorf("shard %02d got %d of 16000 orders, want about 1000", n, c)
		}
	}
	if len(counts) != item.Shards {
		t.Errorf("got %d shards, want %d", len(counts), item.Shards)
	}
}
