package order_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/order"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// in returns an order of 1999 cents that stands in status s at version 4.
func in(s order.Status) order.Order {
	return order.Order{ID: "order-1", UserID: "user-1", Amount: 1999, Currency: "USD", Status: s, Version: 4}
}

// told returns a fact of the given kind that fits the order of [in].
func told(kind order.FactKind) order.Fact {
	f := order.Fact{Kind: kind, Cause: "cause-1"}
	switch kind {
	case order.PaymentProcessed:
		f.Amount, f.Currency = 1999, "USD"
	case order.CancelRequested:
		f.Asker, f.Reason = order.AskedByCustomer, order.RequestedByCustomer
	default:
		f.Reason = order.CardDeclined
	}
	return f
}

var kinds = []order.FactKind{
	order.PaymentProcessed, order.PaymentFailed, order.OrderRejected,
	order.CancelRequested, order.PaymentRefunded, order.PaymentRefundFailed,
}

// TestTable spells the design's table out again, cell by cell, in the order of
// kinds. A cell is the new status, with a payments row that it depends on behind
// a question mark, or one of stale and early.
func TestTable(t *testing.T) {
	rows := map[order.Status][6]string{
		order.Recorded:       {"PAID", "CANCELLING", "CANCELLING", "CANCELLING", "early", "stale"},
		order.Paid:           {"stale", "stale", "stale", "CANCELLING", "REFUNDED?REFUNDED", "stale"},
		order.Cancelling:     {"stale", "stale", "stale", "stale", "stale", "stale"},
		order.Cancelled:      {"CANCELLING", "stale", "stale", "stale", "stale", "stale"},
		order.Rejected:       {"CANCELLING", "stale", "stale", "stale", "stale", "stale"},
		order.Refunded:       {"stale", "stale", "stale", "stale", "stale", "NEEDS_ATTENTION?SUCCEEDED"},
		order.NeedsAttention: {"stale", "stale", "stale", "stale", "stale", "stale"},
	}
	for _, status := range order.Statuses() {
		for i, kind := range kinds {
			if got, want := cell(order.Apply(in(status), told(kind), noon)), rows[status][i]; got != want {
				t.Errorf("%s in %s: got %s, want %s", kind, status, got, want)
			}
		}
	}
}

func cell(d order.Decision, err error) string {
	switch {
	case errors.Is(err, order.ErrStale):
		return "stale"
	case errors.Is(err, order.ErrTooEarly):
		return "early"
	case err != nil:
		return err.Error()
	case d.IfPayment != "":
		return string(d.Change.Status) + "?" + string(d.IfPayment)
	}
	return string(d.Change.Status)
}

func TestWhoAsksDecidesWhatACancellationDoes(t *testing.T) {
	cases := []struct {
		status order.Status
		asker  order.Asker
		want   string
	}{
		{order.Recorded, order.AskedBySweep, "CANCELLING"},
		{order.Paid, order.AskedBySweep, "stale"},
		{order.Paid, order.AskedByShop, "CANCELLING"},
		{order.Paid, order.AskedByOperator, "CANCELLING"},
		{order.NeedsAttention, order.AskedByOperator, "CANCELLING"},
		{order.NeedsAttention, "operator:kim", "CANCELLING"},
		{order.NeedsAttention, order.AskedByShop, "stale"},
		{order.NeedsAttention, order.AskedBySweep, "stale"},
		{order.Cancelled, order.AskedByOperator, "stale"},
	}
	for _, c := range cases {
		f := told(order.CancelRequested)
		f.Asker = c.asker
		if got := cell(order.Apply(in(c.status), f, noon)); got != c.want {
			t.Errorf("%s by %s: got %s, want %s", c.status, c.asker, got, c.want)
		}
	}
}

