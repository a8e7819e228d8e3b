package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// withPayment is a stage with an order that is parked, for its refund failed, and a run that tells of it.
func withPayment(t *testing.T) *stage {
	t.Helper()
	s := withRuns(t)
	s.users["u-1"] = "ACTIVE"
	row := payment.Open("o-1", "pi_1", payment.Params{Amount: 1999, Currency: "USD", Customer: "cus_secret", PaymentMethod: "pm_secret"}, at)
	row.Status, row.Revision, row.CapturedAt, row.At = order.PaymentSucceeded, 4, at.Add(900*time.Millisecond), at.Add(900*time.Millisecond)
	row.Refunds = []payment.Refund{
		{ID: "re_1", Amount: 500, At: at.Add(1500 * time.Millisecond)},
		{ID: "re_2", Amount: 1499, Failed: true, Reason: "lost_or_stolen_card", At: at.Add(12 * time.Second)},
	}
	row.Disputes = []payment.Dispute{{ID: "dp_1", Status: "needs_response", Amount: 1999, At: at.Add(48 * time.Hour)}}
	s.payments = map[order.ID]payment.Row{"o-1": row}
	return s
}

func TestAnOrderIsShownAsOneTimeline(t *testing.T) {
	s := withPayment(t)
	got := call(t, s, "", "order", "show", "o-1")
	got.want(t, exitOK, strings.Join([]string{
		"order o-1 is NEEDS_ATTENTION",
		"19.99 USD for user u-1",
		"payment: SUCCEEDED, revision 4, pi_1, 14.99 USD not given back",
		"",
		"at                         after  source   what                    version  reason               details",
		"2026-03-01T09:30:00.000Z          order    RECORDED                      1",
		"2026-03-01T09:30:00.900Z   900ms  payment  SUCCEEDED                                             19.99 USD pi_1",
		"2026-03-01T09:30:01.000Z   100ms  order    PAID                          2                       by event PAID",
		"2026-03-01T09:30:01.500Z   500ms  payment  refund                                                5.00 USD re_1",
		"2026-03-01T09:30:02.000Z   500ms  order    CANCELLING                    3                       by event CANCELLING",
		"2026-03-01T09:30:02.000Z     0µs  saga     started                       3                       x-parked",
		"2026-03-01T09:30:03.000Z      1s  order    NEEDS_ATTENTION               4                       by event NEEDS_ATTENTION",
		"2026-03-01T09:30:12.000Z      9s  payment  refund failed                    lost_or_stolen_card  14.99 USD re_2",
		"2026-03-01T09:30:22.000Z     10s  saga     failed                        3  RefundFailed         at RefundPayment, x-parked",
		"2026-03-03T09:30:00.000Z  47h59m  payment  dispute needs_response                                19.99 USD dp_1",
	}, "\n")+"\n")
	for _, kept := range []string{"secret", "example.com"} {
		if strings.Contains(got.out+got.err, kept) {
			t.Errorf("printed %q", kept)
		}
	}
}

func TestATimelineAsJSONIsOneObjectWithTheOrderAsTheAPIShowsIt(t *testing.T) {
	s := withPayment(t)
	got := call(t, s, "", "order", "show", "o-1", "--json")
	got.want(t, exitOK, `{"order_id":"o-1","user_id":"u-1","status":"NEEDS_ATTENTION","version":4`)
	if strings.Count(got.out, "\n") != 1 || strings.Contains(got.out, "secret") || strings.Contains(got.out, "customer") {
		t.Errorf("got %q, want one line without anything of the customer's", got.out)
	}
	var shown storyJSON
	if err := json.Unmarshal([]byte(got.out), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.History) != 4 || len(shown.Timeline) != 10 || shown.Payment.IntentID != "pi_1" || len(shown.Payment.Refunds) != 2 || len(shown.Payment.Disputes) != 1 {
		t.Errorf("got %+v", shown)
	}
	if diff := cmp.Diff(searchJSON{Found: 1, LookedAt: 3, Complete: true}, shown.Executions); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	last := shown.Timeline[8]
	if last.Step != "RefundPayment" || last.AfterMS != 10_000 || last.Source != "saga" || last.ID != "x-parked" {
		t.Errorf("got %+v, want the run's end", last)
	}
}

func TestTheSearchForExecutionsIsBoundedAndSaysSo(t *testing.T) {
	s := withPayment(t)
	call(t, s, "", "order", "show", "o-1", "--look", "2").want(t, exitOK, "looked at 2 of 3 executions")
	if s.looks != 2 {
		t.Errorf("got %d looks, want 2", s.looks)
	}
	got := call(t, s, "", "order", "show", "o-1", "--look", "0", "--json")
	got.want(t, exitOK, `"executions":{"found":0,"looked_at":0,"complete":false}`, "were left out")
	s.orders["o-5"] = through(order.Paid)
	call(t, s, "", "order", "show", "o-5", "--json").want(t, exitOK, `"executions":{"found":0,"looked_at":0,"complete":true}`)
	if s.looks != 2 {
		t.Errorf("got %d looks, want none more: nothing asked for them", s.looks)
	}
	call(t, nil, "", "order", "show", "o-1", "--look", "-1").want(t, exitUsage)
}

func TestACustomerIsShownOnlyWhenRevealed(t *testing.T) {
	s := withPayment(t)
	call(t, s, "", "order", "show", "o-1", "--reveal").want(t, exitOK, "  Kim <kim@example.com>\n")
	call(t, s, "", "order", "show", "o-1", "--reveal", "--json").want(t, exitOK, `"customer":{"name":"Kim","email":"kim@example.com"}`)
	delete(s.users, "u-1")
	call(t, s, "", "order", "show", "o-1", "--reveal").want(t, exitOK, "for user u-1\npayment:")
}

func TestAnOpenOrderSaysHowLongItHasWaited(t *testing.T) {
	s := newStage(t)
	s.orders["o-1"] = openFor("o-1", 90*time.Minute)
	call(t, s, "", "order", "show", "o-1").want(t, exitOK, "order o-1 is RECORDED, for 1h30m\n")
}

func TestAgesOfAnyLengthAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		90 * time.Second: "1m30s", 59 * time.Minute: "59m00s", time.Hour: "1h00m", 47*time.Hour + 5*time.Minute: "47h05m", 74 * time.Hour: "3d02h",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}
