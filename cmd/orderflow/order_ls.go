package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

type orderLsCommand struct {
	Status []order.Status `placeholder:"STATUS" help:"Only orders of these statuses, with commas between."`
	Reason order.Reason   `placeholder:"REASON" help:"Only orders with this reason, such as card_declined."`
	Older  time.Duration  `placeholder:"DURATION" help:"Only orders that got their status so long ago, such as 15m."`
	Limit  int            `default:"20" placeholder:"N" help:"How many at most (default: 20; at most 10000)."`
	All    bool           `help:"Read the whole table, for orders that are not open. Says first what that costs."`
}

// Help is what --help adds.
func (orderLsCommand) Help() string {
	return `Lists orders that wait for something, RECORDED and CANCELLING, from the index of open orders: those first that have waited longest.
That costs little, however many orders there are. Orders of other statuses are found only by reading the whole table, with --all;
they stand behind the open ones by status, NEEDS_ATTENTION first, and within a status again the oldest first. To find orders
that need attention without that, see saga ls --failed.

    orderflow order ls --older 15m
    orderflow order ls --all --status NEEDS_ATTENTION,CANCELLING`
}

const maxListed = 10_000 // orders that a listing prints, and holds, at most

// Run lists the orders.
func (c orderLsCommand) Run(ctx context.Context, s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	keep := c.filter(s.now())
	found := ranked{limit: c.Limit}
	var failed error
	if c.All {
		failed = s.scan(ctx, d, keep, &found)
	} else {
		failed = listOpen(ctx, d.orders(), s.now().Add(-c.Older), keep, &found)
	}
	all := found.orders()
	if err := s.printOrders(all); err != nil {
		return err
	}
	if found.dropped {
		s.note("there are more: ask for them with --limit")
	}
	if failed != nil {
		return fmt.Errorf("orders are missing from the list: %w", failed)
	}
	return nil
}

func (c orderLsCommand) check() error {
	if c.Limit < 1 || c.Limit > maxListed {
		return usagef("--limit must be 1 to %d", maxListed)
	}
	if c.Older < 0 {
		return usagef("--older must not be negative")
	}
	for _, s := range c.Status {
		if !s.Valid() {
			return usagef("--status must be of %s", joined(order.Statuses()))
		}
		if !s.Open() && !c.All {
			return usagef("the index knows open orders alone: to find those that are %s add --all, which reads the whole table", s)
		}
	}
	if c.Reason != "" && !c.Reason.Valid() {
		return usagef("--reason must be a reason's code, such as card_declined")
	}
	return nil
}

func joined(all []order.Status) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// filter returns what an order must be to be listed.
func (c orderLsCommand) filter(now time.Time) func(order.Order) bool {
	before := now.Add(-c.Older)
	return func(o order.Order) bool {
		return (len(c.Status) == 0 || slices.Contains(c.Status, o.Status)) &&
			(c.Reason == "" || c.Reason == o.Reason) &&
			!lastChange(o).After(before)
	}
}

// chunk is how many rows of open orders are read at once, as many as a call takes.
const chunk = 100

// listOpen adds open orders that have waited since before or longer, until there are enough. What is wrong with a part of the index
// or with some rows hides no others: the error joins it all.
func listOpen(ctx context.Context, store *dynamo.Orders, before time.Time, keep func(order.Order) bool, found *ranked) error {
	var ids []order.ID
	var errs []error
	read := func() {
		rows, err := store.GetMany(ctx, ids)
		errs = append(errs, err)
		for _, id := range ids {
			if o, there := rows[id]; there && o.Status.Open() && keep(o) {
				found.add(o)
			}
		}
		ids = ids[:0]
	}
	for id, err := range store.ListOpen(ctx, before) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if ids = append(ids, id); len(ids) == chunk {
			read()
		}
		if found.dropped || ctx.Err() != nil {
			break
		}
	}
	if len(ids) > 0 {
		read()
	}
	return errors.Join(errs...)
}

// scan adds orders of the whole table, having said what that costs. A broken row hides no others: the error joins all that is wrong.
func (s *session) scan(ctx context.Context, d deployment, keep func(order.Order) bool, found *ranked) error {
	client := dynamodb.NewFromConfig(d.conf)
	size, err := dynamo.SizeOf(ctx, client, d.stack.OrdersTable)
	if err != nil {
		return err
	}
	s.note("reading the whole table: about %s orders, %s read units (as DynamoDB counted them within the last six hours)", term.Count(size.Rows), term.Count(size.ReadUnits()))
	var errs []error
	for o, err := range dynamo.ScanOrders(ctx, client, d.stack.OrdersTable) {
		switch {
		case err != nil:
			errs = append(errs, err)
		case keep(o):
			found.add(o)
		}
	}
	return errors.Join(errs...)
}

// ranked holds the first orders of a list, up to a limit, however many are added.
type ranked struct {
	limit   int
	held    []order.Order
	dropped bool // whether there were more
}

// add takes o into the list. Twice the limit is held at most.
func (r *ranked) add(o order.Order) {
	o.Items, o.History = nil, o.History[max(len(o.History)-1, 0):]
	if r.held = append(r.held, o); len(r.held) > 2*r.limit {
		r.cut()
	}
}

func (r *ranked) cut() {
	slices.SortFunc(r.held, func(a, b order.Order) int {
		return cmp.Or(cmp.Compare(rankOf(a.Status), rankOf(b.Status)), lastChange(a).Compare(lastChange(b)), cmp.Compare(a.ID, b.ID))
	})
	if len(r.held) > r.limit {
		clear(r.held[r.limit:])
		r.held, r.dropped = r.held[:r.limit], true
	}
}

// orders returns the list.
func (r *ranked) orders() []order.Order {
	r.cut()
	return r.held
}

// rankOf is the place of a status in a list: what waits for something that should happen by itself, then what waits for an operator.
func rankOf(s order.Status) int {
	switch {
	case s.Open():
		return 0
	case s == order.NeedsAttention:
		return 1
	default:
		return 2 + slices.Index(order.Statuses(), s)
	}
}

// listedOrder is an order of a list as --json prints it.
type listedOrder struct {
	OrderID    order.ID       `json:"order_id"`
	UserID     order.UserID   `json:"user_id"`
	Status     order.Status   `json:"status"`
	Version    int64          `json:"version"`
	Reason     order.Reason   `json:"reason,omitempty"`
	Amount     int64          `json:"amount"` // minor units
	Currency   money.Currency `json:"currency"`
	RecordedAt time.Time      `json:"recorded_at"`
	Since      time.Time      `json:"since"` // when it got its status
}

func (s *session) printOrders(all []order.Order) error {
	if s.options.JSON {
		for _, o := range all {
			if err := s.printJSON(listedOrder{o.ID, o.UserID, o.Status, o.Version, o.Reason, o.Amount, o.Currency, o.RecordedAt, lastChange(o)}); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		s.say("none")
		return nil
	}
	rows := make([][]string, len(all))
	for i, o := range all {
		rows[i] = []string{
			string(o.ID), status(o.Status), span(s.now().Sub(lastChange(o))), term.Plain(string(o.Reason)),
			money.Format(o.Amount, o.Currency) + " " + term.Plain(string(o.Currency)), term.Plain(string(o.UserID)), lastChange(o).Format(order.TimeLayout),
		}
	}
	return term.Table(s.stdout, []term.Column{
		{Title: "order"}, {Title: "status"}, {Title: "for", Right: true}, {Title: "reason"}, {Title: "amount", Right: true}, {Title: "user"}, {Title: "since"},
	}, rows)
}
