package timeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/timeline"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func sec(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

// refunded is an order that was paid, cancelled, parked for a refund that failed, and refunded at last.
func refunded() (order.Order, payment.Row) {
	o := order.New(order.Order{ID: "o-1", UserID: "u-1", Amount: 1999, Currency: "USD"}, noon)
	for i, s := range []order.Status{order.Paid, order.Cancelling, order.NeedsAttention, order.Cancelling, order.Refunded} {
		o = o.With(order.Change{Version: int64(i) + 2, Status: s, Reason: order.RequestedByShop, At: sec((i + 1) * 10), Cause: string(s)})
	}
	row := payment.Open("o-1", "pi_1", payment.Params{Amount: 1999, Currency: "USD", Customer: "cus_1", PaymentMethod: "pm_1"}, sec(1))
	row.Status, row.Revision, row.At, row.CapturedAt = order.PaymentReturned, 5, sec(45), sec(10)
	row.Refunds = []payment.Refund{
		{ID: "re_1", Amount: 1999, Failed: true, Reason: "unknown", At: sec(25)},
		{ID: "re_2", Amount: 1999, At: sec(45)},
	}
	row.Disputes = []payment.Dispute{{ID: "dp_1", Status: "won", Amount: 1999, At: sec(35)}}
	return o, row
}

func TestEverySourceStandsInTheOrderOfTime(t *testing.T) {
	o, row := refunded()
	got := timeline.Merge(o, row,
		[]timeline.LedgerRow{{Channel: notification.Email, Version: 6, Result: notification.Sent, SettledAt: sec(51)}},
		[]timeline.Execution{
			{Name: "x-2", Status: "RUNNING", Version: 5, Started: sec(40)},
			{Name: "x-1", Status: "FAILED", Version: 3, Started: sec(20), Stopped: sec(30), Step: "RefundPayment", Error: "RefundFailed"},
		})
	cause, why := func(s order.Status) string { return string(s) }, string(order.RequestedByShop)
	const step = 5 * time.Second
	want := []timeline.Entry{
		{At: sec(0), Source: timeline.Order, What: "RECORDED", Version: 1},
		{At: sec(10), After: 2 * step, Source: timeline.Payment, What: "SUCCEEDED", Amount: 1999, Currency: "USD", ID: "pi_1"},
		{At: sec(10), Source: timeline.Order, What: "PAID", Version: 2, Reason: why, Cause: cause(order.Paid)},
		{At: sec(20), After: 2 * step, Source: timeline.Order, What: "CANCELLING", Version: 3, Reason: why, Cause: cause(order.Cancelling)},
		{At: sec(20), Source: timeline.Saga, What: "started", Version: 3, ID: "x-1"},
		{At: sec(25), After: step, Source: timeline.Payment, What: "refund failed", Reason: "unknown", Amount: 1999, Currency: "USD", ID: "re_1"},
		{At: sec(30), After: step, Source: timeline.Order, What: "NEEDS_ATTENTION", Version: 4, Reason: why, Cause: cause(order.NeedsAttention)},
		{At: sec(30), Source: timeline.Saga, What: "failed", Version: 3, Reason: "RefundFailed", ID: "x-1", Step: "RefundPayment"},
		{At: sec(35), After: step, Source: timeline.Payment, What: "dispute won", Amount: 1999, Currency: "USD", ID: "dp_1"},
		{At: sec(40), After: step, Source: timeline.Order, What: "CANCELLING", Version: 5, Reason: why, Cause: cause(order.Cancelling)},
		{At: sec(40), Source: timeline.Saga, What: "started", Version: 5, ID: "x-2"},
		{At: sec(45), After: step, Source: timeline.Payment, What: "refund", Amount: 1999, Currency: "USD", ID: "re_2"},
		{At: sec(45), Source: timeline.Payment, What: "REFUNDED", Amount: 1999, Currency: "USD", ID: "pi_1"},
		{At: sec(50), After: step, Source: timeline.Order, What: "REFUNDED", Version: 6, Reason: why, Cause: cause(order.Refunded)},
		{At: sec(51), After: time.Second, Source: timeline.Mail, What: "SENT", Version: 6, ID: "email"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnOrderThatNothingElseIsKnownOfHasItsOwnHistory(t *testing.T) {
	o := order.New(order.Order{ID: "o-1"}, noon)
	got := timeline.Merge(o, payment.Row{}, nil, nil)
	if diff := cmp.Diff([]timeline.Entry{{At: noon, Source: timeline.Order, What: "RECORDED", Version: 1}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// said returns what the timeline says of a source, in order.
func said(all []timeline.Entry, of timeline.Source) []string {
	var what []string
	for _, e := range all {
		if e.Source == of {
			what = append(what, e.What)
		}
	}
	return what
}

func TestACaptureIsToldOnceAndALaterStatusBesideIt(t *testing.T) {
	params := payment.Params{Amount: 5, Currency: "USD"}
	captured := payment.Row{OrderID: "o-1", Status: order.PaymentSucceeded, Revision: 2, IntentID: "pi_1", Params: params, At: sec(1), CapturedAt: sec(1)}
	back := captured
	back.At = sec(9) // a refund failed after all
	for name, c := range map[string]struct {
		row  payment.Row
		want []string
	}{
		"open":            {payment.Open("o-1", "pi_1", params, noon), []string{"OPEN"}},
		"refused":         {payment.Refuse("o-1", order.CardDeclined, noon), []string{"DECLINED"}},
		"captured":        {captured, []string{"SUCCEEDED"}},
		"captured again":  {back, []string{"SUCCEEDED", "SUCCEEDED"}},
		"free, cancelled": {payment.Free("o-1", "USD", noon).GiveBackNothing(sec(3)), []string{"SUCCEEDED", "REFUNDED"}},
	} {
		got := said(timeline.Merge(order.Order{}, c.row, nil, nil), timeline.Payment)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestAClaimThatIsNotSettledTellsItsLease(t *testing.T) {
	for name, c := range map[string]struct {
		row  timeline.LedgerRow
		want []string
	}{
		"settled":  {timeline.LedgerRow{Result: notification.NoAddress, SettledAt: noon, Until: sec(60)}, []string{"NO_ADDRESS"}},
		"claimed":  {timeline.LedgerRow{Until: sec(60)}, []string{"lease ends"}},
		"given up": {timeline.LedgerRow{Until: time.Unix(0, 0)}, nil},
	} {
		got := said(timeline.Merge(order.Order{}, payment.Row{}, []timeline.LedgerRow{c.row}, nil), timeline.Mail)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
