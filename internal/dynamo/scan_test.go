package dynamo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// twoAPage has pages of two items.
type twoAPage struct{ *dynamodb.Client }

func (c twoAPage) Scan(ctx context.Context, in *dynamodb.ScanInput, options ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	small := *in
	two := int32(2)
	small.Limit = &two
	return c.Client.Scan(ctx, &small, options...)
}

func TestAScanFindsEveryOrderOfAllPagesOnce(t *testing.T) {
	tables := newTables(t)
	store := dynamo.NewOrders(newClient(), tables)
	want := map[order.ID]order.Order{}
	for i := range 7 {
		o := recorded(order.ID(fmt.Sprint("o", i)))
		if _, _, err := store.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		want[o.ID] = o
	}
	got, n := map[order.ID]order.Order{}, 0
	for o, err := range dynamo.ScanOrders(t.Context(), twoAPage{newClient()}, tables.Orders) {
		if err != nil {
			t.Fatal(err)
		}
		got[o.ID] = o
		n++
	}
	if diff := cmp.Diff(want, got); diff != "" || n != len(want) {
		t.Errorf("got %d orders (-want +got)\n%s", n, diff)
	}
	size, err := dynamo.SizeOf(t.Context(), newClient(), tables.Orders)
	if err != nil || size.Rows != 7 {
		t.Errorf("got size %+v, error %v; want 7 rows", size, err)
	}
}

// pages are answers to scans, one after the other; nil is a throttle.
type pages struct {
	dynamo.Scanner
	left [][]item.Map
}

func (p *pages) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	page := p.left[0]
	p.left = p.left[1:]
	if page == nil {
		return nil, &types.ProvisionedThroughputExceededException{}
	}
	out := &dynamodb.ScanOutput{Items: page}
	if len(p.left) > 0 {
		out.LastEvaluatedKey = item.Map{item.OrderID: item.Text("any")}
	}
	return out, nil
}

func TestABrokenRowHidesNoOtherAndAFailureEndsTheScan(t *testing.T) {
	spoilt := item.FromOrder(recorded("o1"))
	spoilt["amount"] = item.Text(secret)
	p := &pages{left: [][]item.Map{{spoilt, item.FromOrder(recorded("o2"))}, {}, {item.FromOrder(recorded("o3"))}, nil, {}}}
	var ids []order.ID
	var errs []error
	for o, err := range dynamo.ScanOrders(t.Context(), p, "orders") {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, o.ID)
	}
	if diff := cmp.Diff([]order.ID{"o2", "o3"}, ids); diff != "" || len(errs) != 2 || len(p.left) != 1 {
		t.Fatalf("got errors %v and %d pages left, want two and one (-want +got)\n%s", errs, len(p.left), diff)
	}
	wantBrokenRow(t, "scan", errs[0])
	if kind, code := outcome.Of(errs[1]); kind != outcome.KindTransient || code != dynamo.CodeBusy {
		t.Errorf("got %v, want a transient %s", errs[1], dynamo.CodeBusy)
	}
}

func TestAScanCostsHalfAUnitForEach4KiB(t *testing.T) {
	for bytes, want := range map[int64]int64{0: 0, 1: 1, 8192: 1, 8193: 2, 1 << 30: 131072} {
		if got := (dynamo.Size{Bytes: bytes}).ReadUnits(); got != want {
			t.Errorf("%d bytes: got %d units, want %d", bytes, got, want)
		}
	}
}

func TestALedgerRowIsReadAsItWasClaimedAndSettled(t *testing.T) {
	store := dynamo.NewNotifications(newClient(), newTables(t))
	if e, found, err := store.Get(t.Context(), "o1", notification.Email); found || err != nil {
		t.Errorf("got %+v, %t, %v; want nothing before a claim", e, found, err)
	}
	c := notification.Claim{OrderID: "o1", Channel: notification.Email, Version: 2, Until: noon.Add(time.Minute), Holder: "h"}
	if err := store.Claim(t.Context(), c, noon); err != nil {
		t.Fatal(err)
	}
	wantEntry(t, store, item.Entry{Claim: c})
	if err := store.Settle(t.Context(), c, notification.Sent, noon); err != nil {
		t.Fatal(err)
	}
	wantEntry(t, store, item.Entry{Claim: c, Result: notification.Sent, SettledAt: noon})
}

func wantEntry(t *testing.T, store *dynamo.Notifications, want item.Entry) {
	t.Helper()
	got, found, err := store.Get(t.Context(), want.Claim.OrderID, want.Claim.Channel)
	if diff := cmp.Diff(want, got); diff != "" || !found || err != nil {
		t.Errorf("got %t, %v (-want +got)\n%s", found, err, diff)
	}
}
