package stripesandbox_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestReportAddsUpEveryCurrencyInBothUnits(t *testing.T) {
	l := newLedger()
	pay := func(order, currency string, amount int64, method string) string {
		p := ofOrder(order, method)
		p.Currency, p.Amount = currency, amount
		id := mustCreate(t, l, p).ID
		confirm(l, id)
		return id
	}
	declined := pay("o1", "usd", 1999, "pm_card_chargeDeclined")
	paid := pay("o1", "usd", 1999, "pm_card_visa")
	pay("o2", "usd", 50, "pm_card_visa")
	pay("twice", "isk", 50000, "pm_card_visa")
	pay("twice", "isk", 50000, "pm_card_visa")
	pay("o4", "mga", 700, "pm_card_visa")
	pay("o5", "kwd", 92000, "pm_usBankAccount_success")

	got := l.Report()
	want := []stripesandbox.Sum{
		{Currency: "ISK", Orders: 1, Captures: 2, AtStripe: 100000, Minor: 1000},
		{Currency: "MGA", Orders: 1, Captures: 1, AtStripe: 700, Minor: 70000},
		{Currency: "USD", Orders: 2, Captures: 2, AtStripe: 2049, Minor: 2049},
	}
	if diff := cmp.Diff(want, got.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	wantO1 := stripesandbox.OrderLines{
		Intents: []stripesandbox.IntentLine{
			{ID: declined, Status: stripesandbox.RequiresPaymentMethod, Amount: 1999, Minor: 1999, Currency: "USD"},
			{ID: paid, Status: stripesandbox.Succeeded, Amount: 1999, Minor: 1999, Currency: "USD", Captures: 1},
		},
		Captured: []stripesandbox.Sum{{Currency: "USD", Orders: 1, Captures: 1, AtStripe: 1999, Minor: 1999}},
	}
	for name, lines := range map[string]stripesandbox.OrderLines{"report": got.Orders["o1"], "order": l.Order("o1")} {
		if diff := cmp.Diff(wantO1, lines); diff != "" {
			t.Errorf("o1 by %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSeventyThousandOrdersAreCountedExactly(t *testing.T) {
	l := newLedger()
	const orders = 70_000
	for i := range orders {
		p := ofOrder(fmt.Sprint("o", i), "pm_card_visa")
		p.Amount = 100 + int64(i)
		confirm(l, mustCreate(t, l, p).ID)
	}
	got := l.Report()
	want := stripesandbox.Sum{
		Currency: "USD", Orders: orders, Captures: orders,
		AtStripe: 100*orders + orders*(orders-1)/2, Minor: 100*orders + orders*(orders-1)/2,
	}
	if len(got.Orders) != orders {
		t.Errorf("%d orders, want %d", len(got.Orders), orders)
	}
	if diff := cmp.Diff([]stripesandbox.Sum{want}, got.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestListWalksAllIntentsNewestFirst(t *testing.T) {
	l := newLedger()
	var newest []string
	for i := range 25 {
		newest = append([]string{mustCreate(t, l, ofOrder(fmt.Sprint("o", i), "pm_card_visa")).ID}, newest...)
	}
	var got []string
	for after, more := "", true; more; {
		page, m, err := l.List(10, after)
		if err != nil || len(page) == 0 {
			t.Fatalf("page after %q: %d intents, %v", after, len(page), err)
		}
		for _, in := range page {
			got = append(got, in.ID)
		}
		after, more = got[len(got)-1], m
	}
	if diff := cmp.Diff(newest, got); diff != "" {
		t.Errorf("walk (-want +got):\n%s", diff)
	}
}
