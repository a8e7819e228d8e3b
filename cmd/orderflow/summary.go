package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/notification"
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
	columns := []term.Column{{Title: "currency"}}
	for _, title := range []string{"recorded", "paid", "captured", "refunded", "net", "net - paid"} {
		columns = append(columns, term.Column{Title: title, Right: true})
	}
	rows := make([][]string, len(sum.Money))
	for i, m := range sum.Money {
		figures := []int64{m.Recorded, m.Paid}
		if m.Net != nil {
			figures = append(figures, *m.Captured, *m.Refunded, *m.Net, *m.Net-m.Paid)
		}
		rows[i] = []string{string(m.Currency)}
		for _, f := range figures {
			rows[i] = append(rows[i], money.Format(f, m.Currency))
		}
	}
	return term.Table(s.stdout, columns, rows)
}

func (s *session) printTimes(sum load.Summary) error {
	rows := [][]string{timesRow("POST answered", sum.PostTimes), timesRow("RECORDED to PAID", sum.PaidTimes)}
	if sum.ClosedTimes.Count > 0 {
		rows = append(rows, timesRow("CANCELLING to closed", sum.ClosedTimes))
	}
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
		s.say("%s %s", term.Bad("disagrees:"), disagreement(d))
	}
	if n := len(sum.Disagreements); n > maxNamed {
		s.say("… and %s more that disagree; --json names all", count(n-maxNamed))
	}
}

func disagreement(d load.Disagreement) string {
	if d.OrderID == "" {
		return "in all, " + plainLines(d.Detail)
	}
	return "order " + string(d.OrderID) + " " + plainLines(d.Detail)
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
	if len(sum.Cancellations) > 0 {
		s.say("cancellations: %s", cancellations(sum.Cancellations))
	}
	s.say("mails: %s", mails(sum.Mails))
	if p := sum.Provider; p != nil {
		s.say("charges: %s captures for %s orders, %s refunds; free and PAID: %s", count(p.Captures), count(p.Orders), count(p.Refunds), count(sum.Free))
	} else {
		s.say("charges: the payment provider's ledger cannot be read here")
	}
	if sum.Agrees() {
		s.say("%s", term.Good("totals agree"))
	}
}

// cancellations counts them by where the orders stood when they were asked for.
func cancellations(by map[order.Status]int) string {
	all, parts := 0, []string{}
	for _, status := range order.Statuses() {
		if n := by[status]; n > 0 {
			all += n
			parts = append(parts, fmt.Sprintf("%s %s", count(n), status))
		}
	}
	return fmt.Sprintf("%s asked for, of orders that were then %s", count(all), strings.Join(parts, ", "))
}

// mails counts mails by how they ended, sent ones first.
func mails(by map[string]int) string {
	parts := []string{count(by[string(notification.Sent)]) + " sent"}
	for _, other := range []struct {
		result notification.Result
		text   string
	}{{notification.Refused, "refused"}, {notification.Suppressed, "suppressed"}, {notification.NoAddress, "without an address"}, {"", "not settled"}} {
		if n := by[string(other.result)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(n), other.text))
		}
	}
	return strings.Join(parts, ", ")
}
