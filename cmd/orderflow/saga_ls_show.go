package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
)

type sagaShowCommand struct {
	Of   string `arg:"" name:"order|execution" help:"Order id, or an execution's name or ARN."`
	Look int    `default:"100" placeholder:"N" help:"How many executions to look at for an order (default: 100; at most 1000)."`
}

// Help is what --help adds.
func (sagaShowCommand) Help() string {
	return `Shows an execution step by step, or all executions about an order, newest first: how long each step took, how often its function
was called, and the error and cause of a step that could not finish.

` + lookHelp + `

    orderflow saga show o-1042
    orderflow saga show o-1042 --json`
}

// lookHelp says how executions about an order are found.
const lookHelp = `Only an execution's input says which order it is about. So executions of the right age are looked at one by one, those first that
began soon after the order became CANCELLING; where --look ends the search, the output says so.`

// Run shows the executions.
func (c sagaShowCommand) Run(ctx context.Context, s *session) error {
	if c.Look < 1 || c.Look > maxExecutions {
		return usagef("--look must be 1 to %d", maxExecutions)
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if id := order.ID(c.Of); id.Valid() {
		o, err := d.orders().Get(ctx, id)
		if err == nil {
			return s.showSagas(ctx, d, o, c.Look)
		}
		if !errors.Is(err, order.ErrNotFound) {
			return err
		}
	}
	e, err := d.executions().get(ctx, d.executions().arn(c.Of))
	if errors.Is(err, errNoExecution) {
		return fmt.Errorf("%s: %w, nor an order of that id", c.Of, errNoExecution)
	}
	if err != nil {
		return err
	}
	if e, err = d.executions().withSteps(ctx, e); err != nil {
		return err
	}
	return s.printSteps(e)
}

func (s *session) showSagas(ctx context.Context, d deployment, o order.Order, bound int) error {
	found, err := d.executions().about(ctx, o, bound, always)
	if err != nil {
		return err
	}
	for i, e := range found.found {
		if i > 0 && !s.options.JSON {
			s.say("")
		}
		if err := s.printSteps(e); err != nil {
			return err
		}
	}
	switch {
	case len(cancellings(o)) == 0:
		s.note("order %s was never CANCELLING: the saga had nothing to do", o.ID)
	case len(found.found) == 0:
		s.note("found no execution about order %s", o.ID)
	}
	s.noteSearch(found)
	return nil
}

// noteSearch says where a search ended before its end.
func (s *session) noteSearch(found search) {
	switch {
	case found.more:
		s.note("looked at %s of more than %s executions: there may be others about the order; see --look", count(found.looked), count(found.looked+found.left))
	case !found.complete():
		s.note("looked at %s of %s executions: there may be others about the order; see --look", count(found.looked), count(found.looked+found.left))
	}
}

// stepRow is a step as --json prints it.
type stepRow struct {
	Step      string    `json:"step"`
	EnteredAt time.Time `json:"entered_at"`
	TookMS    float64   `json:"took_ms,omitempty"`
	Attempts  int       `json:"attempts,omitempty"` // calls of the step's function
	Error     string    `json:"error,omitempty"`
	Cause     string    `json:"cause,omitempty"`
}

// executionSteps is an execution with its steps as --json prints it.
type executionSteps struct {
	executionRow
	Steps []stepRow `json:"steps"`
}

func (s *session) printSteps(e execution) error {
	if s.options.JSON {
		steps := make([]stepRow, len(e.Steps))
		for i, st := range e.Steps {
			steps[i] = stepRow{Step: st.Name, EnteredAt: st.At, Attempts: st.Attempts, Error: st.Error, Cause: st.Cause}
			if !st.Left.IsZero() {
				steps[i].TookMS = milliseconds(st.Left.Sub(st.At))
			}
		}
		return s.printJSON(executionSteps{rowOf(e), steps})
	}
	s.say("execution %s is %s", term.Bold(term.Plain(e.Name)), executionStatus(e.Status))
	s.say("order %s; started %s%s", about(e), e.Started.Format(order.TimeLayout), afterward(e))
	if why := failureLine(rowOf(e)); unhappy(e) && why != "" {
		s.say("%s", term.Bad(term.Plain(why)))
	}
	rows := make([][]string, len(e.Steps))
	for i, st := range e.Steps {
		rows[i] = []string{"  " + term.Plain(st.Name), st.At.Format("15:04:05.000"), stayed(st), attempts(st), term.Plain(st.Error), term.Plain(st.Cause)}
	}
	return term.Table(s.stdout, []term.Column{{Title: "  step"}, {Title: "entered"}, {Title: "took", Right: true}, {Title: "calls", Right: true}, {Title: "error"}, {Title: "cause"}}, rows)
}

// failureLine says in one line where an execution failed and why, as far as that is known.
func failureLine(r executionRow) string {
	line := strings.TrimSpace(r.FailedStep + " " + r.Error)
	if r.Cause == "" {
		return line
	}
	if line == "" {
		return r.Cause
	}
	return line + ": " + r.Cause
}

func afterward(e execution) string {
	if e.Stopped.IsZero() {
		return ""
	}
	return ", took " + took(e)
}

func stayed(st sagaStep) string {
	if st.Left.IsZero() {
		return ""
	}
	return term.Duration(st.Left.Sub(st.At))
}

func attempts(st sagaStep) string {
	if st.Attempts == 0 {
		return ""
	}
	return strconv.Itoa(st.Attempts)
}
