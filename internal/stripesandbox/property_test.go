package stripesandbox_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// world is a ledger and what an observer of its answers has counted.
type world struct {
	t      *rapid.T
	ledger *stripesandbox.Ledger
	clock  *clock
	orders map[string]string // intent by order
	told   map[stripesandbox.EventType]int
}

var (
	someMethods = []string{
		"pm_card_visa", "pm_card_chargeDeclined", "pm_card_pendingRefund", "pm_card_refundFail", "pm_card_createDispute",
		"pm_card_createDisputeInquiry", "pm_usBankAccount_success", "pm_usBankAccount_noAccount", "pm_usBankAccount_processing",
		"pm_card_authenticationRequired",
	}
	someStatuses = []stripesandbox.DisputeStatus{
		stripesandbox.NeedsResponse, stripesandbox.UnderReview, stripesandbox.Won, stripesandbox.Lost, stripesandbox.WarningClosed,
	}
)

func (w *world) order() string {
	return rapid.SampledFrom([]string{"o1", "o2", "o3"}).Draw(w.t, "order")
}

func (w *world) create(t *rapid.T) {
	order := w.order()
	in, err := w.ledger.Create(ofOrder(order, rapid.SampledFrom(someMethods).Draw(t, "method")))
	if err != nil {
		t.Fatal(err)
	}
	w.orders[order] = in.ID
	w.told[stripesandbox.IntentCreated]++
}

func (w *world) confirm(t *rapid.T) {
	id := w.orders[w.order()]
	in, err := w.ledger.Confirm(id, stripesandbox.ConfirmParams{
		OffSession:    rapid.Bool().Draw(t, "off session"),
		PaymentMethod: rapid.SampledFrom([]string{"", "", "pm_card_visa"}).Draw(t, "other method"),
	})
	e, refused := errors.AsType[*stripesandbox.Error](err)
	switch {
	case !refused:
		w.told[map[stripesandbox.Status]stripesandbox.EventType{
			stripesandbox.Succeeded: stripesandbox.IntentSucceeded, stripesandbox.Processing: stripesandbox.IntentProcessing,
			stripesandbox.RequiresAction: stripesandbox.IntentRequiresAction,
		}[in.Status]]++
	case e.Type == stripesandbox.CardError:
		w.told[stripesandbox.IntentFailed]++
	}
}

func (w *world) cancel(*rapid.T) {
	if _, err := w.ledger.Cancel(w.orders[w.order()], ""); err == nil {
		w.told[stripesandbox.IntentCanceled]++
	}
}

func (w *world) refund(t *rapid.T) {
	w.refunded(w.ledger.Refund(stripesandbox.RefundParams{Intent: w.orders[w.order()], Amount: rapid.Int64Range(0, 2500).Draw(t, "amount")}))
}

func (w *world) dashboardRefund(t *rapid.T) {
	w.refunded(w.ledger.RefundOrder(w.order(), rapid.Int64Range(0, 2500).Draw(t, "amount")))
}

func (w *world) refunded(r stripesandbox.Refund, err error) {
	if err != nil {
		return
	}
	w.told[stripesandbox.RefundCreated]++
	if r.Status == stripesandbox.RefundFailed {
		w.told[stripesandbox.RefundHasFailed]++
	} else {
		w.told[stripesandbox.ChargeRefunded]++
	}
}

func (w *world) failRefunds(t *rapid.T) {
	w.ledger.FailRefunds(w.order(), rapid.IntRange(1, 2).Draw(t, "times"))
}

func (w *world) dispute(t *rapid.T) {
	_, _ = w.ledger.Dispute(w.order(), rapid.SampledFrom(someStatuses).Draw(t, "status"))
}

// settle counts by what has moved, as the answer says only how many.
func (w *world) settle(*rapid.T) {
	intents, refunds := w.states()
	w.ledger.Settle(w.order())
	after, refundsAfter := w.states()
	for id, was := range intents {
		switch after[id] {
		case was:
		case stripesandbox.Succeeded:
			w.told[stripesandbox.IntentSucceeded]++
		default:
			w.told[stripesandbox.IntentFailed]++
		}
	}
	for id, was := range refunds {
		if now := refundsAfter[id]; now != was {
			w.told[stripesandbox.RefundUpdated]++
			w.told[stripesandbox.ChargeRefundUpdated]++
			if now == stripesandbox.RefundFailed {
				w.told[stripesandbox.RefundHasFailed]++
			}
		}
	}
}

