package load_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/order"
)

func TestCancelledOrdersCostNothingWheneverTheyAreCancelled(t *testing.T) {
	jobs, fates := mixed(t, 400, map[string]string{"decline": "10", "cancel": "20"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	s, c := do(t, f, jobs)
	ends := map[load.StatusCount]int{}
	for _, row := range s.Statuses {
		ends[load.StatusCount{Status: row.Status, Reason: row.Reason}] = row.Orders
	}
	unpaid := ends[load.StatusCount{Status: order.Cancelled, Reason: order.RequestedByShop}]
	refunded := ends[load.StatusCount{Status: order.Refunded, Reason: order.RequestedByShop}]
	if unpaid == 0 || refunded == 0 || unpaid+refunded != fates[load.Cancel] {
		t.Errorf("%d ended CANCELLED and %d REFUNDED, want some of each and %d in all", unpaid, refunded, fates[load.Cancel])
	}
	before, after := s.Cancellations[order.Recorded], s.Cancellations[order.Paid]
	if before <= unpaid || after == 0 || before+after != fates[load.Cancel] {
		t.Errorf("asked for: %v; want some while the order was paid, so more than the %d that ended unpaid, and %d in all", s.Cancellations, unpaid, fates[load.Cancel])
	}
	if m := s.Money[0]; *m.Net != m.Paid || *m.Captured != m.Paid+*m.Refunded || *m.Refunded == 0 || s.Provider.Refunds == 0 {
		t.Errorf("the provider captured %d, refunded %d and holds %d, paid is %d", *m.Captured, *m.Refunded, *m.Net, m.Paid)
	}
	if !s.Agrees() || s.Mails["SENT"] != 400 || c.posted.Load() != 400 || c.rested.Load() != 400 || c.mailed.Load() != 400 {
		t.Errorf("summary is %+v; progress says %d posted, %d rested, %d mailed", s, c.posted.Load(), c.rested.Load(), c.mailed.Load())
	}
}

func TestCancelledOrdersLoadedAgainAreARepeat(t *testing.T) {
	jobs, fates := mixed(t, 100, map[string]string{"cancel": "20"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	do(t, f, jobs)
	moved := len(f.captured)
	s, _ := do(t, f, jobs)
	if s.Replayed != 100 || len(f.captured) != moved || !s.Agrees() {
		t.Errorf("summary is %+v", s)
	}
	if got := s.Cancellations[order.Cancelled] + s.Cancellations[order.Refunded]; got != fates[load.Cancel] {
		t.Errorf("%d cancellations were done before they were asked for, want %d", got, fates[load.Cancel])
	}
}

// TestCancellationThatGetsLostIsNotTakenForRest: PAID is the end of an order only where nobody cancels it.
func TestCancellationThatGetsLostIsNotTakenForRest(t *testing.T) {
	jobs, _ := mixed(t, 1, map[string]string{"cancel": "100"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	do(t, f, load.Plan(purchases(1), "p", nil)) // so that it is PAID
	f.stuck["p-1"] = true
	s, _ := do(t, f, jobs)
	if diff := cmp.Diff(s.Open, []order.ID{"p-1"}); diff != "" || s.Agrees() {
		t.Errorf("open: -got +want\n%s", diff)
	}
}

func TestCancellationThatIsRefusedDisagrees(t *testing.T) {
	jobs, _ := mixed(t, 2, map[string]string{"cancel": "100"})
	f := newFlow(nil) // every user is unknown
	do(t, f, load.Plan(purchases(2), "p", nil))
	s, _ := do(t, f, jobs)
	want := []load.Disagreement{
		{OrderID: "p-1", Detail: "was not cancelled: the API answers 409 Conflict"},
		{OrderID: "p-1", Detail: "is REJECTED (unknown_user), must be CANCELLED or REFUNDED"},
		{OrderID: "p-2", Detail: "was not cancelled: the API answers 409 Conflict"},
		{OrderID: "p-2", Detail: "is REJECTED (unknown_user), must be CANCELLED or REFUNDED"},
	}
	if diff := cmp.Diff(s.Disagreements, want); diff != "" || s.Agrees() || len(s.Cancellations) != 0 {
		t.Errorf("-got +want\n%s, cancellations %v", diff, s.Cancellations)
	}
}

func TestMailAboutAnEarlierStatusIsNotTheOne(t *testing.T) {
	plain := load.Plan(purchases(2), "p", nil)
	f := newFlow(load.Users(plain, "p", "cus_load"))
	do(t, f, plain)
	f.unmailed["p-1"] = true
	jobs, _ := mixed(t, 2, map[string]string{"cancel": "100"})
	s, _ := do(t, f, jobs)
	want := []load.Disagreement{{OrderID: "p-1", Detail: "has no mail about it that was sent or given up"}}
	if diff := cmp.Diff(s.Disagreements, want); diff != "" || s.Mails["SENT"] != 1 || s.Mails[""] != 1 {
		t.Errorf("mails %v; -got +want\n%s", s.Mails, diff)
	}
}

func TestRunBrokenOffBeforeACancellationEndsAtOnce(t *testing.T) {
	jobs, _ := mixed(t, 20, map[string]string{"cancel": "100"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		began := time.Now()
		var c counts
		outcomes, err := run(f, &c).Do(ctx, jobs)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Millisecond {
			t.Errorf("error is %v after %v", err, took)
		}
		if n := load.Answered(outcomes); n != 20 || len(f.asked) > 1 {
			t.Errorf("%d orders were answered and %d cancelled, want 20 and none but one that was due at once", n, len(f.asked))
		}
	})
}

// hanging is a flow whose API does not answer cancellations.
type hanging struct {
	*flow
	asking atomic.Int64
}

func (h *hanging) Cancel(ctx context.Context, _ order.ID) (api.Cancellation, error) {
	h.asking.Add(1)
	<-ctx.Done()
	return api.Cancellation{}, ctx.Err()
}

func TestCancellationsThatAreBrokenOffAreNeitherTakenNorRefused(t *testing.T) {
	jobs, _ := mixed(t, 20, map[string]string{"cancel": "100"})
	h := &hanging{flow: newFlow(load.Users(jobs, "p", "cus_load"))}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := run(h.flow, new(counts))
		r.Shop = h
		outcomes, err := r.Do(ctx, jobs)
		if !errors.Is(err, context.DeadlineExceeded) || h.asking.Load() != int64(r.Concurrency) {
			t.Errorf("error is %v, %d were being asked for, want %d at once", err, h.asking.Load(), r.Concurrency)
		}
		for _, o := range outcomes {
			if o.Asked != "" || o.CancelErr != nil {
				t.Errorf("%s: taken at %q, refused with %v", o.Job.Order.OrderID, o.Asked, o.CancelErr)
			}
		}
	})
}
