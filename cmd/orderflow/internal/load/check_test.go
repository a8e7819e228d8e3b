package load

import (
	"errors"
	"fmt"
	"net/http"
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

// cancelled is the outcome of a job that its shop cancelled while the order was as asked says.
func cancelled(amount int64, asked, status order.Status) Outcome {
	o := outcome(amount, Cancel, status, order.RequestedByShop)
	o.Asked = asked
	return o
}

func once(minor int64) charges { return charges{known: true, captures: 1, captured: minor} }

// returned is a capture of 500 of which some was given back.
func returned(back int64) charges {
	return charges{known: true, captures: 1, captured: 500, refunds: 1, refunded: back}
}

func TestCheckTakesWhatAddsUp(t *testing.T) {
	none := charges{known: true}
	for _, row := range []struct {
		promise string
		outcome Outcome
		charges charges
	}{
		{"paid", outcome(500, Pays, order.Paid, ""), once(500)},
		{"paid, no ledger to be read", outcome(500, Pays, order.Paid, ""), charges{}},
		{"free", outcome(0, Pays, order.Paid, ""), none},
		{"free with a bad card", outcome(0, Decline, order.Paid, ""), none},
		{"declined", outcome(500, Decline, order.Cancelled, order.CardDeclined), none},
		{"unknown user", outcome(500, Unknown, order.Rejected, order.UnknownUser), none},
		{"blocked user", outcome(500, Blocked, order.Rejected, order.BlockedUser), none},
		{"cancelled before it was paid", cancelled(500, order.Recorded, order.Cancelled), none},
		{"cancelled while it was paid", cancelled(500, order.Recorded, order.Refunded), returned(500)},
		{"cancelled after it was paid", cancelled(500, order.Paid, order.Refunded), returned(500)},
		{"free and refunded", cancelled(0, order.Paid, order.Refunded), none},
		{"cancelled, no ledger to be read", cancelled(500, order.Paid, order.Refunded), charges{}},
		{"not at rest is told elsewhere", outcome(500, Pays, order.Recorded, ""), none},
		{"being undone is told elsewhere", outcome(500, Decline, order.Cancelling, order.CardDeclined), none},
		{"paid and to be cancelled is told elsewhere", cancelled(500, order.Paid, order.Paid), once(500)},
	} {
		t.Run(row.promise, func(t *testing.T) {
			if got := check(row.outcome, row.charges); len(got) > 0 {
				t.Errorf("got %q, want nothing", got)
			}
		})
	}
}

func TestCheckFindsWhatDoesNotAddUp(t *testing.T) {
	none, twice := charges{known: true}, charges{known: true, captures: 2, captured: 1000}
	foreign := charges{known: true, captures: 1, foreign: true}
	for _, row := range []struct {
		promise string
		outcome Outcome
		charges charges
		want    []string
	}{
		{"charged twice", outcome(500, Pays, order.Paid, ""), twice, []string{"was captured 2 times", "is PAID with 10.00 USD net at the provider, must be 5.00"}},
		{"charged twice before it rests", outcome(500, Pays, order.Recorded, ""), twice, []string{"was captured 2 times"}},
		{"paid without money", outcome(500, Pays, order.Paid, ""), none, []string{"is PAID with 0.00 USD net at the provider, must be 5.00"}},
		{"paid and given back", outcome(500, Pays, order.Paid, ""), returned(500), []string{"is PAID with 0.00 USD net at the provider, must be 5.00"}},
		{"another amount charged", outcome(500, Pays, order.Paid, ""), once(50_000), []string{"is PAID with 500.00 USD net at the provider, must be 5.00"}},
		{"another currency charged", outcome(500, Pays, order.Paid, ""), foreign, []string{"was captured in another currency", "is PAID with 0.00 USD net at the provider, must be 5.00"}},
		{"free and charged", outcome(0, Pays, order.Paid, ""), once(0), []string{"is free and was captured"}},
		{"declined and charged", outcome(500, Decline, order.Cancelled, order.CardDeclined), once(500), []string{"is CANCELLED with 5.00 USD net at the provider, must be 0.00", "is CANCELLED and was captured"}},
		{"cancelled and refunded", cancelled(500, order.Paid, order.Cancelled), returned(500), []string{"is CANCELLED and was captured"}},
		{"not refunded", cancelled(500, order.Paid, order.Refunded), once(500), []string{"is REFUNDED with 5.00 USD net at the provider, must be 0.00"}},
		{"refunded in part", cancelled(500, order.Paid, order.Refunded), returned(200), []string{"is REFUNDED with 3.00 USD net at the provider, must be 0.00"}},
		{"refunded twice", cancelled(500, order.Paid, order.Refunded), returned(1000), []string{"is REFUNDED with -5.00 USD net at the provider, must be 0.00"}},
		{"refunded and never paid", cancelled(500, order.Paid, order.Refunded), none, []string{"is REFUNDED and was never captured"}},
		{"blocked user paid", outcome(500, Blocked, order.Paid, ""), once(500), []string{"is PAID, must be REJECTED"}},
		{"unknown user cancelled", outcome(500, Unknown, order.Cancelled, order.UnknownUser), none, []string{"is CANCELLED (unknown_user), must be REJECTED"}},
		{"wrong reason", outcome(500, Blocked, order.Rejected, order.UnknownUser), none, []string{`has reason "unknown_user", must have "blocked_user"`}},
		{"declined though it should pay", outcome(500, Pays, order.Cancelled, order.CardDeclined), none, []string{"is CANCELLED (card_declined), must be PAID"}},
		{"declined though it should be cancelled", outcome(500, Cancel, order.Cancelled, order.CardDeclined), none, []string{`has reason "card_declined", must have "requested_by_shop"`}},
		{"parked with the money", outcome(500, Cancel, order.NeedsAttention, order.RefundFailed), once(500), []string{
			"is NEEDS_ATTENTION (refund_failed), must be CANCELLED or REFUNDED", "is NEEDS_ATTENTION with 5.00 USD net at the provider, must be 0.00",
		}},
	} {
		t.Run(row.promise, func(t *testing.T) {
			if diff := cmp.Diff(check(row.outcome, row.charges), row.want); diff != "" {
				t.Errorf("-got +want\n%s", diff)
			}
		})
	}
}

func TestCheckFindsWhatIsStoredWrong(t *testing.T) {
	for want, spoil := range map[string]func(*Outcome){
		"is stored with another amount or currency":      func(o *Outcome) { o.Job.Order.Amount++ },
		"is stored with another user":                    func(o *Outcome) { o.Order.UserID = "x" },
		"has no mail about it that was sent or given up": func(o *Outcome) { o.Mail = "" },
		"was not cancelled: the API answers 409 Conflict": func(o *Outcome) {
			o.CancelErr = fmt.Errorf("cancel order p-1: %w", &api.Error{Status: http.StatusConflict})
		},
		"was not cancelled: no network": func(o *Outcome) { o.CancelErr = errors.New("no network") },
	} {
		o := outcome(500, Pays, order.Paid, "")
		spoil(&o)
		if diff := cmp.Diff(check(o, once(500)), []string{want}); diff != "" {
			t.Errorf("-got +want\n%s", diff)
		}
	}
}

func TestChargesAreThoseOfTheOrder(t *testing.T) {
	ledger := &stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{
		"p-1": {Captured: []stripesandbox.Sum{
			{Currency: "EUR", Captures: 1, Minor: 7},
			{Currency: "USD", Captures: 1, Minor: 500, Refunds: 2, RefundedMinor: 300},
		}},
		"p-2": {Captured: []stripesandbox.Sum{{Currency: "USD", Captures: 1, Minor: 900}}},
	}}
	got := chargesOf(ledger, api.PlaceOrder{OrderID: "p-1", Currency: "USD"})
	if want := (charges{known: true, captures: 2, captured: 500, refunds: 2, refunded: 300, foreign: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := chargesOf(ledger, api.PlaceOrder{OrderID: "p-3", Currency: "USD"}), (charges{known: true}); got != want {
		t.Errorf("of an order that the ledger does not know: got %+v, want %+v", got, want)
	}
}

func TestTotalsThatDifferAreNamedByCurrency(t *testing.T) {
	paid := outcome(500, Pays, order.Paid, "")
	ledger := &stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{"p-1": {Captured: []stripesandbox.Sum{
		{Currency: "EUR", Captures: 1, Minor: 7},
		{Currency: "USD", Captures: 1, Minor: 500, Refunds: 1, RefundedMinor: 200},
	}}}}
	var got []string
	for _, d := range Summarise([]Outcome{paid}, ledger, time.Second).Disagreements {
		if d.OrderID == "" {
			got = append(got, d.Detail)
		}
	}
	want := []string{"the provider holds 0.07 EUR net, PAID orders say 0.00", "the provider holds 3.00 USD net, PAID orders say 5.00"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
	if s := Summarise([]Outcome{paid}, nil, time.Second); !s.Agrees() || s.Money[0].Net != nil {
		t.Errorf("without a ledger: summary is %+v", s)
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
		{"decline": "40", "unknown": "20", "blocked": "20", "cancel": "20.01"},
		{"pays": "1"},
	} {
		if _, err := ParseMix(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestAllOfAMixSuffersIt(t *testing.T) {
	for row := range 1000 {
		for _, fate := range mixed {
			if got := (Mix{fate: shares}).fate(row); got != fate {
				t.Fatalf("row %d: fate %s, want %s", row, got, fate)
			}
		}
		if got := (Mix{}).fate(row); got != Pays {
			t.Fatalf("row %d without a mix: fate %s", row, got)
		}
	}
}

func TestCancellationsLeaveTheOtherSharesAsTheyAre(t *testing.T) {
	without := Mix{Decline: 1000, Unknown: 1000, Blocked: 1000}
	with := Mix{Decline: 1000, Unknown: 1000, Blocked: 1000, Cancel: 1000}
	for row := range 1000 {
		if got, want := with.fate(row), without.fate(row); got != want && (got != Cancel || want != Pays) {
			t.Fatalf("row %d: fate %s, was %s", row, got, want)
		}
	}
}

func TestDelaysAreSpreadOverTwoSecondsAndAlwaysTheSame(t *testing.T) {
	quarters := [4]int{}
	for row := range 1000 {
		d := delay(row)
		if d != delay(row) || d < 0 || d > 2*time.Second {
			t.Fatalf("row %d: delay %v, then %v", row, d, delay(row))
		}
		quarters[min(int(d/(500*time.Millisecond)), 3)]++
	}
	for i, n := range quarters {
		if n < 200 || n > 300 {
			t.Errorf("%d of 1000 delays are in quarter %d, want about 250", n, i)
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