func (w *world) states() (map[string]stripesandbox.Status, map[string]stripesandbox.RefundStatus) {
	intents, refunds := map[string]stripesandbox.Status{}, map[string]stripesandbox.RefundStatus{}
	for _, lines := range w.ledger.Report().Orders {
		for _, in := range lines.Intents {
			intents[in.ID] = in.Status
		}
		for _, r := range lines.Refunds {
			refunds[r.ID] = r.Status
		}
	}
	return intents, refunds
}

func (w *world) timePasses(*rapid.T) { w.clock.advance(time.Hour) }

// check compares the ledger with what must always hold.
func (w *world) check(t *rapid.T) {
	for order, lines := range w.ledger.Report().Orders {
		captured, refunded := map[string]int64{}, map[string]int64{}
		for _, in := range lines.Intents {
			if in.Captures > 1 || (in.Captures == 1) != (in.Status == stripesandbox.Succeeded) {
				t.Fatalf("%s: intent %s is %s with %d captures", order, in.ID, in.Status, in.Captures)
			}
			captured[in.ID] = int64(in.Captures) * in.Minor
		}
		for _, r := range lines.Refunds {
			if r.Status != stripesandbox.RefundFailed {
				refunded[r.Intent] += r.Minor
			}
		}
		for id := range captured {
			if refunded[id] > captured[id] {
				t.Fatalf("%s: %d of %d were given back", order, refunded[id], captured[id])
			}
		}
		for _, s := range lines.Captured {
			if s.Net() < 0 {
				t.Fatalf("%s: net %d", order, s.Net())
			}
		}
	}
	w.checkEvents(t)
}

func (w *world) checkEvents(t *rapid.T) {
	told, ids := map[stripesandbox.EventType]int{}, map[string]bool{}
	page, _, err := w.ledger.Events(stripesandbox.EventPage{Page: stripesandbox.Page{Limit: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page {
		told[e.Type]++
		ids[e.ID] = true
	}
	if len(ids) != len(page) {
		t.Fatalf("%d events have %d ids", len(page), len(ids))
	}
	if told[stripesandbox.ChargeSucceeded] != told[stripesandbox.IntentSucceeded] {
		t.Fatalf("%d charges for %d succeeded intents", told[stripesandbox.ChargeSucceeded], told[stripesandbox.IntentSucceeded])
	}
	if closed, opened := told[stripesandbox.DisputeClosed], told[stripesandbox.DisputeCreated]; closed > opened {
		t.Fatalf("%d disputes were closed, %d opened", closed, opened)
	}
	for _, kind := range []stripesandbox.EventType{
		stripesandbox.IntentCreated, stripesandbox.IntentRequiresAction, stripesandbox.IntentProcessing, stripesandbox.IntentSucceeded,
		stripesandbox.IntentFailed, stripesandbox.IntentCanceled, stripesandbox.ChargeRefunded, stripesandbox.ChargeRefundUpdated,
		stripesandbox.RefundCreated, stripesandbox.RefundUpdated, stripesandbox.RefundHasFailed,
	} {
		if told[kind] != w.told[kind] {
			t.Fatalf("%d events %s for %d transitions", told[kind], kind, w.told[kind])
		}
	}
}

func TestNoHistoryOfCallsLosesOrMakesMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		w := &world{
			t: t, clock: c, ledger: stripesandbox.NewLedger(c.now, 1), orders: map[string]string{}, told: map[stripesandbox.EventType]int{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"create": w.create, "confirm": w.confirm, "cancel": w.cancel, "refund": w.refund, "dashboard refund": w.dashboardRefund,
			"fail refunds": w.failRefunds, "dispute": w.dispute, "settle": w.settle, "time": w.timePasses, "": w.check,
		})
	})
}
