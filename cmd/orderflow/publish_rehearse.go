package main

import (
	"context"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/events"
)

// rehearsed is what publishing an event would bring about.
type rehearsed struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	OrderID string  `json:"order_id"`
	Rules   []route `json:"rules"`
}

// rehearse tells which rules would take the events. It publishes nothing.
func (s *session) rehearse(ctx context.Context, d deployment, batch []event.Event) error {
	r, err := d.route(ctx, s.now())
	if err != nil {
		return err
	}
	for _, e := range batch {
		rules, err := routesOf(ctx, r, e)
		if err != nil {
			return err
		}
		if err := s.printRehearsed(rehearsed{e.ID(), e.Type(), e.Subject(), rules}); err != nil {
			return err
		}
	}
	if !s.options.JSON {
		s.say("nothing was published")
	}
	return nil
}

// routesOf asks about an event as it would be published. What the bus must not have is a usageError.
func routesOf(ctx context.Context, r *router, e event.Event) ([]route, error) {
	detail, err := events.Encode(e)
	if err != nil {
		return nil, usageError{err}
	}
	b, err := enclose(detail, e.Source(), e.Type())
	if err != nil {
		return nil, err
	}
	full, err := r.complete(b)
	if err != nil {
		return nil, err
	}
	return r.routes(ctx, full, true)
}

func (s *session) printRehearsed(r rehearsed) error {
	if s.options.JSON {
		return s.printJSON(r)
	}
	s.say("%s %s of order %s", term.Bold(r.Type), term.Plain(r.ID), r.OrderID)
	return s.printRoutes(r.Rules)
}
