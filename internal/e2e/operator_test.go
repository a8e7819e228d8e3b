package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// lines decodes NDJSON.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(text) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		all = append(all, one)
	}
	return all
}

// told is a line of what order place and order watch print with --json.
type told struct {
	OrderID  order.ID     `json:"order_id"`
	Replayed bool         `json:"replayed"`
	Status   order.Status `json:"status"`
	Reason   order.Reason `json:"reason"`
}

func TestAnOperatorPlacesAnOrderAndFollowsItToItsRest(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	for _, replayed := range []bool{false, true} {
		stdout, stderr, code := orderflow(t, "", "order", "place", "--id", string(id), "--user", "kim",
			"--item", "tea:2:450", "--item", "cup:1:1299", "--watch", "--json")
		said := lines[told](t, stdout)
		want := []told{{OrderID: id, Replayed: replayed}, {OrderID: id, Status: order.Recorded}, {OrderID: id, Status: order.Paid}}
		if diff := cmp.Diff(want, said); diff != "" || code != 0 {
			t.Errorf("got exit code %d and %q (-want +got)\n%s", code, stderr, diff)
		}
	}
	stdout, stderr, code := orderflow(t, "", "order", "show", string(id), "--json")
	if s := lines[shown](t, stdout); code != 0 || len(s) != 1 || s[0].Status != order.Paid || s[0].Amount != 2199 || len(s[0].History) != 2 {
		t.Errorf("got exit code %d, %+v and %q; want it PAID with two entries", code, s, stderr)
	}
	if n, total := charges(t, id); n != 1 || total != 2199 {
		t.Errorf("got %d charges of %d, want one of 2199", n, total)
	}
}

func TestAnOperatorIsToldWhatDoesNotEndWell(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	_, stderr, code := orderflow(t, "", "order", "place", "--id", string(id), "--user", "kim", "--amount", "1999", "--payment-method", "pm_card_visa_chargeDeclined")
	if code != 0 {
		t.Fatalf("place: exit code %d: %s", code, stderr)
	}
	stdout, stderr, code := orderflow(t, "", "order", "watch", string(id), "--json")
	want := []told{
		{OrderID: id, Status: order.Recorded},
		{OrderID: id, Status: order.Cancelling, Reason: order.CardDeclined},
		{OrderID: id, Status: order.Cancelled, Reason: order.CardDeclined},
	}
	if diff := cmp.Diff(want, lines[told](t, stdout)); diff != "" || code != 0 {
		t.Errorf("watch: got exit code %d and %q, want 0 (-want +got)\n%s", code, stderr, diff)
	}
	pending := ids(t, 2)[1]
	buy(t, pending, bankDebit)
	if _, stderr, code := orderflow(t, "", "order", "watch", string(pending), "--timeout", "1s"); code != 4 || !strings.Contains(stderr, "RECORDED") {
		t.Errorf("watch of an order that the provider works on: got exit code %d and %q, want 4 and the status", code, stderr)
	}
	world.sandbox.Ledger().Settle(string(pending))
	if _, stderr, code := orderflow(t, "", "order", "show", "no-such-order"); code != 3 || !strings.Contains(stderr, "no-such-order") {
		t.Errorf("show of an unknown order: got exit code %d and %q, want 3 and the order's id", code, stderr)
	}
	_, stderr, code = orderflow(t, "", "order", "place", "--user", "kim", "--amount=-5", "--currency", "usd")
	if code != 2 || !strings.Contains(stderr, "\n  /amount must") || !strings.Contains(stderr, "\n  /currency must") || strings.Contains(stderr, " \n") {
		t.Errorf("a bad order: got exit code %d and %q, want 2 and where what is wrong", code, stderr)
	}
	if _, stderr, code := orderflow(t, "", "token", "shop", "--stage", "nowhere"); code != 3 || !strings.Contains(stderr, "nowhere") {
		t.Errorf("a stage that is not there: got exit code %d and %q, want 3 and its name", code, stderr)
	}
}

