package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/witness"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
)

type eventsTailCommand struct {
	Type   []string      `sep:"," placeholder:"TYPE" help:"Only these types, such as OrderRecorded."`
	Order  order.ID      `placeholder:"ID" help:"Only events of this order."`
	For    time.Duration `default:"1h" placeholder:"TIME" help:"How long to follow, an hour at most (default: 1h)."`
	By     string        `placeholder:"NAME" help:"Whose name the rule and the queue bear (default: USER of the environment)."`
	Reveal bool          `help:"Print the data of each event too."`
}

// Help is what --help adds.
func (eventsTailCommand) Help() string {
	return `Prints each event as it comes: its time, type and order, what it says, its id and the id of the event that caused it. With --json,
one object an event with the CloudEvent's attributes. Events come in no order, and again where a stage states a fact again.

    orderflow events tail --order o-1042
    orderflow events tail --type PaymentFailed,PaymentRefundFailed --stage dev --json

By the contract an event holds nothing of a customer but ids: no name, no address, no card. The line tells the status, reason and amount that are in the
data; the data itself, with the user's and the provider's ids, is printed only with --reveal. An event that breaks
the contract may hold anything: without --reveal only the place is named.

The stage does not notice: the events come through a rule and a queue of the command's own, which it removes at the end, also on
Ctrl-C; those of a run that was killed are removed by the next, once they are over an hour old. On AWS a new rule may take a minute
until it gets all events.`
}

// Run follows the bus.
func (c eventsTailCommand) Run(ctx context.Context, s *session) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	w, err := witness.New()
	if err != nil {
		return err
	}
	return s.tapped(ctx, filter, c.By, func(d deployment, from source) error {
		s.note("following %s for %s; Ctrl-C ends it", d.stack.BusName, c.For)
		return c.follow(ctx, s, from, w)
	})
}

func (c eventsTailCommand) filter() (tap.Filter, error) {
	f := tap.Filter{OrderID: c.Order}
	if c.For <= 0 || c.For > longestWatch {
		return f, usagef("--for must be over 0 and at most %s", longestWatch)
	}
	if c.Order != "" && !c.Order.Valid() {
		return f, usagef("--order must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")
	}
	var err error
	f.Types, err = typesNamed(c.Type)
	return f, err
}

// follow prints what comes until the time is over.
func (c eventsTailCommand) follow(ctx context.Context, s *session, from source, w *witness.Witness) error {
	for end := s.now().Add(c.For); ; {
		left := end.Sub(s.now())
		if left <= 0 {
			return nil
		}
		// A wait of less than a second would ask again and again.
		captured, err := from.Receive(ctx, max(left, time.Second))
		for _, message := range captured {
			shown, err := c.look(w, message)
			if err != nil {
				return err
			}
			if err := s.printTailed(shown); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// tailed is what is shown of an event: attributes under CloudEvents' names. Of one that breaks the contract only those are there
// that are fit to print, "?" for others.
type tailed struct {
	SpecVersion     string          `json:"specversion,omitempty"`
	ID              string          `json:"id"`
	Source          string          `json:"source,omitempty"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            string          `json:"time,omitempty"` // RFC 3339
	DataSchema      string          `json:"dataschema,omitempty"`
	DataContentType string          `json:"datacontenttype,omitempty"`
	CausationID     string          `json:"causationid,omitempty"`
	TraceParent     string          `json:"traceparent,omitempty"`
	Data            json.RawMessage `json:"data,omitempty"`
	Violations      []breach        `json:"violations,omitempty"`

	says string // for people
}

// look reads a message of the tap's.
func (c eventsTailCommand) look(w *witness.Witness, message string) (tailed, error) {
	var bridge struct{ Detail json.RawMessage }
	_ = json.Unmarshal([]byte(message), &bridge) // the witness says what is wrong
	shown, err := describe(w.See(message), bridge.Detail)
	if c.Reveal {
		var e struct{ Data json.RawMessage }
		_ = json.Unmarshal(bridge.Detail, &e) // the same
		shown.Data = harmless(e.Data)
	}
	return shown, err
}

// describe tells of an event what the violations that were found in it allow.
func describe(found []witness.Violation, detail json.RawMessage) (tailed, error) {
	if len(found) > 0 {
		v := breaches(found, "/detail")
		return tailed{ID: found[0].EventID, Type: found[0].Type, Subject: found[0].OrderID, Violations: v}, nil
	}
	e, err := events.Parse(detail)
	if err != nil {
		return tailed{}, err
	}
	d, err := events.DataOf(e)
	if err != nil {
		return tailed{}, err
	}
	return tailed{
		SpecVersion: e.SpecVersion(), ID: e.ID(), Source: e.Source(), Type: e.Type(), Subject: e.Subject(),
		Time: e.Time().UTC().Format(time.RFC3339Nano), DataSchema: e.DataSchema(), DataContentType: e.DataContentType(),
		CausationID: events.CausationID(e), TraceParent: events.TraceParent(e), says: says(d),
	}, nil
}

// says tells in a few words what the fact in d is.
func says(d events.Data) string {
	switch d := d.(type) {
	case events.OrderRecorded:
		return price(d.Amount, d.Currency)
	case events.OrderVerified:
		return price(d.Amount, d.Currency)
	case events.OrderRejected:
		return string(d.Reason)
	case events.PaymentProcessed:
		return price(d.Amount, d.Currency)
	case events.PaymentFailed:
		return string(d.Reason)
	case events.PaymentRefunded:
		return price(d.Amount, d.Currency)
	case events.PaymentRefundFailed:
		return string(d.Reason)
	case events.PaymentDisputed:
		return string(d.Status) + " " + price(d.Amount, d.Currency)
	case events.OrderCancelRequested:
		return fmt.Sprintf("%s by %s", d.Reason, d.RequestedBy)
	case events.OrderUpdated:
		change := fmt.Sprintf("%s → %s, version %d", d.PreviousStatus, d.Status, d.Version)
		return change + strings.TrimSuffix(", "+string(d.Reason), ", ")
	default:
		return ""
	}
}

func price(amount int64, c money.Currency) string { return money.Format(amount, c) + " " + string(c) }

// clock is how people are shown an event's time, which is UTC.
const clock = "2006-01-02T15:04:05.000Z"

func (s *session) printTailed(t tailed) error {
	if s.options.JSON {
		return s.printJSON(t)
	}
	at := strings.Repeat("?", len(clock))
	if known, err := time.Parse(time.RFC3339Nano, t.Time); err == nil {
		at = known.Format(clock)
	}
	because := ""
	if t.CausationID != "" {
		because = " because of " + t.CausationID
	}
	what := t.says
	if len(t.Violations) > 0 {
		what = term.Bad("breaks the contract: " + where(t.Violations))
	}
	name := fmt.Sprintf("%-20s", events.Type(t.Type).Name())
	s.say("%s  %s  %s  %s  %s", term.Faint(at), term.Bold(name), t.Subject, what, term.Faint(term.Plain(t.ID+because)))
	if len(t.Data) > 0 {
		s.say("    %s", t.Data)
	}
	return nil
}
