package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

type orderCommands struct {
	Place  orderPlaceCommand  `cmd:"" help:"Place an order as the stack's own shop."`
	Show   orderShowCommand   `cmd:"" help:"Show all that happened about an order as one timeline."`
	Ls     orderLsCommand     `cmd:"" help:"List orders, those first that have been stuck longest."`
	Watch  orderWatchCommand  `cmd:"" help:"Follow an order until it comes to rest."`
	Cancel orderCancelCommand `cmd:"" help:"Cancel an order as the stack's own shop; what was paid is returned."`
}

type orderPlaceCommand struct {
	ID            order.ID       `name:"id" placeholder:"ID" help:"Order id, so that placing it again changes nothing (default: a new one)."`
	User          order.UserID   `required:"" placeholder:"ID" help:"User who buys."`
	Amount        *int64         `placeholder:"N" help:"Amount in minor units, such as cents (default: the sum of the items)."`
	Currency      money.Currency `default:"USD" help:"ISO 4217 code (default: USD)."`
	Item          []string       `sep:"none" placeholder:"SKU:QUANTITY:UNIT" help:"A line of the order, its unit amount in minor units. May be given again."`
	PaymentMethod string         `placeholder:"ID" help:"What to charge in place of the user's own."`
	Watch         bool           `help:"Follow the order until it comes to rest."`
	Timeout       time.Duration  `default:"30s" help:"How long to follow (default: 30s)."`
}

// Help is what --help adds.
func (orderPlaceCommand) Help() string {
	return `    orderflow order place --user kim --item tea:2:450 --item cup:1:1299 --watch
    orderflow order place --user kim --amount 999 --currency JPY --payment-method pm_card_visa_chargeDeclined`
}

type orderWatchCommand struct {
	ID      order.ID      `arg:"" help:"Order id."`
	Timeout time.Duration `default:"30s" help:"How long to follow (default: 30s)."`
}

// Run places the order.
func (c orderPlaceCommand) Run(ctx context.Context, s *session) error {
	o, err := c.order()
	if err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	shop := d.shop()
	placed, err := shop.Place(ctx, o)
	if err != nil {
		return err
	}
	if err := s.printPlaced(o, placed); err != nil {
		return err
	}
	if !c.Watch {
		return nil
	}
	return s.watch(ctx, shop, o.OrderID, c.Timeout)
}

// order makes the request's body. What is wrong with it otherwise the API says.
func (c orderPlaceCommand) order() (api.PlaceOrder, error) {
	items := make([]order.Item, len(c.Item))
	for i, text := range c.Item {
		var err error
		if items[i], err = parseItem(text); err != nil {
			return api.PlaceOrder{}, err
		}
	}
	if c.Amount == nil && len(items) == 0 {
		return api.PlaceOrder{}, usagef("give --amount or --item")
	}
	sum, ok := order.Sum(items)
	if !ok {
		return api.PlaceOrder{}, usagef("the items add up to more than %d, or one is out of bounds", order.MaxAmount)
	}
	if c.Amount != nil {
		sum = *c.Amount
	}
	return api.PlaceOrder{
		OrderID: cmp.Or(c.ID, order.ID(uuid.NewString())), UserID: c.User,
		Amount: sum, Currency: c.Currency, Items: items, PaymentMethod: c.PaymentMethod,
	}, nil
}

// parseItem reads SKU:QUANTITY:UNIT.
func parseItem(text string) (order.Item, error) {
	wrong := usagef("an item is SKU:QUANTITY:UNIT, such as tea:2:450")
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[0] == "" {
		return order.Item{}, wrong
	}
	quantity, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return order.Item{}, wrong
	}
	unit, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return order.Item{}, wrong
	}
	return order.Item{SKU: order.SKU(parts[0]), Quantity: quantity, UnitAmount: unit}, nil
}

// placement is what --json prints of a placed order.
type placement struct {
	OrderID  order.ID `json:"order_id"`
	Replayed bool     `json:"replayed"`
	TookMS   float64  `json:"took_ms"`
}