// TestAnExampleGoesOnTheBus publishes the example that no rule of a stage takes: OrderUpdated to CANCELLING.
func TestAnExampleGoesOnTheBus(t *testing.T) {
	explain(t)
	bus := listen(t)
	stdout, stderr, code := orderflow(t, "", "publish", "OrderUpdated", "--example", "--json")
	said := lines[struct {
		ID      string   `json:"id"`
		OrderID order.ID `json:"order_id"`
	}](t, stdout)
	if code != 0 || len(said) != 1 {
		t.Fatalf("got exit code %d, %+v and %q; want one event published", code, said, stderr)
	}
	eventually(t, func() error {
		own := about(bus.drain(t), said[0].OrderID)
		if len(own) != 1 || own[0].ID() != said[0].ID {
			return fmt.Errorf("got %v, want event %s", own, said[0].ID)
		}
		return nil
	})
}

func TestAShopsTokenFromTheCommandOpensTheAPI(t *testing.T) {
	explain(t)
	stdout, stderr, code := orderflow(t, "", "token", "shop")
	if code != 0 || strings.Count(stdout, "\n") != 1 || stderr != "" {
		t.Fatalf("got exit code %d, %d lines and %q; want a token alone", code, strings.Count(stdout, "\n"), stderr)
	}
	id := ids(t, 1)[0]
	got := call(t, strings.TrimSpace(stdout), "POST", "/orders", placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"}.json(t))
	if got.status != 202 {
		t.Errorf("got %d %s, want 202", got.status, got.body)
	}
	reaches(t, order.Paid, id)
}

func TestALoadUnderTakenIDsChangesNothingAndSaysSo(t *testing.T) {
	explain(t)
	first := load(t, "--limit", "10", "--prefix", "taken")
	stdout, stderr, code := orderflow(t, "", "load", sample, "--limit", "10", "--prefix", "taken", "--mix", "decline=100", "--json")
	if code != 4 {
		t.Errorf("got exit code %d and %q, want 4", code, stderr)
	}
	var clashes struct {
		Failed []struct {
			OrderID order.ID `json:"order_id"`
			Clash   bool     `json:"clash"`
		} `json:"failed"`
	}
	if err := json.Unmarshal([]byte(stdout), &clashes); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if len(clashes.Failed) != 10 || !clashes.Failed[0].Clash {
		t.Errorf("got %+v, want ten clashes", clashes.Failed)
	}
	again := load(t, "--limit", "10", "--prefix", "taken")
	if again.Replayed != 10 || again.Money[0] != first.Money[0] || again.Provider != first.Provider {
		t.Errorf("got %+v, then %+v; want the orders as they were", first, again)
	}
}

// TestALoadThatWasBrokenOffGoesOn interrupts the process as a person would, once orders are stored.
func TestALoadThatWasBrokenOffGoesOn(t *testing.T) {
	explain(t)
	const n = 200
	args := []string{"load", sample, "--limit", "200", "--prefix", "broken-off", "--concurrency", "2", "--json"}
	cmd := exec.CommandContext(t.Context(), world.command, append(args, "--endpoint-url", world.Endpoint)...)
	before := storedOrders(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if storedOrders(t) < before+5 {
			return errors.New("hardly an order is stored")
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if failed, ok := errors.AsType[*exec.ExitError](cmd.Wait()); !ok || failed.ExitCode() != 130 {
		t.Fatalf("got %v, want exit code 130", failed)
	}
	stored := storedOrders(t) - before
	if stored >= n {
		t.Fatalf("all %d orders were stored before the interruption: the test shows nothing", stored)
	}

	cents, free := firstPurchases(t, n)
	s := load(t, "--limit", "200", "--prefix", "broken-off")
	if s.Replayed < stored || s.Placed+s.Replayed != n || s.count(order.Paid, "") != n {
		t.Errorf("got %+v after %d were stored, want the rest placed and all PAID", s, stored)
	}
	if m := s.Money[0]; m.Paid != cents || m.Captured != cents || s.Provider.Captures != n-free {
		t.Errorf("got %+v and %+v, want %d captured once each", m, s.Provider, cents)
	}
}
