package sagatest_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/sagatest"
)

// path is one way through the machine.
type path struct {
	promise string
	hasty   bool // whether tasks time out after a second
	calls   []call
	states  string // short for those entered, in order
	end     string
}

const succeeded = "SUCCEEDED"

// abbreviations stand for the states that most paths enter.
var abbreviations = strings.NewReplacer(
	"resolve", "Begin ResolvePayment PaymentResolved",
	"round", "NextRound ResolvePayment PaymentResolved",
	"refund", "RefundPayment PaymentRefunded",
	"close", "CloseOrder OrderClosed",
	"park", "Park OrderParked",
)

// attempts is how often a task is tried that fails in a way that may pass; refundAttempts counts those in which the provider fails to refund.
const (
	attempts       = 37
	refundAttempts = 6
)

// times is a call that fails n times, and what follows.
func times(n int, c call, then ...call) []call { return append(slices.Repeat([]call{c}, n), then...) }

// after is what follows calls.
func after(calls []call, then ...call) []call { return slices.Concat(calls, then) }

// rounds are three rounds in which the last of calls sends the machine back.
func rounds(calls ...call) []call {
	var all []call
	for round := range 3 {
		for _, c := range calls {
			all = append(all, c.in(round))
		}
	}
	return all
}

func paths() []path {
	captured, settled := resolve(saga.Refund), resolve(saga.Close)
	return slices.Concat([]path{
		{"nothing was charged", false, []call{settled, closes(saga.Done)}, "resolve close Finished", succeeded},
		{"money is given back", false, []call{captured, refund(saga.Close), closes(saga.Done)}, "resolve refund close Finished", succeeded},
		{"the provider can't tell yet", false, []call{resolve(saga.Wait)}, "resolve Finished", succeeded},
		{"out of date at once", false, []call{resolve(saga.Stale)}, "resolve Finished", succeeded},
		{"out of date at the refund", false, []call{captured, refund(saga.Stale)}, "resolve refund Finished", succeeded},
		{"out of date at the end", false, []call{settled, closes(saga.Stale)}, "resolve close Finished", succeeded},
		{"another execution parked", false, []call{settled, closes(saga.Parked)}, "resolve close NeedsAttention", "NeedsAttention"},
		{
			"the refund finds no money", false,
			[]call{captured, refund(saga.Again), settled.in(1), closes(saga.Done).in(1)},
			"resolve refund round close Finished", succeeded,
		},
		{
			"money comes late", false,
			[]call{settled, closes(saga.Again), captured.in(1), refund(saga.Close).in(1), closes(saga.Done).in(1)},
			"resolve close round refund close Finished", succeeded,
		},
		{
			"the refund never settles", false, after(rounds(captured, refund(saga.Again)), park(saga.Parked).in(2)),
			"resolve refund round refund round refund park NeedsAttention", "NeedsAttention",
		},
		{
			"the end never settles", false, after(rounds(settled, closes(saga.Again)), park(saga.Parked).in(2)),
			"resolve close round close round close park NeedsAttention", "NeedsAttention",
		},
	}, failing(), parking(), unforeseen(), hanging())
}

// failing are the paths on which steps fail.
func failing() []path {
	captured, settled := resolve(saga.Refund), resolve(saga.Close)
	return []path{
		{"resolving fails for a while", false, times(3, settled.fails(errTransient), settled, closes(saga.Done)), "resolve close Finished", succeeded},
		{"resolving fails too often", false, times(attempts, settled.fails(errTransient), park(saga.Parked)), "Begin ResolvePayment park NeedsAttention", "NeedsAttention"},
		{"resolving can't succeed", false, []call{settled.fails(errPermanent), park(saga.Parked)}, "Begin ResolvePayment park NeedsAttention", "NeedsAttention"},
		{
			"the refund fails twice, then works", false,
			after([]call{captured}, times(2, refund("").fails(errRefund), refund(saga.Close), closes(saga.Done))...),
			"resolve refund close Finished", succeeded,
		},
		{
			"the refund fails for good", false, after([]call{captured}, times(refundAttempts, refund("").fails(errRefund), park(saga.Parked))...),
			"resolve RefundPayment park NeedsAttention", "NeedsAttention",
		},
		{
			"the provider is away during the refund", false,
			after([]call{captured}, times(3, refund("").fails(errTransient), refund(saga.Close), closes(saga.Done))...),
			"resolve refund close Finished", succeeded,
		},
		{
			"the provider is away for too long", false, after([]call{captured}, times(attempts, refund("").fails(errTransient), park(saga.Parked))...),
			"resolve RefundPayment park NeedsAttention", "NeedsAttention",
		},
		{
			"the refund can't succeed", false,
			[]call{captured, refund("").fails(errPermanent), park(saga.Parked)},
			"resolve RefundPayment park NeedsAttention", "NeedsAttention",
		},
		{"closing fails for a while", false, after([]call{settled}, times(3, closes("").fails(errTransient), closes(saga.Done))...), "resolve close Finished", succeeded},
		{
			"closing fails too often", false, after([]call{settled}, times(attempts, closes("").fails(errTransient), park(saga.Parked))...),
			"resolve CloseOrder park NeedsAttention", "NeedsAttention",
		},
		{"closing can't succeed", false, []call{settled, closes("").fails(errPermanent), park(saga.Parked)}, "resolve CloseOrder park NeedsAttention", "NeedsAttention"},
	}
}

