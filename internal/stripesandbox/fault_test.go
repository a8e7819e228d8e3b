package stripesandbox_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestRefusingFaultsHaveNoEffectAndLeaveTheKeyFree(t *testing.T) {
	for _, row := range []struct {
		kind            stripesandbox.FaultKind
		status          int
		errorType, code string
		shouldRetry     string
	}{
		{stripesandbox.Unavailable, http.StatusServiceUnavailable, "api_error", "", ""},
		{stripesandbox.RateLimited, http.StatusTooManyRequests, "invalid_request_error", "rate_limit", ""},
		{stripesandbox.LockTimeout, http.StatusTooManyRequests, "invalid_request_error", "lock_timeout", "true"},
		{stripesandbox.KeyInUse, http.StatusConflict, "invalid_request_error", "idempotency_key_in_use", ""},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			a, s := newAPI(t, stripesandbox.Options{})
			id := a.create("o1", "pm_card_visa")
			mustAdd(t, s, stripesandbox.Fault{Kind: row.kind, Calls: 1})
			g := a.post(a.confirmPath(id), "c1", "")
			g.want(t, row.status, row.errorType, row.code)
			if got := g.header.Get("Stripe-Should-Retry"); got != row.shouldRetry {
				t.Errorf("Stripe-Should-Retry %q, want %q", got, row.shouldRetry)
			}
			if got := mustRetrieve(t, s.Ledger(), id).Status; got != stripesandbox.RequiresConfirmation {
				t.Errorf("status %s", got)
			}
			if g := a.post(a.confirmPath(id), "c1", ""); g.body.Status != "succeeded" {
				t.Errorf("the same key afterwards: %d %s", g.status, g.body.Error.Code)
			}
		})
	}
}

func TestFaultBefallsOnlyWhatItNames(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	one, two := a.create("o1", "pm_card_visa"), a.create("o2", "pm_card_visa")
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: stripesandbox.Retrieve, Order: "o1"})
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: stripesandbox.CreateIntent, Order: "o3"})
	for path, want := range map[string]int{intents + "/" + one: 503, intents + "/" + two: 200, intents: 200} {
		if g := a.get(path); g.status != want {
			t.Errorf("GET %s: %d, want %d", path, g.status, want)
		}
	}
	for order, want := range map[string]int{"o3": 503, "o4": 200} {
		if g := a.post(intents, "", intentForm(order, "pm_card_visa")); g.status != want {
			t.Errorf("create for %s: %d, want %d", order, g.status, want)
		}
	}
	if g := a.post(a.confirmPath(one), "", ""); g.status != 200 {
		t.Errorf("confirm: %d", g.status)
	}
	s.ClearFaults()
	if g := a.get(intents + "/" + one); g.status != 200 {
		t.Errorf("after clearing: %d", g.status)
	}
}

func TestFirstFaultThatFitsIsUsedUpFirst(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Calls: 2})
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.RateLimited, Calls: 1})
	var got []int
	for range 5 {
		got = append(got, a.get(intents).status)
	}
	if diff := cmp.Diff([]int{503, 503, 429, 200, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestFaultEndsByTheClock(t *testing.T) {
	c := newClock()
	a, s := newAPI(t, stripesandbox.Options{Now: c.now})
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Until: c.now().Add(time.Hour)})
	for _, want := range []int{503, 503, 503, 200} {
		if g := a.get(intents); g.status != want {
			t.Errorf("at %s: %d, want %d", c.now().Format(time.TimeOnly), g.status, want)
		}
		c.advance(20 * time.Minute)
	}
}

func TestProbabilityIsSeeded(t *testing.T) {
	run := func(seed uint64) (statuses string, faults int) {
		a, s := newAPI(t, stripesandbox.Options{})
		mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Probability: 0.25, Seed: seed})
		for range 400 {
			status := a.get(intents).status
			statuses += fmt.Sprint(status, " ")
			if status != http.StatusOK {
				faults++
			}
		}
		return statuses, faults
	}
	first, faults := run(1)
	again, _ := run(1)
	other, _ := run(2)
	if first != again || first == other {
		t.Error("the seed does not decide which calls fail")
	}
	if faults < 60 || faults > 140 {
		t.Errorf("%d of 400 calls failed, want about 100", faults)
	}
}

func TestSlowCallTakesEffectOnlyAfterItsDelay(t *testing.T) {
	var waited time.Duration
	var s *stripesandbox.Sandbox
	seen := -1
	a, s := newAPI(t, stripesandbox.Options{Wait: func(d time.Duration) {
		waited = d
		seen = len(s.Ledger().Order("o1").Intents)
	}})
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Slow, DelayMillis: 1500})
	if g := a.post(intents, "", intentForm("o1", "pm_card_visa")); g.status != http.StatusOK || waited != 1500*time.Millisecond {
		t.Errorf("%d after %s", g.status, waited)
	}
	if seen != 0 {
		t.Errorf("%d intents while the call waited", seen)
	}
}

func TestSenselessFaultIsRefused(t *testing.T) {
	_, s := newAPI(t, stripesandbox.Options{})
	for _, f := range []stripesandbox.Fault{
		{},
		{Kind: "explode"},
		{Kind: stripesandbox.Down, Operation: "teleport"},
		{Kind: stripesandbox.Down, Calls: -1},
		{Kind: stripesandbox.Down, Probability: 1.5},
		{Kind: stripesandbox.Down, Probability: -0.1},
		{Kind: stripesandbox.Slow},
		{Kind: stripesandbox.Down, DelayMillis: 5},
	} {
		if err := s.AddFault(f); !errors.Is(err, stripesandbox.ErrFault) {
			t.Errorf("AddFault(%+v): %v, want ErrFault", f, err)
		}
	}
}
