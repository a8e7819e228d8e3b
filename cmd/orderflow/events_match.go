package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/witness"
	"github.com/orderflow/orderflow/events"
)

type eventsTestCommand struct {
	File string `arg:"" help:"File of events, each a CloudEvent or one in EventBridge's envelope, as JSON; - reads the standard input."`
}

// Help is what --help adds.
func (eventsTestCommand) Help() string {
	return `Reads the rules of the stage's bus and has EventBridge say of each whether it takes the event, so what counts is what is deployed.
For one that does not, the first field is named that is in the way, in the order source, detail-type, fields of the detail.
Each event is also held against the contract, as contracts verify does it. Nothing is published. Rules of the command's own, and
those that AWS manages for an archive, are left out.

    orderflow publish OrderRecorded --example --dry-run
    orderflow events test event.json --stage dev
    orderflow events tail --for 1m --json --reveal | orderflow events test -

It exits with 4 where an event breaks the contract; such an event's own values are not printed.`
}

// tested is what became clear of an event.
type tested struct {
	Event      int      `json:"event"` // its number in the file, from 1
	ID         string   `json:"id"`    // "?" where it is not fit to print
	Type       string   `json:"type"`  // the same
	OrderID    string   `json:"order_id"`
	Accepted   bool     `json:"accepted"` // by the contract
	Violations []breach `json:"violations,omitempty"`
	Rules      []route  `json:"rules"`
}

// specimen is an event out of a file.
type specimen struct {
	event bridged
	bare  bool // there was no envelope of EventBridge's
}

// Run tests the events.
func (c eventsTestCommand) Run(ctx context.Context, s *session) error {
	all, err := c.read(s)
	if err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	r, err := d.route(ctx, s.now())
	if err != nil {
		return err
	}
	refused := 0
	for i, one := range all {
		result, err := test(ctx, r, one)
		if err != nil {
			return fmt.Errorf("event %d: %w", i+1, err)
		}
		result.Event = i + 1
		if !result.Accepted {
			refused++
		}
		if err := s.printTested(result); err != nil {
			return err
		}
	}
	if refused > 0 {
		return fmt.Errorf("%w by %d of %d events", errBrokenContract, refused, len(all))
	}
	return nil
}

func (c eventsTestCommand) read(s *session) ([]specimen, error) {
	in, err := s.open(c.File)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var all []specimen
	for dec := json.NewDecoder(in); ; {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(len(all)+1, err)
		}
		one, err := examine(raw)
		if err != nil {
			return nil, usagef("event %d: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, usagef("there is no event to test")
	}
	return all, nil
}

// unreadable tells bad JSON, whose error would quote it, from a file that cannot be read.
func unreadable(number int, err error) error {
	if _, bad := errors.AsType[*json.SyntaxError](err); bad || errors.Is(err, io.ErrUnexpectedEOF) {
		return usagef("event %d: is not JSON", number)
	}
	return err
}

var errNoEvent = errors.New("is neither a CloudEvent with type and source nor an event in EventBridge's envelope")

// examine finds out which of the two forms an event has.
func examine(raw json.RawMessage) (specimen, error) {
	var b bridged
	var e struct {
		SpecVersion *string         `json:"specversion"`
		Source      *string         `json:"source"`
		Type        *string         `json:"type"`
		DetailType  *string         `json:"detail-type"`
		Detail      json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(raw, &b) != nil || json.Unmarshal(raw, &e) != nil || e.Source == nil {
		return specimen{}, errNoEvent
	}
	switch {
	case e.SpecVersion != nil && e.Type != nil:
		b, err := enclose(raw, *e.Source, *e.Type)
		return specimen{b, true}, err
	case e.DetailType != nil && strings.HasPrefix(string(e.Detail), "{"):
		return specimen{b, false}, nil
	default:
		return specimen{}, errNoEvent
	}
}

// test holds one event against the contract and asks about all rules.
func test(ctx context.Context, r *router, one specimen) (tested, error) {
	event, err := r.complete(one.event)
	if err != nil {
		return tested{}, err
	}
	before := ""
	if one.bare {
		before = "/detail"
	}
	result, err := judge(event, one.event["detail"], before)
	if err != nil {
		return tested{}, err
	}
	result.Rules, err = r.routes(ctx, event, result.Accepted)
	return result, err
}

// judge holds an event against the contract by itself, so that a file may have variants of one fact.
func judge(event, detail json.RawMessage, before string) (tested, error) {
	w, err := witness.New()
	if err != nil {
		return tested{}, err
	}
	if found := w.See(string(event)); len(found) > 0 {
		return tested{ID: found[0].EventID, Type: found[0].Type, OrderID: found[0].OrderID, Violations: breaches(found, before)}, nil
	}
	e, err := events.Parse(detail)
	if err != nil {
		return tested{}, err
	}
	return tested{ID: e.ID(), Type: e.Type(), OrderID: e.Subject(), Accepted: true}, nil
}

func (s *session) printTested(t tested) error {
	if s.options.JSON {
		return s.printJSON(t)
	}
	verdict := term.Good("keeps the contract")
	if !t.Accepted {
		verdict = term.Bad("breaks the contract: " + where(t.Violations))
	}
	s.say("%d. %s %s of order %s %s", t.Event, term.Bold(t.Type), t.ID, t.OrderID, verdict)
	return s.printRoutes(t.Rules)
}
