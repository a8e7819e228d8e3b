package load_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/order"
)

// purchases returns n of them; the last one is free.
func purchases(n int) []cdnow.Purchase {
	ps := make([]cdnow.Purchase, n)
	for i := range ps {
		ps[i] = cdnow.Purchase{Row: i + 1, Customer: fmt.Sprintf("%05d", i/3), Cents: int64(1000 + i)}
	}
	ps[n-1].Cents = 0
	return ps
}

type counts struct{ posted, rested, mailed atomic.Int64 }

func to(n *atomic.Int64) func(int) { return func(by int) { n.Add(int64(by)) } }

func run(f *flow, c *counts) load.Run {
	return load.Run{
		Shop: f, Store: f, Concurrency: 4, Patience: time.Minute,
		Posted: to(&c.posted), Rested: to(&c.rested), Mailed: to(&c.mailed),
	}
}

// do loads jobs in a bubble of its own time.
func do(t *testing.T, f *flow, jobs []load.Job) (s load.Summary, c *counts) {
	t.Helper()
	c = new(counts)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		outcomes, err := run(f, c).Do(t.Context(), jobs)
		if err != nil {
			t.Fatal(err)
		}
		s = load.Summarise(outcomes, f.ledger(), time.Since(began))
	})
	return s, c
}

func TestEveryOrderIsPaidOnceAndTheTotalsAgree(t *testing.T) {
	jobs := load.Plan(purchases(100), "p", nil)
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	s, c := do(t, f, jobs)
	const sum = 100*1000 + 99*100/2 - 1099
	captured, refunded := int64(sum), int64(0)
	want := []load.Money{{Currency: "USD", Recorded: sum, Paid: sum, Captured: &captured, Refunded: &refunded, Net: &captured}}
	if diff := cmp.Diff(s.Money, want); diff != "" {
		t.Errorf("money: -got +want\n%s", diff)
	}
	if diff := cmp.Diff(s.Statuses, []load.StatusCount{{Status: order.Paid, Orders: 100}}); diff != "" {
		t.Errorf("statuses: -got +want\n%s", diff)
	}
	if s.Placed != 100 || s.Free != 1 || *s.Provider != (load.Provider{Captures: 99, Orders: 99}) || s.Mails["SENT"] != 100 || !s.Agrees() {
		t.Errorf("summary is %+v", s)
	}
	if c.posted.Load() != 100 || c.rested.Load() != 100 || c.mailed.Load() != 100 {
		t.Errorf("progress says %d posted, %d rested, %d mailed", c.posted.Load(), c.rested.Load(), c.mailed.Load())
	}
	if s.PaidTimes.Count != 100 || s.PaidTimes.P50 != 1000 || s.PostTimes.Max != 2 {
		t.Errorf("times to paid %+v, of posts %+v", s.PaidTimes, s.PostTimes)
	}
}

func TestSecondRunIsARepeatThatChargesNothing(t *testing.T) {
	jobs := load.Plan(purchases(20), "p", nil)
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	do(t, f, jobs)
	before := len(f.captured)
	s, _ := do(t, f, load.Plan(purchases(20), "p", nil))
	if s.Placed != 0 || s.Replayed != 20 || len(f.captured) != before || !s.Agrees() {
		t.Errorf("summary is %+v", s)
	}
}

// mixed plans n orders by a mix and counts them by fate.
func mixed(t *testing.T, n int, percent map[string]string) (jobs []load.Job, fates map[load.Fate]int) {
	t.Helper()
	mix, err := load.ParseMix(percent)
	if err != nil {
		t.Fatal(err)
	}
	jobs, fates = load.Plan(purchases(n), "p", mix), map[load.Fate]int{}
	for _, j := range jobs {
		fates[j.Fate]++
	}
	return jobs, fates
}

