package dynamo_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// shelf is an index of open orders that shows one entry at a time, so that each is a page, and an empty page in between.
type shelf struct {
	dynamo.Client
	shards  map[string][]item.Map
	fails   map[string]int // the call of a shard that fails, 1 being the first
	queries map[string]int
}

func (c *shelf) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	shard := in.ExpressionAttributeValues[":shard"].(*types.AttributeValueMemberS).Value
	c.queries[shard]++
	if c.queries[shard] == c.fails[shard] {
		return nil, &types.ProvisionedThroughputExceededException{}
	}
	if aws.ToString(in.IndexName) != "open" || aws.ToInt32(in.Limit) != 100 {
		return nil, fmt.Errorf("a query of index %s for %d entries", aws.ToString(in.IndexName), aws.ToInt32(in.Limit))
	}
	at := 0
	if in.ExclusiveStartKey != nil {
		var err error
		if at, err = strconv.Atoi(in.ExclusiveStartKey["at"].(*types.AttributeValueMemberN).Value); err != nil {
			return nil, err
		}
	}
	out := &dynamodb.QueryOutput{}
	if at%2 == 1 {
		out.Items = c.shards[shard][at/2 : at/2+1]
	}
	if at/2 < len(c.shards[shard])-at%2 {
		out.LastEvaluatedKey = item.Map{"at": item.Number(int64(at + 1))}
	}
	return out, nil
}

func entry(id order.ID, since time.Time) item.Map {
	return item.Map{item.OrderID: item.Text(string(id)), item.Since: item.Time(since), item.OpenShard: item.Text("any")}
}

func list(t *testing.T, c *shelf) (ids []order.ID, errs []error) {
	t.Helper()
	c.queries = map[string]int{}
	for id, err := range dynamo.NewOrders(c, dynamo.Tables{Orders: "orders"}).ListOpen(t.Context(), noon) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, id)
	}
	return ids, errs
}

// threeShards has six orders, one a minute, in turn in three of the shards.
func threeShards() *shelf {
	c := &shelf{shards: map[string][]item.Map{}}
	for i := range 6 {
		shard := []string{"00", "07", "15"}[i%3]
		since := noon.Add(time.Duration(i-60) * time.Minute)
		c.shards[shard] = append(c.shards[shard], entry(order.ID(fmt.Sprint("o", i)), since))
	}
	return c
}

func TestOpenOrdersOfAllShardsStandInOneOrder(t *testing.T) {
	c := threeShards()
	ids, errs := list(t, c)
	if diff := cmp.Diff([]order.ID{"o0", "o1", "o2", "o3", "o4", "o5"}, ids); diff != "" || len(errs) > 0 {
		t.Errorf("errors %v, orders (-want +got):\n%s", errs, diff)
	}
	if len(c.queries) != item.Shards {
		t.Errorf("got %d shards asked, want %d", len(c.queries), item.Shards)
	}
}

func TestAShardThatFailsHidesNoOther(t *testing.T) {
	for call, want := range map[int][]order.ID{
		1: {"o0", "o2", "o3", "o5"},
		3: {"o0", "o1", "o2", "o3", "o5"},
	} {
		c := threeShards()
		c.fails = map[string]int{"07": call}
		ids, errs := list(t, c)
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("call %d fails: orders (-want +got):\n%s", call, diff)
		}
		if len(errs) != 1 || c.queries["07"] != call {
			t.Fatalf("call %d fails: got errors %v and %d calls", call, errs, c.queries["07"])
		}
		if kind, code := outcome.Of(errs[0]); kind != outcome.KindTransient || code != dynamo.CodeBusy {
			t.Errorf("call %d fails: got %v, want a transient %s", call, errs[0], dynamo.CodeBusy)
		}
	}
}

func TestABrokenIndexEntryIsAnErrorOfItsShard(t *testing.T) {
	c := threeShards()
	c.shards["07"][1][item.Since] = item.Text(secret)
	ids, errs := list(t, c)
	if diff := cmp.Diff([]order.ID{"o0", "o1", "o2", "o3", "o5"}, ids); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if len(errs) != 1 {
		t.Fatalf("got errors %v, want one", errs)
	}
	wantBrokenRow(t, "list open", errs[0])
}

func TestAReaderThatStopsAsksNoMore(t *testing.T) {
	c := threeShards()
	c.queries = map[string]int{}
	for id, err := range dynamo.NewOrders(c, dynamo.Tables{}).ListOpen(t.Context(), noon) {
		if id != "o0" || err != nil {
			t.Errorf("got %s, error %v; want o0", id, err)
		}
		break
	}
	if got := c.queries["00"]; got != 2 {
		t.Errorf("got %d queries of the first shard, want 2: up to its first entry", got)
	}
}
