package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

const secret = "do-not-tell"

func TestBrokenRowIsNamedByIDAndAttributeNeverByValue(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(m item.Map)
		want  string
	}{
		"wrong type":    {func(m item.Map) { m["amount"] = item.Text(secret) }, "order o1: attribute amount "},
		"missing":       {func(m item.Map) { delete(m, "currency") }, "order o1: attribute currency "},
		"no whole":      {func(m item.Map) { m["version"] = &types.AttributeValueMemberN{Value: "1.5"} }, "order o1: attribute version "},
		"no status":     {func(m item.Map) { m["status"] = item.Text(secret) }, "order o1: attribute status "},
		"no time":       {func(m item.Map) { m["recorded_at"] = item.Text(secret) }, "order o1: attribute recorded_at "},
		"optional one":  {func(m item.Map) { m["reason"] = item.Number(1) }, "order o1: attribute reason "},
		"no list":       {func(m item.Map) { m["items"] = item.Text(secret) }, "order o1: attribute items "},
		"no line":       {func(m item.Map) { m["items"] = listOf(item.Text(secret)) }, "order o1: attribute items[0] "},
		"part of line":  {func(m item.Map) { m["items"] = listOf(line(item.Text(secret))) }, "order o1: attribute items[0].quantity "},
		"part of entry": {func(m item.Map) { m["history"] = listOf(line(item.Number(1))) }, "order o1: attribute history[0].version "},
	} {
		t.Run(name, func(t *testing.T) {
			m := item.FromOrder(recorded("o1"))
			c.spoil(m)
			_, err := item.Order(m)
			wantBroken(t, err, c.want)
		})
	}
}

func TestBrokenUserIsNamed(t *testing.T) {
	m := item.FromUser(user.User{ID: "u1", Status: user.Active})
	m["email"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{item.Text(secret)}}
	_, err := item.User(m)
	wantBroken(t, err, "user u1: attribute email ")
}

func wantBroken(t *testing.T, err error, text string) {
	t.Helper()
	if !errors.Is(err, item.ErrBroken) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), secret) {
		t.Errorf("got error %v, want ErrBroken with %q", err, text)
	}
}

// TestBrokenRowDoesNotHideItsNeighbours puts a row that nothing of ours writes beside good ones.
func TestBrokenRowDoesNotHideItsNeighbours(t *testing.T) {
	tables := newTables(t)
	s := storesOver(newClient(), tables)
	put := func(table string, m item.Map) {
		t.Helper()
		if _, err := newClient().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: m}); err != nil {
			t.Fatal(err)
		}
	}
	put(tables.Users, item.Map{"user_id": item.Text("bad"), "status": item.Text(secret)})
	put(tables.Orders, item.Map{"order_id": item.Text("bad"), "amount": item.Text(secret)})
	put(tables.Payments, item.Map{"order_id": item.Text("bad"), "status": item.Text(secret)})
	put(tables.Notifications, item.Map{"order_id": item.Text("bad"), "channel": item.Text("email"), "state": item.Text(item.Claimed)})
	put(tables.Orders, item.FromOrder(recorded("good")))
	put(tables.Users, item.FromUser(user.User{ID: "good", Status: user.Active}))

	ctx := t.Context()
	orders, err := s.Orders.GetMany(ctx, []order.ID{"bad", "good"})
	wantBrokenRow(t, "orders.GetMany", err)
	users, err := s.Users.GetMany(ctx, []order.UserID{"bad", "good"})
	wantBrokenRow(t, "users.GetMany", err)
	_, withRows, err := s.Payments.GetWithOrders(ctx, []order.ID{"bad", "good"})
	wantBrokenRow(t, "payments.GetWithOrders", err)
	if len(orders) != 1 || len(users) != 1 || len(withRows) != 1 {
		t.Errorf("got %d orders, %d users, %d orders with rows; want the good one of each", len(orders), len(users), len(withRows))
	}
	for name, call := range brokenReads(ctx, s) {
		wantBrokenRow(t, name, call())
	}
}

// brokenReads are the calls that meet one broken row alone.
func brokenReads(ctx context.Context, s conformance.Stores) map[string]func() error {
	return map[string]func() error{
		"orders.Get":    func() error { _, err := s.Orders.Get(ctx, "bad"); return err },
		"orders.Create": func() error { _, _, err := s.Orders.Create(ctx, recorded("bad")); return err },
		"orders.Apply": func() error {
			return s.Orders.Apply(ctx, recorded("bad"), order.Decision{Change: order.Change{Version: 2, Status: order.Paid}})
		},
		"users.Get":        func() error { _, _, err := s.Users.Get(ctx, "bad"); return err },
		"payments.Get":     func() error { _, err := s.Payments.Get(ctx, "bad"); return err },
		"payments.GetMany": func() error { _, err := s.Payments.GetMany(ctx, []order.ID{"bad"}); return err },
		"payments.Put":     func() error { return s.Payments.Put(ctx, voided("bad")) },
		"claim":            func() error { return s.Notifications.Claim(ctx, claimOf("bad"), noon) },
		"settle":           func() error { return s.Notifications.Settle(ctx, claimOf("bad"), "SENT", noon) },
	}
}

func wantBrokenRow(t *testing.T, what string, err error) {
	t.Helper()
	if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != dynamo.CodeBroken {
		t.Errorf("%s: got %s, %s; want a transient %s (%v)", what, kind, code, dynamo.CodeBroken, err)
	}
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("%s: the error tells what is stored: %v", what, err)
	}
}

func listOf(v types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: []types.AttributeValue{v}}
}

// line is an order's line with the given quantity.
func line(quantity types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: item.Map{"sku": item.Text("a"), "quantity": quantity, "unit_amount": item.Number(1)}}
}
