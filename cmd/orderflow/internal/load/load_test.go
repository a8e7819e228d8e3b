package load_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/user"
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

// flow is an order flow that takes, after an order is placed, a second to bring it to rest.
type flow struct {
	mu       sync.Mutex
	users    map[order.UserID]user.User
	orders   map[order.ID]order.Order
	captured map[order.ID]int64
	refuse   map[order.ID]error
	stuck    map[order.ID]bool
	unmailed map[order.ID]bool
}

func newFlow(users []user.User) *flow {
	f := &flow{
		users: map[order.UserID]user.User{}, orders: map[order.ID]order.Order{}, captured: map[order.ID]int64{},
		refuse: map[order.ID]error{}, stuck: map[order.ID]bool{}, unmailed: map[order.ID]bool{},
	}
	for _, u := range users {
		f.users[u.ID] = u
	}
	return f
}

func (f *flow) Place(_ context.Context, p api.PlaceOrder) (api.Placed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse[p.OrderID]; err != nil {
		return api.Placed{}, err
	}
	_, there := f.orders[p.OrderID]
	if !there {
		f.orders[p.OrderID] = order.New(order.Order{
			ID: p.OrderID, UserID: p.UserID, Amount: p.Amount, Currency: p.Currency, PaymentMethod: p.PaymentMethod,
		}, time.Now())
	}
	return api.Placed{Replayed: there, Took: 2 * time.Millisecond}, nil
}

func (f *flow) Orders(_ context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[order.ID]order.Order{}
	for _, id := range ids {
		found[id] = f.settle(f.orders[id])
	}
	return found, nil
}

func (f *flow) settle(o order.Order) order.Order {
	at := o.RecordedAt.Add(time.Second)
	if o.Status != order.Recorded || time.Now().Before(at) || f.stuck[o.ID] {
		return o
	}
	fact := order.Fact{Kind: order.PaymentProcessed, Amount: o.Amount, Currency: o.Currency}
	u, known := f.users[o.UserID]
	switch {
	case !known:
		fact = order.Fact{Kind: order.OrderRejected, Reason: order.UnknownUser}
	case u.Status != user.Active:
		fact = order.Fact{Kind: order.OrderRejected, Reason: order.BlockedUser}
	case o.PaymentMethod != "" && o.Amount > 0:
		fact = order.Fact{Kind: order.PaymentFailed, Reason: order.CardDeclined}
	default:
		f.captured[o.ID] = o.Amount
	}
	d, err := order.Apply(o, fact, at)
	if err != nil {
		panic(err)
	}
	f.orders[o.ID] = o.With(d.Change)
	return f.orders[o.ID]
}

func (f *flow) Mails(_ context.Context, ids []order.ID) (map[order.ID]notification.Result, error) {
	found := map[order.ID]notification.Result{}
	for _, id := range ids {
		if !f.unmailed[id] {
			found[id] = notification.Sent
		}
	}
	return found, nil
}

// ledger is what the provider would say.
func (f *flow) ledger() *stripesandbox.Report {
	r := &stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{}}
	for id, minor := range f.captured {
		if minor > 0 {
			r.Orders[string(id)] = stripesandbox.OrderLines{Captured: []stripesandbox.Sum{{Currency: "USD", Orders: 1, Captures: 1, Minor: minor}}}
		}
	}
	return r
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
	captured := int64(sum)
	if diff := cmp.Diff(s.Money, []load.Money{{Currency: "USD", Recorded: sum, Paid: sum, Captured: &captured}}); diff != "" {
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

func TestMixEndsAsPlannedAndIsNamed(t *testing.T) {
	mix, err := load.ParseMix(map[string]string{"decline": "10", "unknown": "7.5", "blocked": "5"})
	if err != nil {
		t.Fatal(err)
	}
	jobs := load.Plan(purchases(400), "p", mix)
	fates := map[load.Fate]int{}
	for _, j := range jobs {
		fates[j.Fate]++
	}
	f := newFlow(load.Users(jobs, "p", "cus_load"))
	s, _ := do(t, f, jobs)
	want := []load.StatusCount{
		{Status: order.Paid, Orders: fates[load.Pays]},
		{Status: order.Cancelling, Reason: order.BlockedUser, Orders: fates[load.Blocked]},
		{Status: order.Cancelling, Reason: order.CardDeclined, Orders: fates[load.Decline]},
		{Status: order.Cancelling, Reason: order.UnknownUser, Orders: fates[load.Unknown]},
	}
	if diff := cmp.Diff(s.Statuses, want); diff != "" {
		t.Errorf("statuses: -got +want\n%s", diff)
	}
	if len(s.Cancelling) != 400-fates[load.Pays] || !s.Agrees() {
		t.Errorf("%d are named as CANCELLING, disagreements %v", len(s.Cancelling), s.Disagreements)
	}
	for fate, about := range map[load.Fate]int{load.Decline: 40, load.Unknown: 30, load.Blocked: 20} {
		if n := fates[fate]; n < about/2 || n > about*2 {
			t.Errorf("%d orders of fate %s, want about %d", n, fate, about)
		}
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
	want := []load.Disagreement{{OrderID: "p-5", Detail: "has no mail that was sent or given up"}}
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
