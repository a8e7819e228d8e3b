package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// printSummary prints what came out of a load, for people.
func (s *session) printSummary(sum load.Summary) error {
	for _, section := range []func(load.Summary) error{s.printStatuses, s.printMoney, s.printTimes} {
		if err := section(sum); err != nil {
			return err
		}
		s.say("")
	}
	s.printNamed(sum)
	s.printVerdict(sum)
	return nil
}

func count(n int) string { return term.Count(int64(n)) }

func (s *session) printStatuses(sum load.Summary) error {
	rows := make([][]string, 0, len(sum.Statuses)+1)
	for _, c := range sum.Statuses {
		rows = append(rows, []string{cmp.Or(status(c.Status), "(not there)"), term.Plain(string(c.Reason)), count(c.Orders)})
	}
	rows = append(rows, []string{term.Faint("all"), "", count(sum.Placed + sum.Replayed)})
	return term.Table(s.stdout, []term.Column{{Title: "status"}, {Title: "reason"}, {Title: "orders", Right: true}}, rows)
}

func (s *session) printMoney(sum load.Summary) error {
	columns := []term.Column{{Title: "currency"}, {Title: "recorded", Right: true}, {Title: "paid", Right: true}, {Title: "captured", Right: true}, {Title: "captured - paid", Right: true}}
	rows := make([][]string, len(sum.Money))
	for i, m := range sum.Money {
		rows[i] = []string{string(m.Currency), money.Format(m.Recorded, m.Currency), money.Format(m.Paid, m.Currency)}
		if m.Captured != nil {
			rows[i] = append(rows[i], money.Format(*m.Captured, m.Currency), money.Format(*m.Captured-m.Paid, m.Currency))
		}
	}
	return term.Table(s.stdout, columns, rows)
}

func (s *session) printTimes(sum load.Summary) error {
	rows := [][]string{timesRow("POST answered", sum.PostTimes), timesRow("RECORDED to PAID", sum.PaidTimes)}
	return term.Table(s.stdout, []term.Column{
		{Title: "time"}, {Title: "p50", Right: true}, {Title: "p90", Right: true}, {Title: "p99", Right: true}, {Title: "most", Right: true},
	}, rows)
}

func timesRow(name string, l load.Latency) []string {
	row := []string{name}
	for _, ms := range []float64{l.P50, l.P90, l.P99, l.Max} {
		cell := "-"
		if l.Count > 0 {
			cell = term.Duration(time.Duration(ms * float64(time.Millisecond)))
		}
		row = append(row, cell)
	}
	return row
}

// maxNamed is how many orders people are named at once.
const maxNamed = 5

// printNamed names the orders that somebody may want to look at.
func (s *session) printNamed(sum load.Summary) {
	if n := len(sum.Cancelling); n > 0 {
		s.say("%s orders cannot be paid and rest in CANCELLING: %s", term.Warn(count(n)), some(sum.Cancelling))
	}
	if n := len(sum.Open); n > 0 {
		s.say("%s orders did not come to rest: %s", term.Bad(count(n)), some(sum.Open))
	}
	for _, f := range sum.Failed[:min(len(sum.Failed), maxNamed)] {
		what := plainLines(f.Detail)
		if f.Clash {
			what += "; another order has its id: choose another --prefix"
		}
		s.say("%s %s", term.Bad("not taken:"), what)
	}
	if n := len(sum.Failed); n > maxNamed {
		s.say("… and %s more that were not taken; --json names all", count(n-maxNamed))
	}
	for _, d := range sum.Disagreements[:min(len(sum.Disagreements), maxNamed)] {
		s.say("%s order %s %s", term.Bad("disagrees:"), d.OrderID, d.Detail)
	}
	if n := len(sum.Disagreements); n > maxNamed {
		s.say("… and %s more that disagree; --json names all", count(n-maxNamed))
	}
}

// some names the first few of ids.
func some(ids []order.ID) string {
	var names []string
	for _, id := range ids[:min(len(ids), maxNamed)] {
		names = append(names, string(id))
	}
	if len(ids) > maxNamed {
		names = append(names, "… (--json names all)")
	}
	return strings.Join(names, ", ")
}

func (s *session) printVerdict(sum load.Summary) {
	took := term.Duration(time.Duration(sum.Seconds * float64(time.Second)))
	s.say("%s new and %s repeated orders in %s, %.1f orders a second, %s retries",
		count(sum.Placed), count(sum.Replayed), took, sum.PerSecond, count(sum.Retries))
	s.say("mails: %s", mails(sum.Mails))
	if sum.Provider != nil {
		s.say("charges: %s captures for %s orders; free and never charged: %s", count(sum.Provider.Captures), count(sum.Provider.Orders), count(sum.Free))
	} else {
		s.say("charges: the payment provider's ledger cannot be read here")
	}
	if sum.Agrees() {
		s.say("%s", term.Good("totals agree"))
	}
}

// mails counts mails by how they ended, sent ones first.
func mails(by map[string]int) string {
	parts := []string{count(by["SENT"]) + " sent"}
	for _, other := range []struct{ key, text string }{{"REFUSED", "refused"}, {"NO_ADDRESS", "without an address"}, {"", "not settled"}} {
		if n := by[other.key]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(n), other.text))
		}
	}
	return strings.Join(parts, ", ")
}