func TestMixEndsAsPlanned(t *testing.T) {
	jobs, fates := mixed(t, 400, map[string]string{"decline": "10", "unknown": "7.5", "blocked": "5"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	s, _ := do(t, f, jobs)
	want := []load.StatusCount{
		{Status: order.Paid, Orders: fates[load.Pays]},
		{Status: order.Cancelled, Reason: order.CardDeclined, Orders: fates[load.Decline]},
		{Status: order.Rejected, Reason: order.BlockedUser, Orders: fates[load.Blocked]},
		{Status: order.Rejected, Reason: order.UnknownUser, Orders: fates[load.Unknown]},
	}
	if diff := cmp.Diff(s.Statuses, want); diff != "" {
		t.Errorf("statuses: -got +want\n%s", diff)
	}
	if !s.Agrees() || s.Mails["SENT"] != 400 || s.Provider.Refunds != 0 || len(s.Cancellations) != 0 {
		t.Errorf("summary is %+v", s)
	}
	if undone := 400 - fates[load.Pays]; s.ClosedTimes.Count != undone || s.ClosedTimes.P50 != 1000 {
		t.Errorf("times from CANCELLING to closed %+v, want %d of a second", s.ClosedTimes, undone)
	}
	for fate, about := range map[load.Fate]int{load.Decline: 40, load.Unknown: 30, load.Blocked: 20} {
		if n := fates[fate]; n < about/2 || n > about*2 {
			t.Errorf("%d orders of fate %s, want about %d", n, fate, about)
		}
	}
}

func TestOrderThatNeedsAttentionRestsAndDisagrees(t *testing.T) {
	jobs, _ := mixed(t, 10, map[string]string{"decline": "100"})
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	f.parked["p-3"] = true
	s, c := do(t, f, jobs)
	want := []load.Disagreement{{OrderID: "p-3", Detail: "is NEEDS_ATTENTION (refund_failed), must be CANCELLED"}}
	if diff := cmp.Diff(s.Disagreements, want); diff != "" || s.Agrees() || c.rested.Load() != 10 {
		t.Errorf("%d rested; disagreements: -got +want\n%s", c.rested.Load(), diff)
	}
}

func TestRunEndsAlthoughAnOrderDoesNotRest(t *testing.T) {
	jobs := load.Plan(purchases(10), "p", nil)
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	f.stuck["p-3"], f.unmailed["p-5"] = true, true
	s, _ := do(t, f, jobs)
	if diff := cmp.Diff(s.Open, []order.ID{"p-3"}); diff != "" {
		t.Errorf("open: -got +want\n%s", diff)
	}
	want := []load.Disagreement{{OrderID: "p-5", Detail: "has no mail about it that was sent or given up"}}
	if diff := cmp.Diff(s.Disagreements, want); diff != "" || s.Agrees() {
		t.Errorf("-got +want\n%s", diff)
	}
}

func TestRefusedOrderIsNamedAndTheRestGoesOn(t *testing.T) {
	jobs := load.Plan(purchases(10), "p", nil)
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	f.refuse["p-4"] = fmt.Errorf("place order p-4: %w", &api.Error{Status: http.StatusUnprocessableEntity, Title: "taken"})
	f.refuse["p-6"] = errors.New("no network")
	s, _ := do(t, f, jobs)
	if len(s.Failed) != 2 || !s.Failed[0].Clash || s.Failed[1].Clash || s.Placed != 8 || s.Agrees() {
		t.Errorf("failed %+v, placed %d", s.Failed, s.Placed)
	}
}

func TestBrokenOffRunKnowsWhatWasAnswered(t *testing.T) {
	jobs := load.Plan(purchases(50), "p", nil)
	f := newFlow(nil)
	ctx, cancel := context.WithCancel(t.Context())
	var c counts
	r := run(f, &c)
	posted := r.Posted
	r.Posted = func(n int) {
		posted(n)
		cancel()
	}
	outcomes, err := r.Do(ctx, jobs)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v", err)
	}
	if n := load.Answered(outcomes); int64(n) != c.posted.Load() || n == 0 || n == 50 {
		t.Errorf("%d orders count as answered, %d were", n, c.posted.Load())
	}
}
