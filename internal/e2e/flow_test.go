package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// shown is an order as GET /orders/{order_id} shows it.
type shown struct {
	OrderID order.ID     `json:"order_id"`
	Status  order.Status `json:"status"`
	Version int64        `json:"version"`
	Reason  order.Reason `json:"reason"`
	Amount  int64        `json:"amount"`
	History []struct {
		Version int64        `json:"version"`
		Status  order.Status `json:"status"`
		Reason  order.Reason `json:"reason"`
	} `json:"history"`
}

func show(t *testing.T, token string, id order.ID) (shown, int) {
	t.Helper()
	got := call(t, token, http.MethodGet, "/orders/"+string(id), "")
	var s shown
	if err := json.Unmarshal([]byte(got.body), &s); err != nil {
		t.Fatalf("GET /orders/%s answered %d: %s", id, got.status, got.body)
	}
	return s, got.status
}

func TestAnOrderIsPaidAndTheCustomerTold(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	place(t, placed{
		OrderID: id, UserID: "kim", Amount: 3933, Currency: "USD",
		Items: []order.Item{{SKU: "CD-0451", Quantity: 2, UnitAmount: 1477}, {SKU: "CD-1984", Quantity: 1, UnitAmount: 979}},
	})
	reaches(t, order.Paid, id)

	if n, total := charges(t, id); n != 1 || total != 3933 {
		t.Errorf("got %d charges of %d in all, want one of 3933", n, total)
	}
	s, status := show(t, world.shop, id)
	if status != http.StatusOK || s.Status != order.Paid || s.Amount != 3933 {
		t.Errorf("got %d %+v, want a paid order of 3933", status, s)
	}
	var states []order.Status
	for _, h := range s.History {
		states = append(states, h.Status)
	}
	if diff := cmp.Diff([]order.Status{order.Recorded, order.Paid}, states); diff != "" {
		t.Errorf("history (-want +got)\n%s", diff)
	}
	mails := mailed(t, id)[id]
	if len(mails) != 1 || !slices.Equal(mails[0].To, []string{"kim@example.com"}) || !strings.Contains(mails[0].Text, "39.33") {
		t.Errorf("got mails %+v, want one to kim@example.com about 39.33", mails)
	}
	if mails[0].From != world.Stack.MailSender {
		t.Errorf("got sender %s, want %s", mails[0].From, world.Stack.MailSender)
	}
}

func TestTheMailIsInTheCustomersLanguage(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	place(t, placed{OrderID: id, UserID: "wang", Amount: 500, Currency: "JPY"})
	reaches(t, order.Paid, id)
	m := mailed(t, id)[id][0]
	if !strings.Contains(m.Text, "王小明") || !strings.Contains(m.Text, "500") || strings.Contains(m.Text, "5.00") {
		t.Errorf("got %q, want it to name 王小明 and 500", m.Text)
	}
	if n, total := charges(t, id); n != 1 || total != 500 {
		t.Errorf("got %d charges of %d, want one of 500 yen", n, total)
	}
}

