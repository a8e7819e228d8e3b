package main

import (
	"context"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
)

type orderCancelCommand struct {
	ID      order.ID      `arg:"" help:"Order id."`
	Watch   bool          `help:"Follow the order until its cancellation comes to rest."`
	Timeout time.Duration `default:"30s" help:"How long to follow (default: 30s)."`
}

// Help is what --help adds.
func (orderCancelCommand) Help() string {
	return "    orderflow order cancel 7f0c1c9e --watch"
}

// Run asks for the cancellation.
func (c orderCancelCommand) Run(ctx context.Context, s *session) error {
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	shop := d.shop()
	got, err := shop.Cancel(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := s.printCancellation(got); err != nil {
		return err
	}
	if !c.Watch {
		return nil
	}
	return s.watchUntil(ctx, shop, c.ID, c.Timeout, cancelled)
}

// cancelled reports whether the cancellation of o is over. At PAID it is not: the request has yet to reach the order, whether
// it was paid when that was made or was paid just before.
func cancelled(o api.Order) bool { return atRest(o) && o.Status != order.Paid }

func (s *session) printCancellation(c api.Cancellation) error {
	if s.options.JSON {
		return s.printJSON(c)
	}
	s.say("order %s is %s; cancellation %s", term.Bold(string(c.OrderID)), status(c.Status), term.Plain(strings.ReplaceAll(c.Cancellation, "_", " ")))
	return nil
}
