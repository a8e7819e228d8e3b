package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

func testOpen(t *testing.T, open Open) {
	run(t, open, []promise{
		{"nothing is open where there is nothing", func(t *testing.T, s Stores) {
			wantOpen(t, s, noon.Add(time.Hour))
		}},
		{"an order is listed from its status on, to the millisecond", func(t *testing.T, s Stores) {
			mustCreate(t, s, recorded("o1"))
			wantOpen(t, s, noon.Add(-time.Millisecond))
			wantOpen(t, s, noon, "o1")
			wantOpen(t, s, noon.Add(time.Millisecond-1), "o1")
			wantOpen(t, s, noon.Add(time.Hour).In(time.FixedZone("", 3600)), "o1")
		}},
		{"the oldest status first, whatever the shard", func(t *testing.T, s Stores) {
			all := createEvery(t, s, "u1", 40, time.Second)
			want := make([]order.ID, len(all))
			for i, o := range all {
				want[i] = o.ID
			}
			wantOpen(t, s, noon.Add(time.Minute), want...)
			wantOpen(t, s, noon.Add(30*time.Second), want[:31]...)
		}},
		{"a new status counts anew", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			d := decide(o, order.Cancelling, order.CardDeclined, "event-1")
			mustApply(t, s, o, d)
			wantOpen(t, s, d.Change.At.Add(-time.Millisecond))
			wantOpen(t, s, d.Change.At, "o1")
		}},
		{"only RECORDED and CANCELLING are open", func(t *testing.T, s Stores) {
			o := recorded("o1")
			mustCreate(t, s, o)
			for _, status := range append(order.Statuses(), order.Cancelling) {
				o = mustApply(t, s, o, decide(o, status, order.RequestedByShop, "event "+string(status)+" "+o.History[o.Version-1].Cause))
				var want []order.ID
				if status.Open() {
					want = []order.ID{"o1"}
				}
				wantOpen(t, s, noon.Add(time.Hour), want...)
			}
		}},
		{"page behind page, each order once", manyOpen},
		{"the reader may stop, and begin again", func(t *testing.T, s Stores) {
			all := createEvery(t, s, "u1", 5, time.Second)
			for range 2 {
				for id, err := range s.Orders.ListOpen(t.Context(), noon.Add(time.Hour)) {
					wantError(t, "list", err, nil)
					wantSame(t, "first order", id, all[0].ID)
					break
				}
			}
		}},
		{"an order that was closed while the list is read does no harm", func(t *testing.T, s Stores) {
			all := createEvery(t, s, "u1", 3, time.Second)
			var got []order.ID
			for id, err := range s.Orders.ListOpen(t.Context(), noon.Add(time.Hour)) {
				wantError(t, "list", err, nil)
				if got = append(got, id); len(got) == 1 {
					mustApply(t, s, all[1], paid(all[1]))
				}
			}
			if len(got) < 2 || got[0] != all[0].ID || got[len(got)-1] != all[2].ID {
				t.Errorf("got %v, want at least the first and the last of three", got)
			}
		}},
		{"a done context is an error, and no order", func(t *testing.T, s Stores) {
			mustCreate(t, s, recorded("o1"))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			errs := 0
			for id, err := range s.Orders.ListOpen(ctx, noon.Add(time.Hour)) {
				if id != "" || !errors.Is(err, context.Canceled) {
					t.Errorf("got order %q, error %v", id, err)
				}
				errs++
			}
			if errs == 0 {
				t.Error("got an empty list, as if nothing was open")
			}
		}},
	})
}

// manyOpen has more orders of one shard than a page takes, and all of the same millisecond.
func manyOpen(t *testing.T, s Stores) {
	want := map[order.ID]int{}
	for _, id := range ids[order.ID]("", 16_000) {
		if len(want) == 230 {
			break
		}
		if item.Shard(id) != item.Shard("1") {
			continue
		}
		want[id] = 1
		mustCreate(t, s, recorded(id))
	}
	got := map[order.ID]int{}
	for id, err := range s.Orders.ListOpen(t.Context(), noon) {
		wantError(t, "list", err, nil)
		got[id]++
	}
	wantSame(t, "how often each order was listed", got, want)
}

func wantOpen(t *testing.T, s Stores, before time.Time, want ...order.ID) {
	t.Helper()
	var got []order.ID
	for id, err := range s.Orders.ListOpen(t.Context(), before) {
		wantError(t, "list", err, nil)
		got = append(got, id)
	}
	wantSame(t, "orders open since "+before.Format(order.TimeLayout), got, want)
}
