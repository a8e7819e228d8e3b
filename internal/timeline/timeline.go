// Package timeline puts all that is known to have happened about one order into one list, in the order of time.
//
// What it is made of are snapshots: of a payments row and a ledger row only the latest is kept, so that an
// attempt which a later one replaced is not in the list. Two things of the same millisecond stand in the order
// in which one follows from the other: the payment, the order, the saga, the mail.
package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Source is what an entry tells of.
type Source string

// The sources.
const (
	Payment Source = "payment"
	Order   Source = "order"
	Saga    Source = "saga"
	Mail    Source = "mail"
)

// rank orders entries of the same time.
var rank = map[Source]int{Payment: 0, Order: 1, Saga: 2, Mail: 3}

// Entry is one thing that happened. It holds ids, codes, amounts and times, and nothing of a person.
type Entry struct {
	At     time.Time
	After  time.Duration // the entry before it; 0 for the first
	Source Source
	What   string // the status that was reached, or what was done

	Version  int64  // of the order, 0 where the source names none
	Reason   string // why, or the name of the error
	Amount   int64  // minor units of Currency
	Currency money.Currency
	ID       string // of the payment intent, refund, dispute or execution
	Cause    string // id of the event that caused a change of the order
	Step     string // of the saga, that could not finish
}

// LedgerRow is the latest claim on the ledger of mails, and how it ended.
type LedgerRow struct {
	Channel   notification.Channel
	Version   int64               // of the order
	Result    notification.Result // empty where the claim is not settled
	SettledAt time.Time
	Until     time.Time // when the lease ends of a claim that is not settled; the Unix epoch or before where it was given up
}

// Execution is one run of the saga.
type Execution struct {
	Name    string
	Status  string // Step Functions' word, such as RUNNING or FAILED
	Version int64  // of the order, which it was started for
	Started time.Time
	Stopped time.Time // zero while it runs
	Step    string    // that could not finish
	Error   string    // its name, empty where there was none
}

// Merge returns the timeline of an order. The zero row stands for none.
func Merge(o order.Order, row payment.Row, mails []LedgerRow, executions []Execution) []Entry {
	all := slices.Concat(changes(o), payments(row), each(mails, mail), each(executions, execution))
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank[a.Source], rank[b.Source]))
	})
	for i := 1; i < len(all); i++ {
		all[i].After = all[i].At.Sub(all[i-1].At)
	}
	return all
}

func each[T any](items []T, entries func(T) []Entry) []Entry {
	var all []Entry
	for _, one := range items {
		all = append(all, entries(one)...)
	}
	return all
}

func changes(o order.Order) []Entry {
	all := make([]Entry, len(o.History))
	for i, c := range o.History {
		all[i] = Entry{At: c.At, Source: Order, What: string(c.Status), Version: c.Version, Reason: string(c.Reason), Cause: c.Cause}
	}
	return all
}

// payments tells of the capture, of the status where that is a later one, and of refunds and disputes.
func payments(row payment.Row) []Entry {
	if !row.Exists() {
		return nil
	}
	whole := Entry{Source: Payment, Amount: row.Params.Amount, Currency: row.Params.Currency, ID: row.IntentID}
	var all []Entry
	if !row.CapturedAt.IsZero() {
		captured := whole
		captured.At, captured.What = row.CapturedAt, string(order.PaymentSucceeded)
		all = append(all, captured)
	}
	for _, f := range row.Refunds {
		what := "refund"
		if f.Failed {
			what = "refund failed"
		}
		all = append(all, Entry{At: f.At, Source: Payment, What: what, Reason: string(f.Reason), Amount: f.Amount, Currency: row.Params.Currency, ID: f.ID})
	}
	for _, d := range row.Disputes {
		all = append(all, Entry{At: d.At, Source: Payment, What: "dispute " + string(d.Status), Amount: d.Amount, Currency: row.Params.Currency, ID: d.ID})
	}
	if row.Status != order.PaymentSucceeded || !row.At.Equal(row.CapturedAt) {
		whole.At, whole.What, whole.Reason = row.At, string(row.Status), string(row.Reason)
		all = append(all, whole)
	}
	return all
}

// mail tells how a claim was settled, or when the lease ends of one that is not. One that was given up says nothing.
func mail(r LedgerRow) []Entry {
	e := Entry{At: r.SettledAt, Source: Mail, What: string(r.Result), Version: r.Version, ID: string(r.Channel)}
	switch {
	case r.Result != "":
		return []Entry{e}
	case r.Until.Unix() > 0:
		e.At, e.What = r.Until, "lease ends"
		return []Entry{e}
	default:
		return nil
	}
}

func execution(x Execution) []Entry {
	started := Entry{At: x.Started, Source: Saga, What: "started", Version: x.Version, ID: x.Name}
	if x.Stopped.IsZero() {
		return []Entry{started}
	}
	ended := started
	ended.At, ended.What, ended.Reason, ended.Step = x.Stopped, strings.ToLower(x.Status), x.Error, x.Step
	return []Entry{started, ended}
}
