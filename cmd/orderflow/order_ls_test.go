package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// openFor returns an order that became RECORDED that long ago.
func openFor(id order.ID, d time.Duration) order.Order {
	return order.New(order.Order{ID: id, UserID: "u-1", Amount: 1999, Currency: "USD"}, time.Now().Add(-d))
}

// statusFor returns an order that got a status that long ago.
func statusFor(id order.ID, s order.Status, why order.Reason, d time.Duration) order.Order {
	o := openFor(id, d+time.Hour)
	return o.With(order.Change{Version: 2, Status: s, Reason: why, At: time.Now().UTC().Add(-d).Truncate(time.Millisecond), Cause: "c"})
}

// withOrders is a stage with orders of all kinds.
func withOrders(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	for _, o := range []order.Order{
		openFor("new", time.Minute),
		openFor("stuck", 3*time.Hour),
		statusFor("declined", order.Cancelling, order.CardDeclined, 40*time.Minute),
		statusFor("paid", order.Paid, "", time.Minute),
		statusFor("paid-long-ago", order.Paid, "", 400*time.Hour),
		statusFor("parked", order.NeedsAttention, order.RefundFailed, 2*time.Hour),
	} {
		s.orders[o.ID] = o
	}
	return s
}

// listed returns the orders that a list names, in order.
func (s said) listed() []string {
	var ids []string
	for line := range strings.Lines(s.out) {
		if id := strings.Fields(line)[0]; id != "order" && id != "none" {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestOrdersAreListedByHowLongTheyAreStuck(t *testing.T) {
	s := withOrders(t)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"stuck", "declined", "new"}},
		{[]string{"--older", "15m"}, []string{"stuck", "declined"}},
		{[]string{"--status", "CANCELLING"}, []string{"declined"}},
		{[]string{"--reason", "card_declined"}, []string{"declined"}},
		{[]string{"--limit", "1"}, []string{"stuck"}},
		{[]string{"--all"}, []string{"stuck", "declined", "new", "parked", "paid-long-ago", "paid"}},
		{[]string{"--all", "--status", "PAID,NEEDS_ATTENTION", "--older", "30m"}, []string{"parked", "paid-long-ago"}},
		{[]string{"--all", "--status", "REFUNDED"}, nil},
		{[]string{"--all", "--limit", "4"}, []string{"stuck", "declined", "new", "parked"}},
	} {
		got := call(t, s, "", append([]string{"order", "ls"}, c.args...)...)
		got.want(t, exitOK)
		if diff := cmp.Diff(c.want, got.listed()); diff != "" {
			t.Errorf("%v (-want +got)\n%s", c.args, diff)
		}
	}
}

func TestAListSaysWhatAnOrderWaitsAs(t *testing.T) {
	s := withOrders(t)
	call(t, s, "", "order", "ls", "--limit", "2").want(t, exitOK,
		"order     status         for  reason            amount  user  since\n",
		"stuck     RECORDED     3h00m                 19.99 USD  u-1   2", "declined  CANCELLING", "card_declined  19.99 USD  u-1   2", "there are more")
	call(t, s, "", "order", "ls", "--status", "CANCELLING", "--json").want(t, exitOK,
		`{"order_id":"declined","user_id":"u-1","status":"CANCELLING","version":2,"reason":"card_declined","amount":1999,"currency":"USD","recorded_at":"`)
}

func TestReadingTheWholeTableSaysWhatItCosts(t *testing.T) {
	s := withOrders(t)
	call(t, s, "", "order", "ls", "--all").want(t, exitOK, "reading the whole table: about 6 orders, 6 read units")
	call(t, s, "", "order", "ls", "--status", "PAID").want(t, exitUsage, "add --all, which reads the whole table")
	if got := call(t, s, "", "order", "ls"); strings.Contains(got.err, "whole table") {
		t.Errorf("got %q for a list of open orders", got.err)
	}
}

func TestAListHoldsNoMoreThanTwiceItsLimit(t *testing.T) {
	r := ranked{limit: 10}
	for i := range 1000 {
		r.add(openFor(order.ID(fmt.Sprintf("o-%03d", i)), time.Duration(i)*time.Minute)) // the oldest comes last
		if len(r.held) > 20 {
			t.Fatalf("holds %d orders, want 20 at most", len(r.held))
		}
	}
	got := r.orders()
	if len(got) != 10 || got[0].ID != "o-999" || got[9].ID != "o-990" || !r.dropped {
		t.Errorf("got %d orders from %s to %s, dropped %t; want the ten oldest", len(got), got[0].ID, got[len(got)-1].ID, r.dropped)
	}
}

func TestAWrongListIsUsage(t *testing.T) {
	for _, args := range [][]string{{"--status", "LOST"}, {"--limit", "0"}, {"--limit", "10001"}, {"--older", "-1m"}, {"--reason", "Not Snake"}, {"--older", "soon"}} {
		call(t, nil, "", append([]string{"order", "ls"}, args...)...).want(t, exitUsage)
	}
	call(t, newStage(t), "", "order", "ls").want(t, exitOK, "none\n")
}
