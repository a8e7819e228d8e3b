package processpayment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestFirstDeliveryChargesTheOrder(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	h := b.watch()
	out := b.deliver(t, in)
	row := b.row(t, "o1")
	wantStatus(t, row, order.PaymentSucceeded)
	wantProcessed(t, out, row)
	if got := events.CausationID(out[0]); got != in.ID() {
		t.Errorf("caused by %q, want %q", got, in.ID())
	}
	if want := []string{"load", "create", "put", "confirm", "put"}; !slices.Equal(h.calls, want) {
		t.Errorf("calls %v, want %v", h.calls, want)
	}
	if got := b.sandbox.Ledger().Order("o1").Captured; len(got) != 1 || got[0].Minor != 1999 || got[0].Captures != 1 {
		t.Errorf("captured %+v", got)
	}
}

func TestRowHoldsTheIntentBeforeMoneyCanMove(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	var atConfirm payment.Row
	b.hook(once("confirm", func() { atConfirm = b.row(t, "o1") }))
	b.deliver(t, in)
	want := payment.Params{Amount: 1999, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_card_visa"}
	if atConfirm.Status != order.PaymentOpen || atConfirm.IntentID != b.intents("o1")[0].ID || atConfirm.Params != want {
		t.Errorf("row at the confirmation: %+v", atConfirm)
	}
}

func TestMessageThatContradictsTheOrderIsParked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*order.Order)
		want   outcome.Code
	}{
		"no such order":  {func(o *order.Order) { o.ID = "o2" }, "order_not_found"},
		"other amount":   {func(o *order.Order) { o.Amount = 1 }, "amount_mismatch"},
		"other currency": {func(o *order.Order) { o.Currency = "JPY" }, "amount_mismatch"},
		"other user":     {func(o *order.Order) { o.UserID = "u2" }, "user_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			o := b.place(t, "o1", 1999, "EUR")
			c.change(&o)
			h := b.watch()
			b.refuses(t, verified(t, o, "pm_card_visa"), outcome.KindPermanent, c.want)
			if rows := b.tables.Payments.All(); len(rows) != 0 || h.askedProvider() {
				t.Errorf("rows %v, calls %v, want nothing done", rows, h.calls)
			}
		})
	}
}

func TestEventOfAnotherTypeIsParked(t *testing.T) {
	b := newBench()
	in, err := events.New(events.OrderRejected{OrderID: "o1", UserID: "u1", Reason: order.UnknownUser}, b.clock.now(), events.Cause{})
	if err != nil {
		t.Fatal(err)
	}
	b.refuses(t, in, outcome.KindPermanent, outcome.CodeInvalidEvent)
}

func TestOrderThatLeftRecordedIsNeverCharged(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.cancelOrder(t, "o1")
	h := b.watch()
	out := b.deliver(t, in)
	row := b.row(t, "o1")
	wantStatus(t, row, order.PaymentVoided)
	wantFailed(t, out, row, order.NotPayable)
	if h.askedProvider() {
		t.Errorf("calls %v, want none of the provider", h.calls)
	}
}

// Case: a total of zero reached the gateway (eight orders of the CDNOW sample).
func TestFreeOrderNeverReachesTheProvider(t *testing.T) {
	b := newBench()
	in := verified(t, b.place(t, "o1", 0, "JPY"), "pm_card_visa")
	h := b.watch()
	out := b.deliver(t, in)
	row := b.row(t, "o1")
	wantStatus(t, row, order.PaymentSucceeded)
	wantProcessed(t, out, row)
	wantProcessed(t, b.deliver(t, in), row)
	if row.IntentID != events.NoPayment || h.askedProvider() {
		t.Errorf("payment id %q, calls %v", row.IntentID, h.calls)
	}
}

// Case: zero-decimal amounts times 100, three-decimal ones divided by 10 (Paymenter#1258, woocommerce-gateway-stripe#2720).
func TestAmountsReachTheProviderInItsUnit(t *testing.T) {
	for _, o := range []order.Order{
		{Amount: 80, Currency: "JPY"}, {Amount: 8000, Currency: "USD"}, {Amount: 35200, Currency: "BHD"}, {Amount: 500, Currency: "ISK"},
	} {
		b := newBench()
		in := verified(t, b.place(t, "o1", o.Amount, o.Currency), "pm_card_visa")
		wantProcessed(t, b.deliver(t, in), b.row(t, "o1"))
		if got := b.sandbox.Ledger().Order("o1").Captured; len(got) != 1 || got[0].Minor != o.Amount || got[0].Currency != o.Currency {
			t.Errorf("%d %s: captured %+v", o.Amount, o.Currency, got)
		}
	}
}

