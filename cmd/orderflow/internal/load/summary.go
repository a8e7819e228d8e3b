package load

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// Summary is what came out of a run.
type Summary struct {
	Orders    int            `json:"orders"`
	Placed    int            `json:"placed"`   // new ones
	Replayed  int            `json:"replayed"` // the API had them already
	Failed    []Failure      `json:"failed"`   // the API did not take them
	Retries   int            `json:"retries"`
	Statuses  []StatusCount  `json:"statuses"`
	Money     []Money        `json:"money"`
	Free      int            `json:"free"` // orders of amount zero that are PAID, which never reach the provider
	Provider  *Provider      `json:"provider,omitempty"`
	Mails     map[string]int `json:"mails"` // by how they ended; "" is not yet
	PostTimes Latency        `json:"post"`
	PaidTimes Latency        `json:"paid"` // from recorded to PAID, by the order's history
	Seconds   float64        `json:"seconds"`
	PerSecond float64        `json:"orders_per_second"`
	// Cancelling are the orders that could not be paid and wait to be undone; Open those that did not come to rest.
	Cancelling []order.ID `json:"cancelling"`
	Open       []order.ID `json:"open"`
	// Disagreements say where the totals do not add up; none is the aim.
	Disagreements []Disagreement `json:"disagreements"`
}

// Failure is an order that the API did not take.
type Failure struct {
	OrderID order.ID `json:"order_id"`
	Clash   bool     `json:"clash"` // another order has its id
	Detail  string   `json:"detail"`
}

// StatusCount is how many orders ended alike.
type StatusCount struct {
	Status order.Status `json:"status"`
	Reason order.Reason `json:"reason,omitempty"`
	Orders int          `json:"orders"`
}

// Money is in minor units.
type Money struct {
	Currency money.Currency `json:"currency"`
	Recorded int64          `json:"recorded"`           // of all orders that the table has
	Paid     int64          `json:"paid"`               // of those that are PAID
	Captured *int64         `json:"captured,omitempty"` // by the provider, for these orders; nil where its ledger cannot be read
}

// Provider is what the provider's ledger says of these orders.
type Provider struct {
	Captures int `json:"captures"`
	Orders   int `json:"orders"` // with at least one capture
}

// Latency has durations in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Disagreement is an order, or a currency's total, that is not as it must be.
type Disagreement struct {
	OrderID order.ID `json:"order_id,omitempty"`
	Detail  string   `json:"detail"`
}

// Summarise adds up the outcomes of a run that was not broken off. The ledger is nil where the provider has none to be read.
func Summarise(outcomes []Outcome, ledger *stripesandbox.Report, took time.Duration) Summary {
	s := Summary{Mails: map[string]int{}, Seconds: took.Seconds()}
	if ledger != nil {
		s.Provider = &Provider{}
	}
	statuses, sums := map[StatusCount]int{}, map[money.Currency]*Money{}
	var posts, paids []time.Duration
	for _, o := range outcomes {
		s.Orders++
		s.Retries += o.Placed.Retries
		if o.Err != nil {
			s.Failed = append(s.Failed, Failure{o.Job.Order.OrderID, IsClash(o.Err), o.Err.Error()})
			continue
		}
		posts = append(posts, o.Placed.Took)
		if o.Placed.Replayed {
			s.Replayed++
		} else {
			s.Placed++
		}
		statuses[StatusCount{Status: o.Order.Status, Reason: o.Order.Reason}]++
		if d, ok := timeToPaid(o.Order); ok {
			paids = append(paids, d)
		}
		money := chargesOf(ledger, o.Job.Order)
		s.count(o, money, sumOf(sums, o.Job.Order.Currency, ledger != nil))
		for _, detail := range check(o, money) {
			s.Disagreements = append(s.Disagreements, Disagreement{o.Job.Order.OrderID, detail})
		}
	}
	s.Statuses = sortedStatuses(statuses)
	for _, c := range slices.Sorted(maps.Keys(sums)) {
		s.Money = append(s.Money, *sums[c])
	}
	s.PostTimes, s.PaidTimes = latency(posts), latency(paids)
	if took > 0 {
		s.PerSecond = float64(s.Placed+s.Replayed) / took.Seconds()
	}
	return s
}

// Agrees reports whether every order was taken, came to rest and is what it must be, with the money for it.
func (s Summary) Agrees() bool {
	return len(s.Failed) == 0 && len(s.Open) == 0 && len(s.Disagreements) == 0
}

func sumOf(sums map[money.Currency]*Money, c money.Currency, withLedger bool) *Money {
	if sums[c] == nil {
		sums[c] = &Money{Currency: c}
		if withLedger {
			sums[c].Captured = new(int64)
		}
	}
	return sums[c]
}

// count adds one order to the totals.
func (s *Summary) count(o Outcome, taken charges, m *Money) {
	m.Recorded += o.Order.Amount
	switch o.Order.Status {
	case order.Paid:
		m.Paid += o.Order.Amount
		if o.Order.Amount == 0 {
			s.Free++
		}
	case order.Cancelling:
		s.Cancelling = append(s.Cancelling, o.Order.ID)
	case order.Recorded, "":
		s.Open = append(s.Open, o.Job.Order.OrderID)
	default: // closed
	}
	if o.Order.Status.Told() {
		s.Mails[string(o.Mail)]++
	}
	if s.Provider != nil {
		*m.Captured += taken.minor
		s.Provider.Captures += taken.captures
		s.Provider.Orders += min(taken.captures, 1)
	}
}

func timeToPaid(o order.Order) (time.Duration, bool) {
	for _, c := range o.History {
		if c.Status == order.Paid {
			return c.At.Sub(o.RecordedAt), true
		}
	}
	return 0, false
}

func sortedStatuses(counts map[StatusCount]int) []StatusCount {
	var out []StatusCount
	for c, n := range counts {
		c.Orders = n
		out = append(out, c)
	}
	place := func(c StatusCount) int { return slices.Index(order.Statuses(), c.Status) }
	slices.SortFunc(out, func(a, b StatusCount) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// latency sorts ds. A percentile is the smallest duration that so many percent of all do not pass.
func latency(ds []time.Duration) Latency {
	if len(ds) == 0 {
		return Latency{}
	}
	slices.Sort(ds)
	at := func(percent int) float64 {
		rank := (len(ds)*percent + 99) / 100
		return float64(ds[rank-1]) / float64(time.Millisecond)
	}
	return Latency{Count: len(ds), P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}
