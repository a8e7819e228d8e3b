package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/timeline"
	"github.com/orderflow/orderflow/internal/user"
)

type orderShowCommand struct {
	ID     order.ID `arg:"" help:"Order id."`
	Look   int      `default:"100" placeholder:"N" help:"How many of the saga's executions to look at (default: 100; 0 leaves them out; at most 1000)."`
	Reveal bool     `help:"Print the customer's name and e-mail address too."`
}

// Help is what --help adds.
func (orderShowCommand) Help() string {
	return `Reads the tables and Step Functions and prints one timeline: the order's changes, its payment with refunds and disputes, the latest mail
and the saga's executions, each with the time since what was before it. With --json it is one object. Dead letters are not
looked through, for every look at a queue uses up receives.

` + lookHelp + `

    orderflow order show o-1042
    orderflow order show o-1042 --json`
}

// story is all that is known of one order.
type story struct {
	order    order.Order
	payment  payment.Row
	search   search
	timeline []timeline.Entry
	customer *user.User // nil where it is not to be revealed, or unknown
}

// Run shows the order.
func (c orderShowCommand) Run(ctx context.Context, s *session) error {
	if c.Look < 0 || c.Look > maxExecutions {
		return usagef("--look must be 0 to %d", maxExecutions)
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	a, err := c.gather(ctx, d)
	if err != nil {
		return err
	}
	if s.options.JSON {
		err = s.printJSON(a.json(c.Look > 0))
	} else {
		err = s.printStory(a)
	}
	if err != nil {
		return err
	}
	if c.Look == 0 && len(cancellings(a.order)) > 0 {
		s.note("the saga's executions were left out")
		return nil
	}
	s.noteSearch(a.search)
	return nil
}

// gather reads what the timeline is made of. The error is order.ErrNotFound where there is no such order.
func (c orderShowCommand) gather(ctx context.Context, d deployment) (story, error) {
	client := dynamodb.NewFromConfig(d.conf)
	o, err := d.orders().Get(ctx, c.ID)
	if err != nil {
		return story{}, err
	}
	a := story{order: o}
	if a.payment, err = dynamo.NewPayments(client, d.tables()).Get(ctx, c.ID); err != nil {
		return story{}, err
	}
	mails, err := ledgerRows(ctx, dynamo.NewNotifications(client, d.tables()), c.ID)
	if err != nil {
		return story{}, err
	}
	if c.Look > 0 {
		if a.search, err = d.executions().about(ctx, o, c.Look, unhappy); err != nil {
			return story{}, err
		}
	}
	if c.Reveal {
		who, found, err := d.users().Get(ctx, o.UserID)
		if err != nil {
			return story{}, err
		}
		if found {
			a.customer = &who
		}
	}
	a.timeline = timeline.Merge(o, a.payment, mails, runs(a.search.found))
	return a, nil
}

func ledgerRows(ctx context.Context, ledger *dynamo.Notifications, id order.ID) ([]timeline.LedgerRow, error) {
	e, found, err := ledger.Get(ctx, id, notification.Email)
	if err != nil || !found {
		return nil, err
	}
	return []timeline.LedgerRow{{
		Channel: e.Claim.Channel, Version: e.Claim.Version, Result: e.Result, SettledAt: e.SettledAt, Until: e.Claim.Until,
	}}, nil
}

// runs are executions as the timeline takes them.
func runs(found []execution) []timeline.Execution {
	all := make([]timeline.Execution, len(found))
	for i, e := range found {
		r := rowOf(e)
		all[i] = timeline.Execution{
			Name: e.Name, Status: string(e.Status), Version: e.Task.Version, Started: e.Started, Stopped: e.Stopped, Step: r.FailedStep, Error: r.Error,
		}
	}
	return all
}

func (s *session) printStory(a story) error {
	o := a.order
	s.say("order %s is %s%s%s", term.Bold(string(o.ID)), status(o.Status), because(o.Reason), s.waiting(o))
	s.say("%s %s for user %s", money.Format(o.Amount, o.Currency), term.Plain(string(o.Currency)), term.Plain(string(o.UserID)))
	if who := a.customer; who != nil {
		s.say("  %s <%s>", term.Plain(who.Name), term.Plain(who.Email))
	}
	for _, it := range o.Items {
		s.say("  %d × %s at %s", it.Quantity, term.Plain(string(it.SKU)), money.Format(it.UnitAmount, o.Currency))
	}
	s.say("%s", paymentLine(a.payment))
	s.say("")
	rows := make([][]string, len(a.timeline))
	for i, e := range a.timeline {
		rows[i] = []string{e.At.UTC().Format(order.TimeLayout), afterText(a.timeline, i), string(e.Source), what(e), versionText(e.Version), term.Plain(e.Reason), details(e)}
	}
	return term.Table(s.stdout, []term.Column{
		{Title: "at"}, {Title: "after", Right: true}, {Title: "source"}, {Title: "what"}, {Title: "version", Right: true}, {Title: "reason"}, {Title: "details"},
	}, rows)
}

// waiting says for how long an order has waited that is open.
func (s *session) waiting(o order.Order) string {
	if !o.Status.Open() || len(o.History) == 0 {
		return ""
	}
	return ", for " + span(s.now().Sub(lastChange(o)))
}

// paymentLine says how the payment stands.
func paymentLine(r payment.Row) string {
	if !r.Exists() {
		return "payment: none"
	}
	line := fmt.Sprintf("payment: %s, revision %d", term.Plain(string(r.Status)), r.Revision)
	if r.IntentID != "" {
		line += ", " + term.Plain(r.IntentID)
	}
	if left := r.Remainder(); r.Captured() && left != r.Params.Amount && left > 0 {
		line += fmt.Sprintf(", %s %s not given back", money.Format(left, r.Params.Currency), term.Plain(string(r.Params.Currency)))
	}
	return line
}

func afterText(all []timeline.Entry, i int) string {
	if i == 0 {
		return ""
	}
	return span(all[i].After)
}

func versionText(v int64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprint(v)
}

// what prints what happened, in its colour.
func what(e timeline.Entry) string {
	switch {
	case e.Source == timeline.Order:
		return status(order.Status(e.What))
	case e.Source == timeline.Saga && e.Step != "", e.Source == timeline.Payment && e.What == "refund failed":
		return term.Bad(term.Plain(e.What))
	default:
		return term.Plain(e.What)
	}
}

func details(e timeline.Entry) string {
	switch e.Source {
	case timeline.Payment:
		return term.Plain(fmt.Sprintf("%s %s %s", money.Format(e.Amount, e.Currency), e.Currency, e.ID))
	case timeline.Saga:
		if e.Step != "" {
			return term.Plain("at " + e.Step + ", " + e.ID)
		}
		return term.Plain(e.ID)
	case timeline.Mail:
		return term.Plain(e.ID)
	default:
		if e.Cause == "" {
			return ""
		}
		return term.Plain("by event " + e.Cause)
	}
}

// span prints a duration of any length: from an hour on with two units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Hour:
		return term.Duration(d)
	case d < 2*day:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd%02dh", int(d/day), int(d.Hours())%24)
	}
}

// lastChange returns when an order got its status.
func lastChange(o order.Order) time.Time {
	if len(o.History) == 0 {
		return o.RecordedAt
	}
	return o.History[len(o.History)-1].At
}

// view is an order as the API shows it.
func view(o order.Order) api.Order {
	v := api.Order{
		ID: o.ID, UserID: o.UserID, Status: o.Status, Version: o.Version, Reason: o.Reason,
		Amount: o.Amount, Currency: o.Currency, Items: o.Items, RecordedAt: o.RecordedAt,
	}
	for _, c := range o.History {
		v.History = append(v.History, api.Change{Version: c.Version, Status: c.Status, Reason: c.Reason, At: c.At})
	}
	return v
}
