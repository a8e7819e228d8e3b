package stripesandbox_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// pay makes and confirms an intent of 19.99 dollars.
func pay(t *testing.T, l *stripesandbox.Ledger, order, method string) string {
	t.Helper()
	id := mustCreate(t, l, ofOrder(order, method)).ID
	confirm(l, id)
	return id
}

func mustRefund(t *testing.T, l *stripesandbox.Ledger, id string, amount int64) stripesandbox.Refund {
	t.Helper()
	r, err := l.Refund(stripesandbox.RefundParams{Intent: id, Amount: amount})
	if err != nil {
		t.Fatalf("refund: %v", err)
	}
	return r
}

func wantRefused(t *testing.T, l *stripesandbox.Ledger, id string, amount int64, code string) {
	t.Helper()
	_, err := l.Refund(stripesandbox.RefundParams{Intent: id, Amount: amount})
	wantError(t, err, http.StatusBadRequest, code, "")
}

// net is what the ledger says of an order's money.
func net(l *stripesandbox.Ledger, order string) (refunds int, refunded, left int64) {
	s := l.Order(order).Captured[0]
	return s.Refunds, s.RefundedMinor, s.Net()
}

func TestRefundsGiveBackNoMoreThanWasTaken(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_visa")
	one, two := mustRefund(t, l, id, 500), mustRefund(t, l, id, 500)
	if one.ID == two.ID || one.Status != stripesandbox.RefundSucceeded || one.Minor != 500 || one.Charge == "" || one.Order != "o1" {
		t.Errorf("two parts of the same amount: %+v and %+v", one, two)
	}
	_, err := l.Refund(stripesandbox.RefundParams{Intent: id, Amount: 1000})
	wantError(t, err, http.StatusBadRequest, "", "")
	if e := ledgerError(t, err); e.Param != "amount" || !e.Begun {
		t.Errorf("more than is left: param %q, begun %t", e.Param, e.Begun)
	}
	if rest := mustRefund(t, l, id, 0); rest.Amount != 999 {
		t.Errorf("the remainder is %d, want 999", rest.Amount)
	}
	wantRefused(t, l, id, 0, "charge_already_refunded")
	wantRefused(t, l, id, 1, "charge_already_refunded")
	if refunds, refunded, left := net(l, "o1"); refunds != 3 || refunded != 1999 || left != 0 {
		t.Errorf("%d refunds of %d leave %d", refunds, refunded, left)
	}
}

func TestRefundWithoutAChargeIsRefused(t *testing.T) {
	for method, bring := range map[string]func(*stripesandbox.Ledger, string){
		"pm_card_visa":             cancel,
		"pm_card_mastercard":       func(*stripesandbox.Ledger, string) {},
		"pm_card_chargeDeclined":   confirm,
		"pm_usBankAccount_success": confirm,
	} {
		l := newLedger()
		id := mustCreate(t, l, ofOrder("o1", method)).ID
		bring(l, id)
		wantRefused(t, l, id, 0, "")
		if got := len(l.Order("o1").Refunds); got != 0 {
			t.Errorf("%s: %d refunds", method, got)
		}
	}
}

func TestSenselessRefundIsRefused(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_visa")
	wantRefused(t, l, id, -1, "parameter_invalid_integer")
	_, err := l.Refund(stripesandbox.RefundParams{Intent: id, Reason: "bored"})
	wantError(t, err, http.StatusBadRequest, "", "")
	_, err = l.Refund(stripesandbox.RefundParams{Intent: "pi_none"})
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
	_, err = l.RetrieveRefund("re_none")
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
	_, err = l.RefundOrder("o2", 0)
	wantError(t, err, http.StatusBadRequest, "", "")

	isk := ofOrder("o3", "pm_card_visa")
	isk.Currency, isk.Amount = "isk", 50000
	krona := mustCreate(t, l, isk).ID
	confirm(l, krona)
	wantRefused(t, l, krona, 150, "parameter_invalid_integer")
	if got := mustRefund(t, l, krona, 10000); got.Minor != 100 {
		t.Errorf("100 krónur are %d minor units", got.Minor)
	}
}

