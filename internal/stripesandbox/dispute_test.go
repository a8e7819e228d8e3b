package stripesandbox_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func disputes(t *testing.T, l *stripesandbox.Ledger, intent string) []stripesandbox.Dispute {
	t.Helper()
	page, _, err := l.Disputes(stripesandbox.Page{Limit: 10, Intent: intent})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestCardsThatAreDisputedAsSoonAsTheyPay(t *testing.T) {
	for method, want := range map[string]stripesandbox.DisputeStatus{
		"pm_card_createDispute":                   stripesandbox.NeedsResponse,
		"pm_card_createDisputeProductNotReceived": stripesandbox.NeedsResponse,
		"pm_card_createDisputeInquiry":            stripesandbox.WarningNeedsResponse,
	} {
		l := newLedger()
		id := pay(t, l, "o1", method)
		got := disputes(t, l, id)
		if len(got) != 1 || got[0].Status != want || got[0].Minor != 1999 || got[0].Charge != mustRetrieve(t, l, id).LatestCharge {
			t.Errorf("%s: %+v, want one that is %s", method, got, want)
		}
		if lines := l.Order("o1").Disputes; len(lines) != 1 || lines[0].Status != want {
			t.Errorf("%s: lines %+v", method, lines)
		}
	}
	if l := newLedger(); len(disputes(t, l, pay(t, l, "o1", "pm_card_visa"))) != 0 {
		t.Error("an ordinary card is disputed")
	}
}

func TestDisputeMovesOnlyAsStripesDo(t *testing.T) {
	all := []stripesandbox.DisputeStatus{
		stripesandbox.NeedsResponse, stripesandbox.UnderReview, stripesandbox.Won, stripesandbox.Lost,
		stripesandbox.WarningNeedsResponse, stripesandbox.WarningUnderReview, stripesandbox.WarningClosed,
	}
	moves := map[stripesandbox.DisputeStatus]string{ // y: moves, =: stays, o: opens another, -: refused
		stripesandbox.NeedsResponse:        "=yyy---",
		stripesandbox.UnderReview:          "-=yy---",
		stripesandbox.Won:                  "o-=-o--",
		stripesandbox.Lost:                 "o--=o--",
		stripesandbox.WarningNeedsResponse: "y---=yy",
		stripesandbox.WarningUnderReview:   "y----=y",
		stripesandbox.WarningClosed:        "o---o-=",
	}
	for from, row := range moves {
		for i, to := range all {
			l := newLedger()
			id := pay(t, l, "o1", "pm_card_visa")
			if d, err := l.Dispute("o1", from); err != nil || d.Status != from {
				t.Fatalf("opening as %s: %s, %v", from, d.Status, err)
			}
			d, err := l.Dispute("o1", to)
			if refused := errors.Is(err, stripesandbox.ErrDispute); refused != (row[i] == '-') {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if err == nil && d.Status != to {
				t.Errorf("%s to %s ends as %s", from, to, d.Status)
			}
			if got := len(disputes(t, l, id)); (got == 2) != (row[i] == 'o') {
				t.Errorf("%s to %s: %d disputes", from, to, got)
			}
		}
	}
}

func TestOnlyAPaidOrderIsDisputed(t *testing.T) {
	l := newLedger()
	pay(t, l, "declined", "pm_card_chargeDeclined")
	pay(t, l, "paid", "pm_card_visa")
	for order, status := range map[string]stripesandbox.DisputeStatus{"none": "lost", "declined": "lost", "paid": "settled"} {
		if _, err := l.Dispute(order, status); !errors.Is(err, stripesandbox.ErrDispute) {
			t.Errorf("%s %s: %v, want ErrDispute", order, status, err)
		}
	}
	_, err := l.RetrieveDispute("du_none")
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
}

func TestDisputeHindersRefundsWhileTheBankHasTheMoney(t *testing.T) {
	for status, allowed := range map[stripesandbox.DisputeStatus]bool{
		stripesandbox.NeedsResponse: false, stripesandbox.UnderReview: false, stripesandbox.Lost: false, stripesandbox.Won: true,
		stripesandbox.WarningNeedsResponse: true, stripesandbox.WarningUnderReview: true, stripesandbox.WarningClosed: true,
	} {
		l := newLedger()
		id := pay(t, l, "o1", "pm_card_visa")
		if _, err := l.Dispute("o1", status); err != nil {
			t.Fatal(err)
		}
		if !allowed {
			wantRefused(t, l, id, 0, "charge_disputed")
			continue
		}
		mustRefund(t, l, id, 0)
	}
}
