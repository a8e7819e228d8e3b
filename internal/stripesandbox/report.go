package stripesandbox

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/orderflow/orderflow/internal/money"
)

// Sum is what was captured and given back in one currency.
type Sum struct {
	Currency      money.Currency `json:"currency"`
	Orders        int            `json:"orders"`   // orders with at least one capture
	Captures      int            `json:"captures"` // more than Orders means that an order was charged twice
	AtStripe      int64          `json:"captured_stripe_unit"`
	Minor         int64          `json:"captured_minor_unit"` // ISO 4217 minor units
	Refunds       int            `json:"refunds"`             // that have not failed
	RefundedMinor int64          `json:"refunded_minor_unit"` // by those, in ISO 4217 minor units
}

// Net is what was captured and not given back, in ISO 4217 minor units.
func (s Sum) Net() int64 { return s.Minor - s.RefundedMinor }

// MarshalJSON adds net_minor_unit.
func (s Sum) MarshalJSON() ([]byte, error) {
	type fields Sum
	return json.Marshal(struct {
		fields
		Net int64 `json:"net_minor_unit"`
	}{fields(s), s.Net()})
}

// IntentLine is one intent of an order.
type IntentLine struct {
	ID       string         `json:"id"`
	Status   Status         `json:"status"`
	Amount   int64          `json:"amount"` // Stripe's unit
	Minor    int64          `json:"amount_minor_unit"`
	Currency money.Currency `json:"currency"`
	Captures int            `json:"captures"`
}

// RefundLine is one refund of an order, failed or not.
type RefundLine struct {
	ID       string         `json:"id"`
	Intent   string         `json:"payment_intent"`
	Status   RefundStatus   `json:"status"`
	Amount   int64          `json:"amount"` // Stripe's unit
	Minor    int64          `json:"amount_minor_unit"`
	Currency money.Currency `json:"currency"`
}

// DisputeLine is one dispute of an order.
type DisputeLine struct {
	ID     string        `json:"id"`
	Intent string        `json:"payment_intent"`
	Status DisputeStatus `json:"status"`
	Minor  int64         `json:"amount_minor_unit"`
}

// OrderLines is what the ledger holds for one order, each oldest first.
type OrderLines struct {
	Intents  []IntentLine  `json:"intents"`
	Refunds  []RefundLine  `json:"refund_lines,omitempty"`
	Disputes []DisputeLine `json:"disputes,omitempty"`
	Captured []Sum         `json:"captured"` // by currency
}

// Report is the whole ledger, by order and by currency. Intents that name no order are under "".
type Report struct {
	Orders map[string]OrderLines `json:"orders,omitempty"`
	Totals []Sum                 `json:"totals"`
}

// Report adds up what was captured and given back.
func (l *Ledger) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, totals := Report{Orders: make(map[string]OrderLines, len(l.byOrder))}, sums{}
	for order := range l.byOrder {
		lines := l.order(order)
		r.Orders[order] = lines
		for _, s := range lines.Captured {
			totals.add(s)
		}
	}
	r.Totals = totals.sorted()
	return r
}

// Order returns the lines of one order; none for an order that the ledger does not know.
func (l *Ledger) Order(order string) OrderLines {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.order(order)
}

func (l *Ledger) order(order string) OrderLines {
	lines, captured := OrderLines{Intents: []IntentLine{}}, sums{}
	for _, in := range l.byOrder[order] {
		lines.Intents = append(lines.Intents, IntentLine{in.ID, in.Status, in.Amount, in.Minor, in.Currency, in.Captures})
		if n := int64(in.Captures); n > 0 {
			captured.add(Sum{Currency: in.Currency, Captures: in.Captures, AtStripe: n * in.Amount, Minor: n * in.Minor})
		}
		for _, r := range l.refundsOf[in.ID] {
			lines.Refunds = append(lines.Refunds, RefundLine{r.ID, r.Intent, r.Status, r.Amount, r.Minor, r.Currency})
			if !r.gone() {
				captured.add(Sum{Currency: r.Currency, Refunds: 1, RefundedMinor: r.Minor})
			}
		}
		for _, d := range l.disputesOf[in.ID] {
			lines.Disputes = append(lines.Disputes, DisputeLine{d.ID, d.Intent, d.Status, d.Minor})
		}
	}
	for c, s := range captured {
		s.Orders = 1
		captured[c] = s
	}
	lines.Captured = captured.sorted()
	return lines
}

type sums map[money.Currency]Sum

func (t sums) add(s Sum) {
	have := t[s.Currency]
	t[s.Currency] = Sum{
		s.Currency, have.Orders + s.Orders, have.Captures + s.Captures, have.AtStripe + s.AtStripe, have.Minor + s.Minor,
		have.Refunds + s.Refunds, have.RefundedMinor + s.RefundedMinor,
	}
}

func (t sums) sorted() []Sum {
	out := make([]Sum, 0, len(t))
	for _, c := range slices.Sorted(maps.Keys(t)) {
		out = append(out, t[c])
	}
	return out
}