func (s *session) printPlaced(o api.PlaceOrder, p api.Placed) error {
	if s.options.JSON {
		return s.printJSON(placement{o.OrderID, p.Replayed, milliseconds(p.Took)})
	}
	again := ""
	if p.Replayed {
		again = term.Warn(" (it was there already)")
	}
	s.say("order %s placed in %s%s: %s %s", term.Bold(string(o.OrderID)), term.Duration(p.Took), again, money.Format(o.Amount, o.Currency), o.Currency)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// since says how long after the change before it a change came.
func since(history []api.Change, i int) string {
	if i == 0 {
		return ""
	}
	return term.Duration(history[i].At.Sub(history[i-1].At))
}

// status prints a status in its colour.
func status(s order.Status) string {
	switch s {
	case order.Paid:
		return term.Good(string(s))
	case order.NeedsAttention:
		return term.Bad(string(s))
	case order.Cancelling, order.Cancelled, order.Rejected, order.Refunded:
		return term.Warn(string(s))
	default:
		return term.Plain(string(s))
	}
}

func because(r order.Reason) string {
	if r == "" {
		return ""
	}
	return " (" + term.Plain(string(r)) + ")"
}

// Run follows the order.
func (c orderWatchCommand) Run(ctx context.Context, s *session) error {
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	return s.watch(ctx, d.shop(), c.ID, c.Timeout)
}

// atRest reports whether o waits for nothing that happens by itself.
func atRest(o api.Order) bool { return !o.Status.Open() }

// watch prints the changes of an order as they come, until it is at rest. Its errors are those of [session.watchUntil].
func (s *session) watch(ctx context.Context, orders orders, id order.ID, timeout time.Duration) error {
	return s.watchUntil(ctx, orders, id, timeout, atRest)
}

// watchUntil prints the changes of an order as they come, until it rests. The error is errNoRest where it
// does not in time, and errAttention where it then waits for an operator.
func (s *session) watchUntil(ctx context.Context, orders orders, id order.ID, timeout time.Duration, rests func(api.Order) bool) error {
	o, err := follow(ctx, orders, id, timeout, rests, s.printChange)
	switch {
	case err != nil:
		return err
	case !rests(o):
		return fmt.Errorf("%w: order %s is %s%s after %s", errNoRest, id, o.Status, because(o.Reason), timeout)
	case o.Status == order.NeedsAttention:
		return fmt.Errorf("%w: order %s is %s%s", errAttention, id, o.Status, because(o.Reason))
	default:
		return nil
	}
}

// step is a change as --json prints it.
type step struct {
	api.Change
	OrderID order.ID `json:"order_id"`
	AfterMS float64  `json:"after_ms"` // the change before it; 0 for the first
}

func (s *session) printChange(o api.Order, i int) error {
	c := o.History[i]
	if s.options.JSON {
		after := 0.0
		if i > 0 {
			after = milliseconds(c.At.Sub(o.History[i-1].At))
		}
		return s.printJSON(step{c, o.ID, after})
	}
	line := c.At.Format("15:04:05.000") + "  " + status(c.Status) + because(c.Reason)
	if i > 0 {
		line += term.Faint("  after " + since(o.History, i))
	}
	s.say("%s", line)
	return nil
}

// orders reads orders.
type orders interface {
	Order(ctx context.Context, id order.ID) (api.Order, error)
}

// glance is the time between two looks at an order that is followed.
const glance = 200 * time.Millisecond

// follow tells of every change of an order, those before the first look too, until it rests or the
// time is over. It returns the order as last seen.
func follow(
	ctx context.Context, orders orders, id order.ID, timeout time.Duration, rests func(api.Order) bool, tell func(o api.Order, i int) error,
) (api.Order, error) {
	told, end := 0, time.After(timeout)
	for {
		o, err := orders.Order(ctx, id)
		if err != nil {
			return o, err
		}
		for ; told < len(o.History); told++ {
			if err := tell(o, told); err != nil {
				return o, err
			}
		}
		if rests(o) {
			return o, nil
		}
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-end:
			return o, nil
		case <-time.After(glance):
		}
	}
}
