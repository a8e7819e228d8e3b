package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// sampleFile is a part of the real one, with one purchase that is free.
const sampleFile = ` 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3    0.00
 00050 0003 19970101  1    6.79
`

func TestLoadAddsUp(t *testing.T) {
	s := newStage(t)
	got := call(t, s, sampleFile, "load", "-", "--prefix", "p")
	got.want(t, exitOK, "PAID", "4 new and 0 repeated orders", "mails: 4 sent", "3 captures for 3 orders, 0 refunds; free and PAID: 1", "totals agree",
		"currency  recorded   paid  captured  refunded    net  net - paid\nUSD          65.85  65.85     65.85      0.00  65.85        0.00\n")
	if len(s.users) != 3 || s.users["p-c00004"] != "ACTIVE" {
		t.Errorf("users are %v", s.users)
	}
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitOK, "0 new and 4 repeated orders", "totals agree")
}

func (s *stage) ledger() stripesandbox.Report {
	r := stripesandbox.Report{Orders: map[string]stripesandbox.OrderLines{}}
	for id, minor := range s.captured {
		if minor > 0 {
			sum := stripesandbox.Sum{Currency: "USD", Orders: 1, Captures: 1, Minor: minor}
			if s.orders[id].Status == order.Refunded {
				sum.Refunds, sum.RefundedMinor = 1, minor
			}
			r.Orders[string(id)] = stripesandbox.OrderLines{Captured: []stripesandbox.Sum{sum}}
		}
	}
	return r
}

// unpaid returns an order that is CANCELLING and was never charged as the saga leaves it.
func unpaid(o order.Order) order.Order {
	d, err := o.Close(o.Version, "s", order.PaymentVoided, at.Add(time.Second))
	if err != nil {
		panic(err)
	}
	return o.With(d.Change)
}

func TestLoadCountsWhatCannotBePaidByHowItEnds(t *testing.T) {
	for share, want := range map[string]string{
		"decline": "CANCELLED  card_declined       3\n",
		"unknown": "REJECTED  unknown_user       4\n",
		"blocked": "REJECTED  blocked_user       4\n",
	} {
		s := newStage(t)
		s.saga = true
		call(t, s, sampleFile, "load", "-", "--prefix", "p", "--mix", share+"=100").want(t, exitOK, want, "mails: 4 sent", "CANCELLING to closed ", "690ms\n", "totals agree")
	}
}

func TestLoadCancelsItsShare(t *testing.T) {
	call(t, newStage(t), sampleFile, "load", "-", "--prefix", "p", "--mix", "cancel=100").want(t, exitOK,
		"REFUNDED  requested_by_shop       4\n", "cancellations: 4 asked for, of orders that were then 4 PAID\n",
		"3 captures for 3 orders, 3 refunds; free and PAID: 0", "totals agree",
		"currency  recorded  paid  captured  refunded   net  net - paid\nUSD          65.85  0.00     65.85     65.85  0.00        0.00\n")
}

func TestLoadNamesTheCancellationThatIsRefused(t *testing.T) {
	s := newStage(t)
	s.saga = true
	call(t, s, sampleFile, "load", "-", "--prefix", "p", "--limit", "1", "--mix", "unknown=100").want(t, exitOK)
	call(t, s, sampleFile, "load", "-", "--prefix", "p", "--limit", "1", "--mix", "cancel=100").want(t, exitDisagree,
		"disagrees: order p-1 was not cancelled: the API answers 409 The order cannot be cancelled: The order is REJECTED.", "totals disagree")
}

func TestLoadDoesNotTakeCancellingForRest(t *testing.T) {
	call(t, newStage(t), sampleFile, "load", "-", "--prefix", "p", "--mix", "decline=100", "--patience", "1ms").
		want(t, exitDisagree, "3 orders did not come to rest: p-1, p-2, p-4", "totals disagree")
}

func TestLoadThatDoesNotAddUpHasItsOwnExitCode(t *testing.T) {
	s := newStage(t)
	s.stay = true
	call(t, s, sampleFile, "load", "-", "--prefix", "p", "--patience", "1ms").want(t, exitDisagree, "4 orders did not come to rest: p-1, p-2, p-3, p-4", "totals disagree")
	s = newStage(t)
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitOK)
	s.captured["p-1"] = 293300
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitDisagree,
		"disagrees: order p-1 is PAID with 2933.00 USD net at the provider, must be 29.33",
		"disagrees: in all, the provider holds 2969.52 USD net, PAID orders say 65.85")
}

func TestLoadWritesOneObjectOfJSON(t *testing.T) {
	got := call(t, newStage(t), sampleFile, "load", "-", "--prefix", "p", "--json", "--limit", "2")
	got.want(t, exitOK)
	var sum load.Summary
	if err := json.Unmarshal([]byte(got.out), &sum); err != nil {
		t.Fatalf("%v in %q", err, got.out)
	}
	if sum.Placed != 2 || len(sum.Money) != 1 || *sum.Money[0].Captured != 5906 || *sum.Money[0].Refunded != 0 || *sum.Money[0].Net != 5906 || strings.Count(got.out, "\n") != 1 {
		t.Errorf("got %+v", sum)
	}
}

func TestLoadNamesTheBadLine(t *testing.T) {
	call(t, nil, sampleFile+"x\n", "load", "-", "--prefix", "p").want(t, exitUsage, "line 5: must have 4 columns")
}

func TestBrokenOffLoadSaysHowToGoOn(t *testing.T) {
	s := newStage(t)
	s.stay = true // so that it would follow the orders until it is broken off
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"load", "-", "--prefix", "p", "--endpoint-url", s.url}, strings.NewReader(sampleFile), &out, &errs, func(string) string { return "" })
	}()
	for !s.has("p-4") {
		runtime.Gosched()
	}
	cancel()
	if code := <-ended; code != exitInterrupted || out.Len() > 0 || !strings.Contains(errs.String(), "orders were posted: load the file again to go on") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}