func TestRefundTakesTheCourseOfItsMethod(t *testing.T) {
	for _, row := range []struct {
		method      string
		first, last stripesandbox.RefundStatus
		why         string
		left        int64
	}{
		{"pm_card_visa", stripesandbox.RefundSucceeded, stripesandbox.RefundSucceeded, "", 0},
		{"pm_card_pendingRefund", stripesandbox.RefundPending, stripesandbox.RefundSucceeded, "", 0},
		{"pm_card_refundFail", stripesandbox.RefundSucceeded, stripesandbox.RefundFailed, "expired_or_canceled_card", 1999},
		{"pm_usBankAccount_success", stripesandbox.RefundPending, stripesandbox.RefundSucceeded, "", 0},
	} {
		t.Run(row.method, func(t *testing.T) {
			l := newLedger()
			id := pay(t, l, "o1", row.method)
			l.Settle("o1")
			r := mustRefund(t, l, id, 0)
			if _, _, left := net(l, "o1"); r.Status != row.first || left != 0 {
				t.Errorf("begins as %s and leaves %d", r.Status, left)
			}
			wantRefused(t, l, id, 0, "charge_already_refunded")
			if got := l.Settle("another"); got != 0 {
				t.Errorf("settling another order moved %d", got)
			}
			l.Settle("o1")
			got, err := l.RetrieveRefund(r.ID)
			if err != nil || got.Status != row.last || got.FailureReason != row.why {
				t.Errorf("settled as %s for %q, %v", got.Status, got.FailureReason, err)
			}
			if _, _, left := net(l, "o1"); left != row.left {
				t.Errorf("%d left, want %d", left, row.left)
			}
			if got := l.Settle("o1"); got != 0 {
				t.Errorf("settling again moved %d", got)
			}
		})
	}
}

func TestFailedRefundGivesItsAmountBackToTheRemainder(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_refundFail")
	mustRefund(t, l, id, 1500)
	l.Settle("")
	if r := mustRefund(t, l, id, 0); r.Amount != 1999 {
		t.Errorf("the next refund is of %d, want all", r.Amount)
	}
}

func TestRefundsFailAsOftenAsTheyAreTold(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_visa")
	other := pay(t, l, "o2", "pm_card_visa")
	l.FailRefunds("o1", 2)
	var got []stripesandbox.RefundStatus
	for range 3 {
		got = append(got, mustRefund(t, l, id, 0).Status)
	}
	want := []stripesandbox.RefundStatus{stripesandbox.RefundFailed, stripesandbox.RefundFailed, stripesandbox.RefundSucceeded}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if lines := l.Order("o1"); len(lines.Refunds) != 3 || lines.Captured[0].Refunds != 1 {
		t.Errorf("lines %+v", lines)
	}

	l.FailRefunds("o2", 0)
	for range 5 {
		if r := mustRefund(t, l, other, 0); r.Status != stripesandbox.RefundFailed || r.FailureReason != "declined" {
			t.Errorf("refund %s for %q", r.Status, r.FailureReason)
		}
	}
	l.EndRefundFailures()
	if r := mustRefund(t, l, other, 0); r.Status != stripesandbox.RefundSucceeded {
		t.Errorf("after the failures: %s", r.Status)
	}
}

func TestDashboardRefundsInMinorUnits(t *testing.T) {
	l := newLedger()
	p := ofOrder("o1", "pm_card_visa")
	p.Currency, p.Amount = "mga", 700
	confirm(l, mustCreate(t, l, p).ID)
	if r, err := l.RefundOrder("o1", 20000); err != nil || r.Amount != 200 {
		t.Errorf("a part: %+v, %v", r, err)
	}
	if r, err := l.RefundOrder("o1", 0); err != nil || r.Minor != 50000 {
		t.Errorf("the rest: %+v, %v", r, err)
	}
}

func TestRefundsAreListedByIntentNewestFirst(t *testing.T) {
	l := newLedger()
	id := pay(t, l, "o1", "pm_card_visa")
	var want []string
	for range 3 {
		want = append([]string{mustRefund(t, l, id, 100).ID}, want...)
	}
	mustRefund(t, l, pay(t, l, "o2", "pm_card_visa"), 0)
	var got []string
	for after, more := "", true; more; {
		page, m, err := l.Refunds(stripesandbox.Page{Limit: 2, After: after, Intent: id})
		if err != nil || len(page) == 0 {
			t.Fatalf("page after %q: %d refunds, %v", after, len(page), err)
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		after, more = got[len(got)-1], m
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("walk (-want +got):\n%s", diff)
	}
	if all, more, err := l.Refunds(stripesandbox.Page{Limit: 10}); err != nil || len(all) != 4 || more {
		t.Errorf("all: %d, more %t, %v", len(all), more, err)
	}
}
