package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// ListOpen lists the orders that are open and have their status since before or longer, those with the oldest status first.
func (s *Orders) ListOpen(ctx context.Context, before time.Time) iter.Seq2[order.ID, error] {
	return func(yield func(order.ID, error) bool) {
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("list open orders: %w", err))
			return
		}
		entries, err := s.open(before)
		if err != nil && !yield("", fmt.Errorf("list open orders: %w", err)) {
			return
		}
		for _, e := range entries {
			if !yield(e.OrderID, nil) {
				return
			}
		}
	}
}

// open returns the entries that the index of open orders has until before.
func (s *Orders) open(before time.Time) (entries []item.OpenEntry, err error) {
	s.rows.mu.Lock()
	defer s.rows.mu.Unlock()
	for _, m := range s.rows.items {
		if _, listed := m[item.OpenShard]; !listed {
			continue
		}
		e, err := item.ReadOpenEntry(m)
		if err != nil {
			return nil, err
		}
		if !e.Since.After(before) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b item.OpenEntry) int { return a.Since.Compare(b.Since) })
	return entries, nil
}
