package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

func shown(id string, amount int64, failed bool) payment.Refund {
	f := payment.Refund{ID: id, Amount: amount, Failed: failed}
	if failed {
		f.Reason = "lost_or_stolen_card"
	}
	return f
}

func at(f payment.Refund, t time.Time) payment.Refund {
	f.At = t
	return f
}

func TestMoneyIsReturnedExactlyWhileItsRefundsSaySo(t *testing.T) {
	for _, c := range []struct {
		promise string
		shown   [][]payment.Refund // one after the other
		want    order.PaymentStatus
		left    int64
	}{
		{"without refunds nothing is returned", nil, order.PaymentSucceeded, 1999},
		{"a whole refund returns it", [][]payment.Refund{{shown("re_1", 1999, false)}}, order.PaymentReturned, 0},
		{"a part does not", [][]payment.Refund{{shown("re_1", 1998, false)}}, order.PaymentSucceeded, 1},
		{"parts add up", [][]payment.Refund{{shown("re_1", 1000, false)}, {shown("re_1", 1000, false), shown("re_2", 999, false)}}, order.PaymentReturned, 0},
		{"a failed refund counts for nothing", [][]payment.Refund{{shown("re_1", 1999, true)}}, order.PaymentSucceeded, 1999},
		{"another one makes good for it", [][]payment.Refund{{shown("re_1", 1999, true)}, {shown("re_1", 1999, true), shown("re_2", 1999, false)}}, order.PaymentReturned, 0},
		{"one that fails later brings the money back", [][]payment.Refund{{shown("re_1", 1999, false)}, {shown("re_1", 1999, true)}}, order.PaymentSucceeded, 1999},
		{"a refund that is no longer shown is kept", [][]payment.Refund{{shown("re_1", 1999, false)}, nil}, order.PaymentReturned, 0},
		{"the order in which they are shown does not matter", [][]payment.Refund{{shown("re_2", 999, false), shown("re_1", 1000, false)}}, order.PaymentReturned, 0},
	} {
		r := row(order.PaymentSucceeded)
		for i, s := range c.shown {
			r = r.WithRefunds(s, later.Add(time.Duration(i)*time.Second))
		}
		if r.Status != c.want || r.Remainder() != c.left {
			t.Errorf("%s: got %s with %d left, want %s with %d", c.promise, r.Status, r.Remainder(), c.want, c.left)
		}
	}
}

func TestRefundsThatSayNothingNewLeaveTheRowAlone(t *testing.T) {
	r := row(order.PaymentSucceeded).WithRefunds([]payment.Refund{shown("re_1", 1999, false)}, later)
	again := r.WithRefunds([]payment.Refund{shown("re_1", 1999, false)}, later.Add(time.Hour))
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("(-first +again)\n%s", diff)
	}
}

func TestARefundKeepsTheTimeAtWhichTheRowFirstSaidSo(t *testing.T) {
	r := row(order.PaymentSucceeded).WithRefunds([]payment.Refund{shown("re_1", 1999, false)}, later)
	failed := later.Add(time.Hour)
	r = r.WithRefunds([]payment.Refund{shown("re_1", 1999, true), shown("re_2", 1999, false)}, failed)
	want := []payment.Refund{at(shown("re_1", 1999, true), failed), at(shown("re_2", 1999, false), failed)}
	if diff := cmp.Diff(want, r.Refunds); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if last, ok := r.LastRefund(); !ok || last.ID != "re_2" {
		t.Errorf("got last refund %+v %t, want re_2", last, ok)
	}
}

func TestAFailedRefundIsNotedInAnyStateAndChangesNoOther(t *testing.T) {
	for _, s := range []order.PaymentStatus{order.PaymentOpen, order.PaymentPending, order.PaymentDeclined, order.PaymentVoided} {
		r := row(s).WithRefunds([]payment.Refund{shown("re_1", 1999, true)}, later)
		if r.Status != s || len(r.Refunds) != 1 || r.Revision != row(s).Revision+1 {
			t.Errorf("%s: got %s at revision %d with %d refunds", s, r.Status, r.Revision, len(r.Refunds))
		}
	}
}

func TestADisputeIsKeptWithItsLastStatusAndChangesNone(t *testing.T) {
	r := row(order.PaymentSucceeded).WithDisputes([]payment.Dispute{{ID: "dp_1", Status: "needs_response", Amount: 1999}}, later)
	same := r.WithDisputes([]payment.Dispute{{ID: "dp_1", Status: "needs_response", Amount: 1999}}, later.Add(time.Hour))
	if !same.Equal(r) {
		t.Errorf("the same dispute made another row")
	}
	lost := r.WithDisputes([]payment.Dispute{{ID: "dp_1", Status: "lost", Amount: 1999}}, later.Add(time.Hour))
	want := []payment.Dispute{{ID: "dp_1", Status: "lost", Amount: 1999, At: later.Add(time.Hour)}}
	if diff := cmp.Diff(want, lost.Disputes); diff != "" || lost.Status != order.PaymentSucceeded || lost.Revision != r.Revision+1 {
		t.Errorf("got %s at revision %d (-want +got)\n%s", lost.Status, lost.Revision, diff)
	}
}

func TestAnOrderThatCostNothingIsReturnedWithoutARefund(t *testing.T) {
	r := payment.Free("o1", "EUR", opened).GiveBackNothing(later)
	if _, ok := r.LastRefund(); ok || r.Status != order.PaymentReturned || r.Revision != 2 || r.CapturedAt != opened {
		t.Errorf("got %+v", r)
	}
}

func TestRowsShareNoMemory(t *testing.T) {
	r := row(order.PaymentSucceeded)
	r.Refunds = append(make([]payment.Refund, 0, 4), shown("re_1", 1, false))
	a := r.WithRefunds([]payment.Refund{shown("re_2", 2, false)}, later)
	b := r.WithRefunds([]payment.Refund{shown("re_3", 3, false)}, later)
	if a.Refunds[1].ID != "re_2" || b.Refunds[1].ID != "re_3" {
		t.Errorf("got %v and %v", a.Refunds, b.Refunds)
	}
}

// TestAnyHistoryOfRefundsAddsUp shows refunds in any order and number, and lets some fail and come back.
func TestAnyHistoryOfRefundsAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, now := row(order.PaymentSucceeded), later
		truth := map[string]payment.Refund{}
		for range rapid.IntRange(1, 12).Draw(t, "looks") {
			id := rapid.SampledFrom([]string{"re_1", "re_2", "re_3"}).Draw(t, "id")
			truth[id] = shown(id, rapid.SampledFrom([]int64{1999, 999, 1000}).Draw(t, "amount"), rapid.Bool().Draw(t, "failed"))
			if known := slices.IndexFunc(r.Refunds, func(f payment.Refund) bool { return f.ID == id }); known >= 0 {
				f := truth[id]
				f.Amount = r.Refunds[known].Amount // an amount never changes
				truth[id] = f
			}
			now = now.Add(time.Second)
			next := r.WithRefunds([]payment.Refund{truth[id]}, now)
			if !next.Equal(r) && next.Revision != r.Revision+1 {
				t.Fatalf("revision went from %d to %d", r.Revision, next.Revision)
			}
			r = next
		}
		var returned int64
		for _, f := range truth {
			if !f.Failed {
				returned += f.Amount
			}
		}
		if (r.Status == order.PaymentReturned) != (returned >= 1999) {
			t.Fatalf("%s with %d of 1999 given back", r.Status, returned)
		}
	})
}
