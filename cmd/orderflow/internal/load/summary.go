package load

import (
	"cmp"
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// Summary is what came out of a run.
type Summary struct {
	Orders   int           `json:"orders"`
	Placed   int           `json:"placed"`   // new ones
	Replayed int           `json:"replayed"` // the API had them already
	Failed   []Failure     `json:"failed"`   // the API did not take them
	Retries  int           `json:"retries"`
	Statuses []StatusCount `json:"statuses"`
	// Cancellations counts those that the API took, by the order's status when they were asked for.
	Cancellations map[order.Status]int `json:"cancellations"`
	Money         []Money              `json:"money"`
	Free          int                  `json:"free"` // orders of amount zero that are PAID, which never reach the provider
	Provider      *Provider            `json:"provider,omitempty"`
	Mails         map[string]int       `json:"mails"` // about how orders ended, by how they ended themselves; "" is not yet
	PostTimes     Latency              `json:"post"`
	PaidTimes     Latency              `json:"paid"`   // from recorded to PAID, by the order's history
	ClosedTimes   Latency              `json:"closed"` // from CANCELLING to the status after it, by the order's history
	Seconds       float64              `json:"seconds"`
	PerSecond     float64              `json:"orders_per_second"`
	Open          []order.ID           `json:"open"` // did not come to rest
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

// Money is in minor units. What the provider holds is nil where its ledger cannot be read.
type Money struct {
	Currency money.Currency `json:"currency"`
	Recorded int64          `json:"recorded"`           // of all orders that the table has
	Paid     int64          `json:"paid"`               // of those that are PAID
	Captured *int64         `json:"captured,omitempty"` // by the provider, for these orders
	Refunded *int64         `json:"refunded,omitempty"` // by refunds that have not failed
	Net      *int64         `json:"net,omitempty"`      // captured and not refunded: must be what is paid
}

// Provider is what the provider's ledger says of these orders.
type Provider struct {
	Captures int `json:"captures"`
	Orders   int `json:"orders"`  // with at least one capture
	Refunds  int `json:"refunds"` // that have not failed
}

// Latency has durations in milliseconds.
type Latency struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Disagreement is an order, or without an id a currency's total, that is not as it must be.
type Disagreement struct {
	OrderID order.ID `json:"order_id,omitempty"`
	Detail  string   `json:"detail"`
}

// Summarise adds up the outcomes of a run that was not broken off. The ledger is nil where the provider has none to be read.
func Summarise(outcomes []Outcome, ledger *stripesandbox.Report, took time.Duration) Summary {
	s := Summary{Cancellations: map[order.Status]int{}, Mails: map[string]int{}, Seconds: took.Seconds()}
	if ledger != nil {
		s.Provider = &Provider{}
	}
	statuses, totals := map[StatusCount]int{}, totals{ledger: ledger, by: map[money.Currency]*Money{}}
	var posts, paids, closes []time.Duration
	for _, o := range outcomes {
		s.Orders++
		s.Retries += o.Placed.Retries
		if o.Err != nil {
			s.Failed = append(s.Failed, Failure{o.Job.Order.OrderID, IsClash(o.Err), o.Err.Error()})
			continue
		}
		taken := chargesOf(ledger, o.Job.Order)
		s.count(o, taken)
		totals.add(o)
		statuses[StatusCount{Status: o.Order.Status, Reason: o.Order.Reason}]++
		posts, paids, closes = append(posts, o.Placed.Took), append(paids, timesToPaid(o.Order)...), append(closes, timesToClosed(o.Order)...)
		for _, detail := range check(o, taken) {
			s.Disagreements = append(s.Disagreements, Disagreement{o.Job.Order.OrderID, detail})
		}
	}
	s.Statuses, s.Money = sortedStatuses(statuses), totals.sorted()
	s.Disagreements = append(s.Disagreements, disagreeing(s.Money)...)
	s.PostTimes, s.PaidTimes, s.ClosedTimes = latency(posts), latency(paids), latency(closes)
	if took > 0 {
		s.PerSecond = float64(s.Placed+s.Replayed) / took.Seconds()
	}
	return s
}

// Agrees reports whether every order was taken, came to rest and is what it must be, with the money for it.
func (s Summary) Agrees() bool {
	return len(s.Failed) == 0 && len(s.Open) == 0 && len(s.Disagreements) == 0
}

// count adds one order, which the API took, to the totals.
func (s *Summary) count(o Outcome, taken charges) {
	if o.Placed.Replayed {
		s.Replayed++
	} else {
		s.Placed++
	}
	if o.Asked != "" {
		s.Cancellations[o.Asked]++
	}
	if o.Order.Status == order.Paid && o.Order.Amount == 0 {
		s.Free++
	}
	if !o.rests() {
		s.Open = append(s.Open, o.Job.Order.OrderID)
	}
	if o.Order.Status.Told() {
		s.Mails[string(o.Mail)]++
	}
	if s.Provider != nil {
		s.Provider.Captures += taken.captures
		s.Provider.Orders += min(taken.captures, 1)
		s.Provider.Refunds += taken.refunds
	}
}

func timesToPaid(o order.Order) []time.Duration {
	for _, c := range o.History {
		if c.Status == order.Paid {
			return []time.Duration{c.At.Sub(o.RecordedAt)}
		}
	}
	return nil
}

func timesToClosed(o order.Order) []time.Duration {
	var took []time.Duration
	for i, c := range o.History {
		if i > 0 && o.History[i-1].Status == order.Cancelling {
			took = append(took, c.At.Sub(o.History[i-1].At))
		}
	}
	return took
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
