package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// story is what order show prints with --json.
type story struct {
	shown
	Payment struct {
		Status  order.PaymentStatus `json:"status"`
		ID      string              `json:"payment_id"`
		Refunds []struct {
			Failed bool `json:"failed"`
		} `json:"refunds"`
	} `json:"payment"`
	Executions struct {
		Found    int  `json:"found"`
		Complete bool `json:"complete"`
	} `json:"executions"`
	Timeline []moment `json:"timeline"`
	Customer *struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"customer"`
}

type moment struct {
	At      time.Time `json:"at"`
	AfterMS float64   `json:"after_ms"`
	Source  string    `json:"source"`
	What    string    `json:"what"`
	ID      string    `json:"id"`
	Step    string    `json:"failed_step"`
}

func storyOf(t *testing.T, id order.ID, args ...string) story {
	t.Helper()
	stdout, stderr, code := orderflow(t, "", append([]string{"order", "show", string(id), "--json", "--look", "1000"}, args...)...)
	all := lines[story](t, stdout)
	if code != 0 || len(all) != 1 {
		t.Fatalf("order show: got exit code %d, %d lines and %q", code, len(all), stderr)
	}
	return all[0]
}

// has returns how often a source says something.
func (s story) has(source, what string) int {
	n := 0
	for _, m := range s.Timeline {
		if m.Source == source && m.What == what {
			n++
		}
	}
	return n
}

// sagaRun is a line of what saga ls and saga show print with --json.
type sagaRun struct {
	Execution  string   `json:"execution"`
	OrderID    order.ID `json:"order_id"`
	Version    int64    `json:"version"`
	Status     string   `json:"status"`
	FailedStep string   `json:"failed_step"`
	Error      string   `json:"error"`
	Cause      string   `json:"cause"`
	Steps      []struct {
		Step     string `json:"step"`
		Attempts int    `json:"attempts"`
		Error    string `json:"error"`
	} `json:"steps"`
}

// parkedOrder pays an order and cancels it while no refund works, so that it needs attention.
func parkedOrder(t *testing.T) order.ID {
	t.Helper()
	id := ids(t, 1)[0]
	buy(t, id, "")
	reaches(t, order.Paid, id)
	mailed(t, id)
	t.Cleanup(world.sandbox.Ledger().EndRefundFailures)
	world.sandbox.Ledger().FailRefunds(string(id), 0)
	cancel(t, id)
	reaches(t, order.NeedsAttention, id)
	ended(t, id, 1, 0)
	return id
}

func TestAnOperatorSeesWhereAnOrderGotStuckAndHowItEnded(t *testing.T) {
	explain(t)
	id := parkedOrder(t)

	s := storyOf(t, id)
	if s.Status != order.NeedsAttention || s.Reason != order.RefundFailed || s.Payment.Status != order.PaymentSucceeded || s.Payment.ID == "" || len(s.Payment.Refunds) == 0 {
		t.Errorf("got %+v, want it parked with captured money and refunds that failed", s)
	}
	if s.Executions.Found != 1 || !s.Executions.Complete || s.has("payment", "SUCCEEDED") != 1 || s.has("payment", "refund failed") != len(s.Payment.Refunds) || s.has("saga", "failed") != 1 || s.has("mail", "SENT") != 1 {
		t.Errorf("got %+v and timeline %+v, want capture, refunds that failed, mail and one execution that failed", s.Executions, s.Timeline)
	}
	if i := slices.IndexFunc(s.Timeline, func(m moment) bool { return m.What == "failed" }); i < 0 || s.Timeline[i].Step != "RefundPayment" {
		t.Errorf("got timeline %+v, want an execution that failed at RefundPayment", s.Timeline)
	}
	if !slices.IsSortedFunc(s.Timeline, func(a, b moment) int { return a.At.Compare(b.At) }) {
		t.Errorf("got %+v, want it in order of time", s.Timeline)
	}

	stdout, stderr, code := orderflow(t, "", "saga", "show", string(id), "--look", "1000", "--json")
	runs := lines[sagaRun](t, stdout)
	if code != 0 || len(runs) != 1 {
		t.Fatalf("saga show: got exit code %d, %d executions and %q", code, len(runs), stderr)
	}
	got := runs[0]
	if got.Status != "FAILED" || got.FailedStep != "RefundPayment" || got.Error != "RefundFailed" || !strings.Contains(got.Cause, string(id)) {
		t.Errorf("got %+v, want a failed refund", got)
	}
	var path []string
	for _, st := range got.Steps {
		path = append(path, st.Step)
		if st.Step == "RefundPayment" && st.Attempts < 2 {
			t.Errorf("got %d attempts of the refund, want it tried again", st.Attempts)
		}
	}
	want := []string{"Begin", "ResolvePayment", "PaymentResolved", "RefundPayment", "Park", "OrderParked", "NeedsAttention"}
	if diff := cmp.Diff(want, path); diff != "" {
		t.Errorf("steps (-want +got)\n%s", diff)
	}

	world.sandbox.Ledger().EndRefundFailures()
	if _, stderr, code := orderflow(t, "", "saga", "redrive", string(id), "--watch"); code != 0 {
		t.Fatalf("redrive: exit code %d: %s", code, stderr)
	}
	ended(t, id, 1, 1)
	eventually(t, func() error {
		if s = storyOf(t, id); s.Status != order.Refunded || s.has("saga", "succeeded") < 1 || s.has("payment", "REFUNDED") != 1 || s.has("order", "CANCELLING") != 2 {
			return fmt.Errorf("got %s with %+v, want it refunded by a second execution", s.Status, s.Timeline)
		}
		return nil
	})
}

func TestAnOperatorListsTheExecutionsThatFailed(t *testing.T) {
	explain(t)
	id := parkedOrder(t)
	stdout, stderr, code := orderflow(t, "", "saga", "ls", "--failed", "--limit", "1000", "--json")
	runs := lines[sagaRun](t, stdout)
	i := slices.IndexFunc(runs, func(r sagaRun) bool { return r.OrderID == id })
	if code != 0 || i < 0 || runs[i].FailedStep != "RefundPayment" || runs[i].Version != 3 {
		t.Fatalf("got exit code %d, %q and %+v; want the refund that failed among them", code, stderr, runs)
	}
	for _, r := range runs {
		if r.Status == "SUCCEEDED" || r.Status == "RUNNING" {
			t.Errorf("got %+v among those that failed", r)
		}
	}
	stdout, stderr, code = orderflow(t, "", "saga", "show", runs[i].Execution)
	if code != 0 || !strings.Contains(stdout, "RefundPayment RefundFailed: ") {
		t.Errorf("got exit code %d, %s%s; want the execution by its ARN", code, stdout, stderr)
	}
	_, stderr, code = orderflow(t, "", "saga", "show", "no-such-thing")
	if code != 3 || !strings.Contains(stderr, "no-such-thing") {
		t.Errorf("got exit code %d and %q, want 3 and what was asked for", code, stderr)
	}
}

// listing returns the orders that order ls prints, in order.
func listing(t *testing.T, args ...string) []order.ID {
	t.Helper()
	stdout, stderr, code := orderflow(t, "", append([]string{"order", "ls", "--json", "--limit", "10000"}, args...)...)
	if code != 0 {
		t.Fatalf("order ls %v: exit code %d: %s", args, code, stderr)
	}
	var ids []order.ID
	for _, o := range lines[shown](t, stdout) {
		ids = append(ids, o.OrderID)
	}
	return ids
}

func TestAnOperatorFindsStuckOrdersFirst(t *testing.T) {
	explain(t)
	all := ids(t, 3)
	for _, id := range all {
		buy(t, id, bankDebit) // RECORDED until the provider says more
	}
	t.Cleanup(func() {
		for _, id := range all {
			world.sandbox.Ledger().Settle(string(id))
		}
	})
	reaches(t, order.Recorded, all...)
	atRest(t)
	age(t, all[2], 50*time.Minute)
	age(t, all[0], 40*time.Minute)
	var got []order.ID
	eventually(t, func() error {
		got = listing(t, "--older", "30m", "--status", "RECORDED")
		got = slices.DeleteFunc(got, func(id order.ID) bool { return !slices.Contains(all, id) })
		if want := []order.ID{all[2], all[0]}; !slices.Equal(got, want) {
			return fmt.Errorf("got %v, want %v: the longest stuck first, and not the new one", got, want)
		}
		return nil
	})
	if open := listing(t); !slices.Contains(open, all[1]) {
		t.Errorf("got %v, want %s among the open ones", open, all[1])
	}

	paid := all[1] + "-paid"
	buy(t, paid, "")
	reaches(t, order.Paid, paid)
	if slices.Contains(listing(t), paid) {
		t.Errorf("%s is PAID, and listed as open", paid)
	}
	if got := listing(t, "--all", "--status", "PAID"); !slices.Contains(got, paid) || slices.Contains(got, all[1]) {
		t.Errorf("got %v, want %s among all that are PAID", got, paid)
	}
	if _, stderr, code := orderflow(t, "", "order", "ls", "--status", "PAID"); code != 2 || !strings.Contains(stderr, "--all") {
		t.Errorf("got exit code %d and %q, want 2 and what to add", code, stderr)
	}
}

func TestWhoOrderedIsShownOnlyWhenAsked(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	buy(t, id, "")
	reaches(t, order.Paid, id)
	mailed(t, id)
	stdout, stderr, code := orderflow(t, "", "order", "show", string(id))
	if code != 0 || strings.Contains(stdout+stderr, "kim@example.com") || strings.Contains(stdout, "cus_kim") || !strings.Contains(stdout, "payment: SUCCEEDED") {
		t.Errorf("got exit code %d, %s%s; want how it was paid, and nothing of Kim's", code, stdout, stderr)
	}
	if s := storyOf(t, id, "--reveal"); s.Customer == nil || s.Customer.Email != "kim@example.com" {
		t.Errorf("got %+v, want Kim's address", s.Customer)
	}
}
