package main

import (
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/timeline"
)

// storyJSON is what order show prints with --json: the order as the API shows it, and what stands beside it.
type storyJSON struct {
	api.Order
	Payment    *paymentJSON  `json:"payment,omitempty"`
	Executions searchJSON    `json:"executions"`
	Timeline   []entryJSON   `json:"timeline"` // oldest first
	Customer   *customerJSON `json:"customer,omitempty"`
}

type paymentJSON struct {
	Status     order.PaymentStatus `json:"status"`
	Revision   int64               `json:"revision"`
	IntentID   string              `json:"payment_id,omitempty"`
	Reason     order.Reason        `json:"reason,omitempty"`
	Amount     int64               `json:"amount"` // minor units
	Currency   money.Currency      `json:"currency,omitempty"`
	At         time.Time           `json:"at"`
	CapturedAt *time.Time          `json:"captured_at,omitempty"`
	Refunds    []refundJSON        `json:"refunds,omitempty"`
	Disputes   []disputeJSON       `json:"disputes,omitempty"`
}

type refundJSON struct {
	ID     string       `json:"refund_id"`
	Amount int64        `json:"amount"` // minor units
	Failed bool         `json:"failed"`
	Reason order.Reason `json:"reason,omitempty"`
	At     time.Time    `json:"at"`
}

type disputeJSON struct {
	ID     string       `json:"dispute_id"`
	Status order.Reason `json:"status"`
	Amount int64        `json:"amount"` // minor units
	At     time.Time    `json:"at"`
}

// searchJSON says how the saga's executions about the order were looked for.
type searchJSON struct {
	Found    int  `json:"found"`
	LookedAt int  `json:"looked_at"`
	Complete bool `json:"complete"` // none can be missing
}

type entryJSON struct {
	At       time.Time       `json:"at"`
	AfterMS  float64         `json:"after_ms"` // the entry before it; 0 for the first
	Source   timeline.Source `json:"source"`
	What     string          `json:"what"`
	Version  int64           `json:"version,omitempty"` // of the order
	Reason   string          `json:"reason,omitempty"`
	Amount   int64           `json:"amount,omitempty"` // minor units
	Currency money.Currency  `json:"currency,omitempty"`
	ID       string          `json:"id,omitempty"`    // of the payment, refund, dispute or execution
	Cause    string          `json:"cause,omitempty"` // id of the event
	Step     string          `json:"failed_step,omitempty"`
}

type customerJSON struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// json returns a as it is printed; looked says whether executions were looked for.
func (a story) json(looked bool) storyJSON {
	out := storyJSON{
		Order: view(a.order), Payment: paymentOf(a.payment),
		Executions: searchJSON{len(a.search.found), a.search.looked, looked && a.search.complete() || len(cancellings(a.order)) == 0},
	}
	for _, e := range a.timeline {
		out.Timeline = append(out.Timeline, entryJSON{
			At: e.At.UTC(), AfterMS: milliseconds(e.After), Source: e.Source, What: e.What, Version: e.Version, Reason: e.Reason,
			Amount: e.Amount, Currency: e.Currency, ID: e.ID, Cause: e.Cause, Step: e.Step,
		})
	}
	if a.customer != nil {
		out.Customer = &customerJSON{a.customer.Name, a.customer.Email}
	}
	return out
}

func paymentOf(r payment.Row) *paymentJSON {
	if !r.Exists() {
		return nil
	}
	p := &paymentJSON{
		Status: r.Status, Revision: r.Revision, IntentID: r.IntentID, Reason: r.Reason, Amount: r.Params.Amount, Currency: r.Params.Currency, At: r.At,
	}
	if !r.CapturedAt.IsZero() {
		p.CapturedAt = &r.CapturedAt
	}
	for _, f := range r.Refunds {
		p.Refunds = append(p.Refunds, refundJSON(f))
	}
	for _, d := range r.Disputes {
		p.Disputes = append(p.Disputes, disputeJSON(d))
	}
	return p
}
