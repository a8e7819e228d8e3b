package sweeporders

import (
	"context"
	"maps"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// orders does what is due about open orders, the oldest first, and begins nothing more once until is over.
func (r *run) orders(ctx, until context.Context) {
	ids := make([]order.ID, 0, chunkSize)
	for id, err := range r.Orders.ListOpen(ctx, r.now.Add(-r.Limits.shortest())) {
		if until.Err() != nil {
			r.summary.Unfinished = true
			return
		}
		if err != nil {
			r.fail("list_orders", "", "", err)
			continue
		}
		if ids = append(ids, id); len(ids) == chunkSize {
			r.chunk(ctx, ids)
			ids = ids[:0]
		}
	}
	r.chunk(ctx, ids)
}

// chunk does what is due about some orders, after a look at the rows themselves.
func (r *run) chunk(ctx context.Context, ids []order.ID) {
	if len(ids) == 0 {
		return
	}
	orders, _ := readEach(ctx, ids, r.Orders.GetMany, r.failing("read_order"))
	var unpaid []order.ID
	for id, o := range orders {
		if o.Status == order.Recorded {
			unpaid = append(unpaid, id)
		}
	}
	rows, unread := readEach(ctx, unpaid, r.Payments.GetMany, r.failing("read_payment"))
	var acts []act
	for _, id := range ids {
		o, found := orders[id]
		if !found {
			continue
		}
		// What the provider is still working on may take days, and is nobody's to look at.
		if rows[id].Status != order.PaymentPending {
			r.summary.OldestOpenSeconds = max(r.summary.OldestOpenSeconds, int64(openFor(o, r.now)/time.Second))
		}
		action := Decide(o, rows[id], r.now, r.Limits)
		// Without its payments row nobody knows whether the order may be cancelled.
		if action == Nothing || action == RequestCancel && unread[id] {
			continue
		}
		e, err := action.event(o, r.now)
		if err != nil {
			r.fail("state_event", id, "", err)
			continue
		}
		acts = append(acts, act{action: action, event: e})
	}
	r.publish(ctx, acts)
}

func (r *run) failing(operation string) func(order.ID, error) {
	return func(id order.ID, err error) { r.fail(operation, id, "", err) }
}

// readEach returns those of the rows that there are. Where some of them can't be read, it reads each that is missing alone, to learn
// which these are; fail is told of them, and they are returned too. Where none can be read, fail is told once, of no order.
func readEach[T any](
	ctx context.Context, ids []order.ID, get func(context.Context, []order.ID) (map[order.ID]T, error), fail func(order.ID, error),
) (rows map[order.ID]T, unread map[order.ID]bool) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := get(ctx, ids)
	if err == nil {
		return rows, nil
	}
	unread = map[order.ID]bool{}
	if rows == nil {
		fail("", err)
		for _, id := range ids {
			unread[id] = true
		}
		return nil, unread
	}
	for _, id := range ids {
		if _, found := rows[id]; found {
			continue
		}
		one, err := get(ctx, []order.ID{id})
		if err != nil {
			unread[id] = true
			fail(id, err)
		}
		maps.Copy(rows, one)
	}
	return rows, unread
}
