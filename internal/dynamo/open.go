package dynamo

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// indexOpen is the sparse keys-only index of open orders by shard and since when they are what they are.
const indexOpen = "open"

// openPage is how many entries of a shard are read at once.
const openPage = 100

// ListOpen lists the orders that are open and have their status since before or
// longer, those with the oldest status first, as the index shows them. The index
// lags behind the table and may show an order that was closed meanwhile, so the
// caller reads the row. An error concerns one shard, whose further orders are
// left out; the others go on. At most a page of each shard is held at a time.
func (s *Orders) ListOpen(ctx context.Context, before time.Time) iter.Seq2[order.ID, error] {
	return func(yield func(order.ID, error) bool) {
		var shards []*openShard
		for name := range item.ShardNames() {
			shard := &openShard{orders: s, name: name, before: before}
			if err := shard.fill(ctx); err != nil && !yield("", err) {
				return
			}
			shards = append(shards, shard)
		}
		for shard := oldest(shards); shard != nil; shard = oldest(shards) {
			if !yield(shard.take(), nil) {
				return
			}
			if err := shard.fill(ctx); err != nil && !yield("", err) {
				return
			}
		}
	}
}

// openShard reads one shard of the index of open orders, page by page.
type openShard struct {
	orders *Orders
	name   string
	before time.Time
	page   []item.OpenEntry // what was read and not yet taken, oldest first
	next   item.Map         // where the next page begins, nil before the first one and behind the last one
	read   bool             // whether the first page was read
}

// fill makes sure that there is an entry to take, if the shard has one left. After an error it has none.
func (s *openShard) fill(ctx context.Context) error {
	for len(s.page) == 0 && (!s.read || s.next != nil) {
		s.read = true
		if err := s.readPage(ctx); err != nil {
			s.page, s.next = nil, nil
			return fmt.Errorf("list open orders of shard %s: %w", s.name, err)
		}
	}
	return nil
}

func (s *openShard) readPage(ctx context.Context) error {
	index, limit := indexOpen, int32(openPage)
	condition := item.OpenShard + " = :shard AND " + item.Since + " <= :before"
	out, err := s.orders.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &s.orders.tables.Orders,
		IndexName:                 &index,
		KeyConditionExpression:    &condition,
		ExpressionAttributeValues: item.Map{":shard": item.Text(s.name), ":before": item.Time(s.before)},
		ExclusiveStartKey:         s.next,
		Limit:                     &limit,
	})
	if err != nil {
		return classify(err)
	}
	s.next = out.LastEvaluatedKey
	for _, m := range out.Items {
		entry, err := item.ReadOpenEntry(m)
		if err != nil {
			return broken(err)
		}
		s.page = append(s.page, entry)
	}
	return nil
}

// take removes the oldest entry that was read, and returns its order.
func (s *openShard) take() order.ID {
	id := s.page[0].OrderID
	s.page = s.page[1:]
	return id
}

// oldest returns the shard whose next entry is the oldest, nil where none has an entry.
func oldest(shards []*openShard) *openShard {
	var first *openShard
	for _, s := range shards {
		if len(s.page) > 0 && (first == nil || s.page[0].Since.Before(first.page[0].Since)) {
			first = s
		}
	}
	return first
}
