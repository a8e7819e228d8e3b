package load

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func outcome(amount int64, fate Fate, status order.Status, reason order.Reason) Outcome {
	return Outcome{
		Job:   Job{Order: api.PlaceOrder{OrderID: "p-1", UserID: "p-c1", Amount: amount, Currency: "USD"}, Fate: fate},
		Order: order.Order{ID: "p-1", UserID: "p-c1", Amount: amount, Currency: "USD", Status: status, Reason: reason},
		Mail:  notification.Sent, answered: true,
	}
}

func once(minor int64) charges { return charges{known: true, captures: 1, minor: minor} }

func TestCheckFindsWhatDoesNotAddUp(t *testing.T) {
	none := charges{known: true}
	otherAmount := outcome(500, Pays, order.Paid, "")
	otherAmount.Order.Amount = 400
	otherUser := outcome(500, Pays, order.Paid, "")
	otherUser.Order.UserID = "x"
	for _, row := range []struct {
		promise string
		outcome Outcome
		charges charges
		want    []string
	}{
		{"paid", outcome(500, Pays, order.Paid, ""), once(500), nil},
		{"paid, no ledger to be read", outcome(500, Pays, order.Paid, ""), charges{}, nil},
		{"free", outcome(0, Pays, order.Paid, ""), none, nil},
		{"free with a bad card", outcome(0, Decline, order.Paid, ""), none, nil},
		{"declined", outcome(500, Decline, order.Cancelling, order.CardDeclined), none, nil},
		{"undone later", outcome(500, Decline, order.Cancelled, order.CardDeclined), none, nil},
		{"unknown user", outcome(500, Unknown, order.Rejected, order.UnknownUser), none, nil},
		{"not at rest is told elsewhere", outcome(500, Pays, order.Recorded, ""), none, nil},
		{"charged twice", outcome(500, Pays, order.Paid, ""), charges{true, 2, 1000, false}, []string{"was captured 2 times", "is PAID with 1000 captured of 500"}},
		{"paid without money", outcome(500, Pays, order.Paid, ""), none, []string{"is PAID with 0 captured of 500"}},
		{"another amount charged", outcome(500, Pays, order.Paid, ""), once(50_000), []string{"is PAID with 50000 captured of 500"}},
		{"another currency charged", outcome(500, Pays, order.Paid, ""), charges{true, 1, 0, true}, []string{"was captured in another currency", "is PAID with 0 captured of 500"}},
		{"free and charged", outcome(0, Pays, order.Paid, ""), charges{true, 1, 0, false}, []string{"is free and was captured"}},
		{"declined and charged", outcome(500, Decline, order.Cancelling, order.CardDeclined), once(500), []string{"is CANCELLING and was captured"}},
		{"blocked user paid", outcome(500, Blocked, order.Paid, ""), once(500), []string{"is PAID, must be CANCELLING"}},
		{"wrong reason", outcome(500, Blocked, order.Cancelling, order.UnknownUser), none, []string{`has reason "unknown_user", must have "blocked_user"`}},
		{"declined though it should pay", outcome(500, Pays, order.Cancelling, order.CardDeclined), none, []string{"is CANCELLING, must be PAID"}},
		{"another amount stored", otherAmount, once(400), []string{"is stored with another amount or currency"}},
		{"another user stored", otherUser, once(500), []string{"is stored with another user"}},
	} {
		t.Run(row.promise, func(t *testing.T) {
			if diff := cmp.Diff(check(row.outcome, row.charges), row.want); diff != "" {
				t.Errorf("-got +want\n%s", diff)
			}
		})
	}
}

func TestChargesAreThoseOfTheOrder(t *testing.T) {
	ledger := &stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{
		"p-1": {Captured: []stripesandbox.Sum{{Currency: "USD", Captures: 1, Minor: 500}, {Currency: "EUR", Captures: 1, Minor: 7}}},
		"p-2": {Captured: []stripesandbox.Sum{{Currency: "USD", Captures: 1, Minor: 900}}},
	}}
	got := chargesOf(ledger, api.PlaceOrder{OrderID: "p-1", Currency: "USD"})
	if want := (charges{true, 2, 500, true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// milliseconds returns n to 1 of them.
func milliseconds(n int) []time.Duration {
	ds := make([]time.Duration, n)
	for i := range ds {
		ds[i] = time.Duration(n-i) * time.Millisecond
	}
	return ds
}

func TestPercentilesAreNearestRank(t *testing.T) {
	got := latency(milliseconds(100))
	if want := (Latency{Count: 100, P50: 50, P90: 90, P99: 99, Max: 100}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := latency(milliseconds(1)), (Latency{Count: 1, P50: 1, P90: 1, P99: 1, Max: 1}); got != want {
		t.Errorf("of one: got %+v, want %+v", got, want)
	}
	if got := latency(nil); got != (Latency{}) {
		t.Errorf("of none: got %+v", got)
	}
}

func TestMixIsReadExactly(t *testing.T) {
	for text, want := range map[string]int{"0": 0, "10": 1000, "2.5": 250, "0.01": 1, "100": 10_000, "100.00": 10_000} {
		mix, err := ParseMix(map[string]string{"decline": text})
		if err != nil || mix[Decline] != want {
			t.Errorf("%q: got %d, %v, want %d", text, mix[Decline], err, want)
		}
	}
	for _, bad := range []map[string]string{
		{"decline": "-1"},
		{"decline": "101"},
		{"decline": ""},
		{"decline": ".5"},
		{"decline": "1.234"},
		{"decline": "x"},
		{"declined": "1"},
		{"decline": "60", "unknown": "50"},
	} {
		if _, err := ParseMix(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestAllOfAMixSuffersIt(t *testing.T) {
	for row := range 1000 {
		if got := (Mix{Blocked: shares}).fate(row); got != Blocked {
			t.Fatalf("row %d: fate %s", row, got)
		}
		if got := (Mix{}).fate(row); got != Pays {
			t.Fatalf("row %d without a mix: fate %s", row, got)
		}
	}
}

func TestPrefixOfAFileIsAnID(t *testing.T) {
	for name, want := range map[string]string{
		"data/CDNOW_sample.txt.gz": "cdnow_sample", "CDNOW_master.txt": "cdnow_master", `c:\x\My file.txt`: "my-file", "ü": "-",
	} {
		if got := Prefix(name); got != want || !ValidPrefix(got) {
			t.Errorf("Prefix(%q) = %q, want %q", name, got, want)
		}
	}
	if ValidPrefix("") || ValidPrefix("a b") {
		t.Error("a prefix was taken that ids cannot begin with")
	}
}