func TestOpenRowGoesOnWithItsIntent(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		before func(*stripesandbox.Ledger, string) // what became of the intent meanwhile
		want   order.PaymentStatus
		reason order.Reason
		calls  []string
	}{
		"waiting is confirmed": {
			"pm_card_visa", func(*stripesandbox.Ledger, string) {},
			order.PaymentSucceeded, "",
			[]string{"load", "retrieve", "confirm", "put"},
		},
		"succeeded is noted": {
			"pm_card_visa", func(l *stripesandbox.Ledger, id string) { _, _ = l.Confirm(id, stripesandbox.ConfirmParams{}) },
			order.PaymentSucceeded, "",
			[]string{"load", "retrieve", "put"},
		},
		"processing is pending": {
			"pm_usBankAccount_success", func(l *stripesandbox.Ledger, id string) { _, _ = l.Confirm(id, stripesandbox.ConfirmParams{}) },
			order.PaymentPending, "",
			[]string{"load", "retrieve", "put"},
		},
		"found cancelled is voided": {
			"pm_card_visa", func(l *stripesandbox.Ledger, id string) { _, _ = l.Cancel(id, "") },
			order.PaymentVoided, order.PaymentCancelled,
			[]string{"load", "retrieve", "put"},
		},
		"declined is cancelled first": {
			"pm_card_chargeDeclinedExpiredCard", func(l *stripesandbox.Ledger, id string) { _, _ = l.Confirm(id, stripesandbox.ConfirmParams{}) },
			order.PaymentDeclined, order.ExpiredCard,
			[]string{"load", "retrieve", "cancel", "put"},
		},
		"a demand to authenticate is a decline": {
			"pm_card_authenticationRequired", func(l *stripesandbox.Ledger, id string) { _, _ = l.Confirm(id, stripesandbox.ConfirmParams{}) },
			order.PaymentDeclined, order.AuthenticationRequired,
			[]string{"load", "retrieve", "cancel", "put"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, in := ready(t, c.method)
			before := b.opened(t, in)
			c.before(b.sandbox.Ledger(), before.IntentID)
			h := b.watch()
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, c.want)
			if !slices.Equal(h.calls, c.calls) || row.Revision != before.Revision+1 || row.Reason != c.reason || len(b.intents("o1")) != 1 {
				t.Errorf("calls %v, row %+v, %d intents", h.calls, row, len(b.intents("o1")))
			}
			wantStated(t, out, row)
		})
	}
}

// wantStated checks that an event says what the row says.
func wantStated(t *testing.T, out []event.Event, row payment.Row) {
	t.Helper()
	switch row.Status {
	case order.PaymentSucceeded, order.PaymentReturned:
		wantProcessed(t, out, row)
	case order.PaymentDeclined, order.PaymentVoided:
		wantFailed(t, out, row, row.Reason)
	default:
		if len(out) != 0 {
			t.Errorf("%d events of a row that is %s", len(out), row.Status)
		}
	}
}

// Case: a retry's parameters differed (stripe-ruby#503, fjordllc/bootcamp#4268).
func TestRetryUsesTheRowsParametersNotTheMessages(t *testing.T) {
	b, in := ready(t, "pm_card_visa")
	b.opened(t, in)
	o, _ := events.As[events.OrderVerified](in)
	other := verified(t, order.Order{ID: "o1", UserID: o.UserID, Amount: o.Amount, Currency: o.Currency, RecordedAt: in.Time()}, "pm_card_chargeDeclined")
	wantProcessed(t, b.deliver(t, other), b.row(t, "o1"))
	if row := b.row(t, "o1"); row.Params.PaymentMethod != "pm_card_visa" || len(b.intents("o1")) != 1 {
		t.Errorf("row %+v, intents %v", row, b.intents("o1"))
	}
}

func TestPendingPaymentWaitsForItsEnd(t *testing.T) {
	for method, want := range map[string]order.PaymentStatus{
		"pm_usBankAccount_success":       order.PaymentSucceeded,
		"pm_usBankAccount_accountClosed": order.PaymentDeclined,
	} {
		t.Run(method, func(t *testing.T) {
			b, in := ready(t, method)
			if out := b.deliver(t, in); len(out) != 0 {
				t.Fatalf("%d events while processing", len(out))
			}
			pending := b.row(t, "o1")
			wantStatus(t, pending, order.PaymentPending)
			if out := b.deliver(t, in); len(out) != 0 || !b.row(t, "o1").Equal(pending) {
				t.Fatalf("a second delivery changed something: %v, %+v", out, b.row(t, "o1"))
			}
			b.sandbox.Ledger().Settle("o1")
			out := b.deliver(t, in)
			row := b.row(t, "o1")
			wantStatus(t, row, want)
			wantStated(t, out, row)
		})
	}
}

func TestEndedRowIsStatedAgainWithoutTheProvider(t *testing.T) {
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	for _, s := range []order.PaymentStatus{order.PaymentSucceeded, order.PaymentReturned, order.PaymentDeclined, order.PaymentVoided} {
		t.Run(string(s), func(t *testing.T) {
			b, in := ready(t, "pm_card_visa")
			row := b.opened(t, in)
			row.Status, row.Revision, row.At, row.CapturedAt, row.Reason = s, 2, at.Add(time.Hour), at, order.ExpiredCard
			row = b.put(t, row)
			b.cancelOrder(t, "o1") // the row counts, not the order
			h := b.watch()
			first := b.deliver(t, in)
			b.clock.advance(time.Hour)
			again := b.deliver(t, in)
			wantStated(t, first, row)
			if first[0].String() != again[0].String() {
				t.Errorf("first %v, then %v", first[0], again[0])
			}
			if h.askedProvider() || !b.row(t, "o1").Equal(row) {
				t.Errorf("calls %v", h.calls)
			}
		})
	}
}