func TestWhatCannotBePaidIsCancelledForItsReasonAndNeverCharged(t *testing.T) {
	explain(t)
	cases := []struct {
		name   string
		order  placed
		reason order.Reason
	}{ // those that query-user turns down end REJECTED
		{"insufficient funds", placed{UserID: "poor", Amount: 1999, Currency: "USD"}, order.InsufficientFunds},
		{"a declining card of the order's own", placed{UserID: "kim", Amount: 1999, Currency: "USD", PaymentMethod: "pm_card_chargeDeclined"}, order.CardDeclined},
		{"an expired card", placed{UserID: "kim", Amount: 1999, Currency: "USD", PaymentMethod: "pm_card_chargeDeclinedExpiredCard"}, order.ExpiredCard},
		{"authentication demanded", placed{UserID: "kim", Amount: 1999, Currency: "USD", PaymentMethod: "pm_card_authenticationRequired"}, order.AuthenticationRequired},
		{"an unknown user", placed{UserID: "nobody", Amount: 1999, Currency: "USD"}, order.UnknownUser},
		{"a blocked user", placed{UserID: "blocked", Amount: 1999, Currency: "USD"}, order.BlockedUser},
		{"no payment method", placed{UserID: "cardless", Amount: 1999, Currency: "USD"}, order.NoPaymentMethod},
		{"under the provider's minimum", placed{UserID: "kim", Amount: 25, Currency: "EUR"}, order.AmountTooSmall},
		{"a currency that the provider does not take", placed{UserID: "kim", Amount: 1999, Currency: "IRR"}, order.CurrencyNotSupported},
	}
	all := ids(t, len(cases))
	for i, c := range cases {
		c.order.OrderID = all[i]
		place(t, c.order)
	}
	for i, c := range cases {
		want := order.Cancelled
		if slices.Contains(order.RejectionReasons(), c.reason) {
			want = order.Rejected
		}
		if got := reaches(t, want, all[i])[all[i]].Reason; got != c.reason {
			t.Errorf("%s: got reason %s, want %s", c.name, got, c.reason)
		}
		if c.reason != order.UnknownUser { // whom nobody can write to
			mailed(t, all[i])
		}
		if n, total := charges(t, all[i]); n != 0 || total != 0 {
			t.Errorf("%s: got %d charges of %d, want none", c.name, n, total)
		}
	}
	atRest(t)
	for key, q := range world.Queues {
		if n := depth(t, q.DeadLetterURL); n > 0 {
			t.Errorf("%s has %d dead letters, want none: a no is no failure", key, n)
		}
	}
}

func TestAFreeOrderIsPaidWithoutTheProvider(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	place(t, placed{OrderID: id, UserID: "kim", Amount: 0, Currency: "USD"})
	reaches(t, order.Paid, id)
	if lines := world.sandbox.Ledger().Order(string(id)); len(lines.Intents) != 0 {
		t.Errorf("the provider knows %+v, want nothing", lines)
	}
	if row := paymentRow(t, id); row.IntentID != "none" || row.Status != order.PaymentSucceeded {
		t.Errorf("got payments row %s %s, want none SUCCEEDED", row.IntentID, row.Status)
	}
}

// TestTheProvidersFaultsNeitherLoseNorDoubleMoney has each fault hit the first calls for an order.
func TestTheProvidersFaultsNeitherLoseNorDoubleMoney(t *testing.T) {
	explain(t)
	kinds := []stripesandbox.FaultKind{
		stripesandbox.FailAfter, stripesandbox.FailBefore, stripesandbox.Unavailable, stripesandbox.RateLimited,
		stripesandbox.LockTimeout, stripesandbox.KeyInUse, stripesandbox.Hang, stripesandbox.Down,
	}
	operations := []stripesandbox.Operation{stripesandbox.CreateIntent, stripesandbox.Confirm}
	all := ids(t, len(kinds)*len(operations))
	t.Cleanup(world.sandbox.ClearFaults)
	for i, id := range all {
		fault := stripesandbox.Fault{Kind: kinds[i/len(operations)], Operation: operations[i%len(operations)], Order: string(id), Calls: 1}
		if err := world.sandbox.AddFault(fault); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range all {
		place(t, placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"})
	}
	reaches(t, order.Paid, all...)
	atRest(t)
	mails := mailed(t, all...)
	for i, id := range all {
		what := fmt.Sprintf("%s on %s", kinds[i/len(operations)], operations[i%len(operations)])
		if n, total := charges(t, id); n != 1 || total != 1999 {
			t.Errorf("%s: got %d charges of %d, want one of 1999", what, n, total)
		}
		if len(mails[id]) != 1 {
			t.Errorf("%s: got %d mails, want one", what, len(mails[id]))
		}
	}
}