func TestReasonsAreTheFactsOrTheTables(t *testing.T) {
	cases := []struct {
		status order.Status
		kind   order.FactKind
		want   order.Reason
	}{
		{order.Recorded, order.PaymentProcessed, ""},
		{order.Recorded, order.PaymentFailed, order.CardDeclined},
		{order.Recorded, order.CancelRequested, order.RequestedByCustomer},
		{order.Cancelled, order.PaymentProcessed, order.LatePayment},
		{order.Rejected, order.PaymentProcessed, order.LatePayment},
		{order.Paid, order.PaymentRefunded, order.RefundedAtProvider},
		{order.Refunded, order.PaymentRefundFailed, order.RefundFailed},
	}
	for _, c := range cases {
		d, err := order.Apply(in(c.status), told(c.kind), noon)
		if err != nil || d.Change.Reason != c.want {
			t.Errorf("%s in %s: got reason %q, %v; want %q", c.kind, c.status, d.Change.Reason, err, c.want)
		}
	}
}

func TestMoneyOfAnotherOrderIsForbidden(t *testing.T) {
	for _, status := range order.Statuses() {
		other := told(order.PaymentProcessed)
		other.Amount++
		if _, err := order.Apply(in(status), other, noon); !errors.Is(err, order.ErrForbidden) {
			t.Errorf("amount in %s: got %v, want ErrForbidden", status, err)
		}
		other = told(order.PaymentProcessed)
		other.Currency = "EUR"
		if _, err := order.Apply(in(status), other, noon); !errors.Is(err, order.ErrForbidden) {
			t.Errorf("currency in %s: got %v, want ErrForbidden", status, err)
		}
	}
}

func TestWhatTheTableDoesNotKnowIsForbidden(t *testing.T) {
	if _, err := order.Apply(in(order.Recorded), told("OrderLost"), noon); !errors.Is(err, order.ErrForbidden) {
		t.Errorf("fact: got %v, want ErrForbidden", err)
	}
	if _, err := order.Apply(in("SHIPPED"), told(order.PaymentProcessed), noon); !errors.Is(err, order.ErrForbidden) {
		t.Errorf("status: got %v, want ErrForbidden", err)
	}
}

func TestAChangeSaysWhenWhatAndWhy(t *testing.T) {
	d, err := order.Apply(in(order.Recorded), told(order.PaymentFailed), noon.Add(1234567*time.Nanosecond).In(time.FixedZone("", 3600)))
	if err != nil {
		t.Fatal(err)
	}
	want := order.Change{Version: 5, Status: order.Cancelling, Reason: order.CardDeclined, At: noon.Add(time.Millisecond), Cause: "cause-1"}
	if diff := cmp.Diff(want, d.Change); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHistoriesStayWhole applies facts in any order to an order and looks at what it remembers.
func TestHistoriesStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := order.New(order.Order{ID: "order-1", UserID: "user-1", Amount: 1999, Currency: "USD"}, noon)
		for i := range rapid.IntRange(0, 12).Draw(t, "facts") {
			f := told(rapid.SampledFrom(kinds).Draw(t, "kind"))
			f.Cause = rapid.StringMatching(`cause-[1-6]`).Draw(t, "cause")
			if _, replayed := o.ChangeCausedBy(f.Cause); replayed {
				continue
			}
			d, err := order.Apply(o, f, noon.Add(time.Duration(i)*time.Second))
			if err != nil {
				continue
			}
			before := len(o.History)
			o = o.With(d.Change)
			if len(o.History) != before+1 || o.Version != int64(len(o.History)) {
				t.Fatalf("got version %d with %d entries", o.Version, len(o.History))
			}
			found, ok := o.ChangeCausedBy(f.Cause)
			if !ok || found.Version != o.Version {
				t.Fatalf("got %+v for cause %s, want version %d", found, f.Cause, o.Version)
			}
			if got, want := o.StatusBefore(d.Change), o.History[before-1].Status; got != want {
				t.Fatalf("got %s before, want %s", got, want)
			}
		}
	})
}
