package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/witness"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/tap"
)

type contractsVerifyCommand struct {
	For  time.Duration `default:"30s" placeholder:"TIME" help:"How long to watch, an hour at most (default: 30s)."`
	Max  int           `placeholder:"N" help:"Stop after this many events."`
	Type []string      `sep:"," placeholder:"TYPE,..." help:"Watch only these types, such as OrderRecorded, and miss each that does not come."`
	By   string        `placeholder:"NAME" help:"Whose name the rule and the queue bear (default: USER of the environment)."`
}

// Help is what --help adds.
func (contractsVerifyCommand) Help() string {
	return `Watches the stage's bus and holds each event against the contract: EventBridge's envelope, the CloudEvents attributes, the data by
the full JSON Schema validator and by the functions' own checks, the id by the fact, the size, and nothing that looks like personal
data. A fact that comes again must be the same. The stage does not notice: the events come through a rule and a queue of the command's own, which it
removes at the end, also after an interrupt; those of a run that was killed are removed by the next.

    orderflow contracts verify --stage dev --for 5m
    orderflow contracts verify --type OrderRecorded,OrderUpdated --max 10 --json

It exits with 4 where an event breaks the contract. Where none came, or one of --type did not, it exits with 1: a contract test that
found nothing to check has failed. On AWS a new rule may take a minute until it gets all events.`
}

// longestWatch keeps a watch apart from what a killed one left behind.
const longestWatch = time.Hour

// Errors of a watch.
var (
	errBrokenContract = errors.New("the contract is broken")
	errNothingSeen    = errors.New("nothing was verified")
)

// Run watches the bus.
func (c contractsVerifyCommand) Run(ctx context.Context, s *session) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	w, err := witness.New()
	if err != nil {
		return err
	}
	return s.tapped(ctx, filter, c.By, func(d deployment, from source) error {
		s.note("watching %s for %s", d.stack.BusName, c.For)
		watched := c.watch(ctx, s, from, w)
		return errors.Join(watched, c.verdict(s, filter.Types, w.Counts()))
	})
}

func (c contractsVerifyCommand) filter() (tap.Filter, error) {
	var f tap.Filter
	if c.For <= 0 || c.For > longestWatch {
		return f, usagef("--for must be over 0 and at most %s", longestWatch)
	}
	if c.Max < 0 {
		return f, usagef("--max must not be negative")
	}
	var err error
	f.Types, err = typesNamed(c.Type)
	return f, err
}

// typesNamed finds types as [lookup] does.
func typesNamed(names []string) ([]events.Type, error) {
	var types []events.Type
	for _, name := range names {
		entry, err := lookup(name)
		if err != nil {
			return nil, err
		}
		types = append(types, entry.Type)
	}
	return types, nil
}

// tapped runs use with what a rule and a queue of the command's own take from the stage's bus, in the name of by or else USER of the
// environment. It removes both at the end, also after an interrupt, and first what killed runs left behind.
func (s *session) tapped(ctx context.Context, filter tap.Filter, by string, use func(d deployment, from source) error) (err error) {
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := s.removeLeftovers(ctx, d); err != nil {
		return err
	}
	opened, err := tap.Open(ctx, d.conf, d.stack.BusName, filter, cmp.Or(by, s.getenv("USER")), s.now())
	if err != nil {
		return err
	}
	defer func() {
		left := opened.Close()
		if left != nil && ctx.Err() != nil {
			s.note("%v", left) // an interrupt hides what the command returns
		}
		err = errors.Join(err, left)
	}()
	return use(d, opened)
}

// removeLeftovers removes the taps that are older than any watch can be.
func (s *session) removeLeftovers(ctx context.Context, d deployment) error {
	found, err := tap.Leftovers(ctx, d.conf, d.stack.BusName)
	if err != nil {
		return err
	}
	for _, l := range found {
		if s.now().Sub(l.Started) <= longestWatch+tap.MaxWait {
			continue
		}
		if err := tap.Remove(ctx, d.conf, d.stack.BusName, l); err != nil {
			return err
		}
		s.note("removed %s, which a run of %s had left behind", l.Name, l.Owner)
	}
	return nil
}

// source is where captured events come from. Receive waits that long, to the second, where there are none.
type source interface {
	Receive(ctx context.Context, wait time.Duration) ([]string, error)
}

// watch shows the witness what comes, until the time is over or the number is reached.
func (c contractsVerifyCommand) watch(ctx context.Context, s *session, from source, w *witness.Witness) error {
	seen := 0
	for end := s.now().Add(c.For); c.Max == 0 || seen < c.Max; {
		left := end.Sub(s.now())
		if left <= 0 {
			return nil
		}
		// A wait of less than a second would ask again and again.
		captured, err := from.Receive(ctx, max(left, time.Second))
		for _, message := range captured {
			if seen++; c.Max > 0 && seen > c.Max {
				break
			}
			if err := s.printViolations(w.See(message)); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) printViolations(found []witness.Violation) error {
	for _, v := range found {
		if !s.options.JSON {
			s.say("%s", term.Bad(fmt.Sprintf("%s of order %s: %s %s", v.Type, v.OrderID, cmp.Or(v.Pointer, "/"), v.Detail)))
			continue
		}
		if err := s.printJSON(v); err != nil {
			return err
		}
	}
	return nil
}

// verdict prints the counts and says what follows from them.
func (c contractsVerifyCommand) verdict(s *session, wanted []events.Type, counts []witness.Count) error {
	if err := s.printCounts(counts); err != nil {
		return err
	}
	total, broken := 0, 0
	for _, n := range counts {
		total += n.Events
		broken += n.Violations
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(t events.Type) bool {
		return slices.ContainsFunc(counts, func(n witness.Count) bool { return n.Type == string(t) })
	})
	switch {
	case broken > 0:
		return fmt.Errorf("%w: %d violations in %d events", errBrokenContract, broken, total)
	case total == 0:
		return fmt.Errorf("%w: no event came in %s", errNothingSeen, c.For)
	case len(missing) > 0:
		return fmt.Errorf("%w of %s", errNothingSeen, join(missing))
	}
	if !s.options.JSON {
		s.say("%s", term.Good(fmt.Sprintf("%d events keep the contract", total)))
	}
	return nil
}

func (s *session) printCounts(counts []witness.Count) error {
	if s.options.JSON {
		for _, n := range counts {
			if err := s.printJSON(n); err != nil {
				return err
			}
		}
		return nil
	}
	if len(counts) == 0 {
		return nil
	}
	rows := make([][]string, len(counts))
	for i, n := range counts {
		rows[i] = []string{n.Type, strconv.Itoa(n.Events), strconv.Itoa(n.Violations)}
	}
	return term.Table(s.stdout, []term.Column{{Title: "type"}, {Title: "events", Right: true}, {Title: "violations", Right: true}}, rows)
}

func join(types []events.Type) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.Name()
	}
	return strings.Join(names, ", ")
}