// parking are the paths on which parking meets something else.
func parking() []path {
	broken := resolve("").fails(errPermanent)
	return []path{
		{"another execution closed the order before it was parked", false, []call{broken, park(saga.Done)}, "Begin ResolvePayment park Finished", succeeded},
		{"the order moved on before it was parked", false, []call{broken, park(saga.Stale)}, "Begin ResolvePayment park Finished", succeeded},
		{
			"parking fails for a while", false, after([]call{broken}, times(3, park("").fails(errTransient), park(saga.Parked))...),
			"Begin ResolvePayment park NeedsAttention", "NeedsAttention",
		},
		{"parking fails too often", false, after([]call{broken}, times(attempts, park("").fails(errTransient))...), "Begin ResolvePayment Park NotParked", "NotParked"},
		{"parking can't succeed", false, []call{broken, park("").fails(errPermanent)}, "Begin ResolvePayment Park NotParked", "NotParked"},
	}
}

// unforeseen are the paths on which a step answers what the machine does not know of it.
func unforeseen() []path {
	const name = "UnforeseenAnswer"
	return []path{
		{"resolving answers what only closing may", false, []call{resolve(saga.Done)}, "resolve " + name, name},
		{"refunding answers what only closing may", false, []call{resolve(saga.Refund), refund(saga.Done)}, "resolve refund " + name, name},
		{"closing answers what only resolving may", false, []call{resolve(saga.Close), closes(saga.Refund)}, "resolve close " + name, name},
		{"parking sends back", false, []call{resolve("").fails(errPermanent), park(saga.Again)}, "Begin ResolvePayment park " + name, name},
	}
}

// hanging are the paths on which steps do not answer in time.
func hanging() []path {
	return []path{
		{
			"each step hangs once", true,
			[]call{
				resolve("").hang(), resolve(saga.Refund), refund("").hang(), refund(saga.Close), closes("").hang(), closes(saga.Done),
			},
			"resolve refund close Finished", succeeded,
		},
		{
			"parking hangs once", true,
			[]call{resolve("").fails(errPermanent), park("").hang(), park(saga.Parked)},
			"Begin ResolvePayment park NeedsAttention", "NeedsAttention",
		},
	}
}

// coverage counts the transitions that executions took.
type coverage struct {
	mu    sync.Mutex
	taken map[sagatest.Transition]int
}

func (c *coverage) add(taken []sagatest.Transition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range taken {
		c.taken[t]++
	}
}

func TestEveryPathEndsAsItShouldAndNoTransitionIsLeftOut(t *testing.T) {
	w := newWorld(t)
	seen := &coverage{taken: map[sagatest.Transition]int{}}
	t.Run("paths", func(t *testing.T) {
		for i, p := range paths() {
			t.Run(p.promise, func(t *testing.T) {
				t.Parallel()
				seen.add(w.walk(t, order.ID(fmt.Sprintf("order-%d", i)), p))
			})
		}
	})
	all := w.machine.Transitions()
	for _, transition := range all {
		if seen.taken[transition] == 0 {
			t.Errorf("no path takes %+v", transition)
		}
	}
	if len(seen.taken) != len(all) {
		t.Errorf("the paths took %d transitions, the machine has %d", len(seen.taken), len(all))
	}
}

// walk runs one execution along a path and returns the transitions that it took.
func (w *world) walk(t *testing.T, id order.ID, p path) []sagatest.Transition {
	t.Helper()
	w.script.expect(id, p.calls)
	machine := w.arn
	if p.hasty {
		machine = w.hasty
	}
	got := w.run(t, machine, id)
	if got.end != p.end {
		t.Errorf("the execution ended as %s, want %s", got.end, p.end)
	}
	if n := w.script.left(id); n > 0 {
		t.Errorf("%d calls were not made", n)
	}
	var entered []string
	for _, v := range got.visits {
		entered = append(entered, v.State)
	}
	if diff := cmp.Diff(strings.Fields(abbreviations.Replace(p.states)), entered); diff != "" {
		t.Errorf("states entered (-want +got):\n%s", diff)
	}
	if timedOut := strings.Contains(fmt.Sprint(got.visits), "States.Timeout"); timedOut != p.hasty {
		t.Errorf("a task timed out: %v, want %v", timedOut, p.hasty)
	}
	taken, err := w.machine.Follow(got.visits)
	if err != nil {
		t.Error(err)
	}
	return taken
}
