package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// TestUpdatedRowsAreWhatWholeRowsWouldBe: attribute-wise writes leave nothing behind and forget nothing.
func TestUpdatedRowsAreWhatWholeRowsWouldBe(t *testing.T) {
	tables := newTables(t)
	s := storesOver(newClient(), tables)
	ctx := t.Context()

	o := recorded("o1")
	_, _, err := s.Orders.Create(ctx, o)
	for _, c := range []order.Change{
		{Version: 2, Status: order.Cancelling, Reason: order.CardDeclined, At: noon.Add(time.Minute), Cause: "event-1"},
		{Version: 3, Status: order.Cancelled, At: noon.Add(time.Hour), Cause: "event-2"},
	} {
		err = errors.Join(err, s.Orders.Apply(ctx, o, order.Decision{Change: c}))
		o = o.With(c)
		wantItem(t, tables.Orders, item.Map{"order_id": item.Text("o1")}, item.FromOrder(o))
	}

	key := item.Map{"order_id": item.Text("o1"), "channel": item.Text("email")}
	first, second := claimOf("o1"), claimOf("o1")
	second.Version, second.Holder, second.Until = 3, "b", noon.Add(time.Hour)
	err = errors.Join(err, s.Notifications.Claim(ctx, first, noon), s.Notifications.Settle(ctx, first, notification.Sent, noon))
	wantItem(t, tables.Notifications, key, item.FromEntry(item.Entry{Claim: first, Result: notification.Sent, SettledAt: noon}))
	err = errors.Join(err, s.Notifications.Claim(ctx, second, noon))
	wantItem(t, tables.Notifications, key, item.FromEntry(item.Entry{Claim: second}))
	err = errors.Join(err, s.Notifications.Release(ctx, second))
	second.Until = item.Released
	wantItem(t, tables.Notifications, key, item.FromEntry(item.Entry{Claim: second}))
	if err != nil {
		t.Error(err)
	}
}

func wantItem(t *testing.T, table string, key, want item.Map) {
	t.Helper()
	out, err := newClient().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	ignoreMarkers := cmpopts.IgnoreUnexported(
		types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{})
	if diff := cmp.Diff(want, out.Item, ignoreMarkers); diff != "" {
		t.Errorf("item of %s (-want +got):\n%s", table, diff)
	}
}
