package load

import (
	"fmt"
	"maps"
	"slices"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// totals adds up money by currency.
type totals struct {
	ledger *stripesandbox.Report // nil where there is none to be read
	by     map[money.Currency]*Money
}

// add adds what the table has of an order and what the provider has, each in its own currency.
func (t totals) add(o Outcome) {
	recorded := t.of(o.Job.Order.Currency)
	recorded.Recorded += o.Order.Amount
	if o.Order.Status == order.Paid {
		recorded.Paid += o.Order.Amount
	}
	for _, s := range sumsOf(t.ledger, o.Job.Order.OrderID) {
		m := t.of(s.Currency)
		*m.Captured += s.Minor
		*m.Refunded += s.RefundedMinor
		*m.Net += s.Net()
	}
}

func (t totals) of(c money.Currency) *Money {
	if t.by[c] == nil {
		t.by[c] = &Money{Currency: c}
		if t.ledger != nil {
			t.by[c].Captured, t.by[c].Refunded, t.by[c].Net = new(int64), new(int64), new(int64)
		}
	}
	return t.by[c]
}

func (t totals) sorted() []Money {
	var all []Money
	for _, c := range slices.Sorted(maps.Keys(t.by)) {
		all = append(all, *t.by[c])
	}
	return all
}

// disagreeing returns the totals where the provider holds something else than the PAID orders say.
func disagreeing(all []Money) []Disagreement {
	var out []Disagreement
	for _, m := range all {
		if m.Net != nil && *m.Net != m.Paid {
			out = append(out, Disagreement{Detail: fmt.Sprintf("the provider holds %s %s net, PAID orders say %s",
				money.Format(*m.Net, m.Currency), m.Currency, money.Format(m.Paid, m.Currency))})
		}
	}
	return out
}
