package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/replay"
)

type dlqPeekCommand struct {
	Queue string `arg:"" help:"Name of the queue, as dlq ls has it."`
	letterFilter
	Limit  int  `default:"1000" placeholder:"N" help:"Look at N letters at most; 0 looks at all (default: 1000)."`
	Each   bool `help:"Also print a line for each letter."`
	Reveal bool `help:"Also print the letters' bodies, which may hold customers' data."`
}

// Help is what --help adds.
func (dlqPeekCommand) Help() string {
	return `SQS has no look without a receive: each letter is hidden for half a minute at most, then given back, and its receive count goes up by one.
A dead-letter queue does not act on that count. Two who look at once each see a part.

    orderflow dlq peek process-payment
    orderflow dlq peek update-order --reason no_such_order --older 1h --each`
}

// group is what letters have in common.
type group struct {
	Function string       `json:"function,omitempty"`
	Code     string       `json:"code"`
	Type     string       `json:"type,omitempty"`
	Shape    replay.Shape `json:"shape"`
	Reason   string       `json:"reason,omitempty"`
}

// grouped is a line of dlq peek.
type grouped struct {
	Letters int `json:"letters"`
	group
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
}

// letterLine is a line for one letter.
type letterLine struct {
	Message  string    `json:"message"`
	OrderID  order.ID  `json:"order_id,omitempty"`
	EventID  string    `json:"event_id,omitempty"`
	Code     string    `json:"code"`
	SentAt   time.Time `json:"sent_at"`
	Receives int       `json:"receives"`
	Replays  int       `json:"replays"`
	Body     string    `json:"body,omitempty"`
}

// Run looks into the queue.
func (c dlqPeekCommand) Run(ctx context.Context, s *session) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return usagef("--limit must not be negative")
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	all, err := s.places(ctx, d)
	if err != nil {
		return err
	}
	from, err := place(all, c.Queue)
	if err != nil {
		return err
	}
	groups := map[group]grouped{}
	var printed error
	err = replay.Survey(ctx, replay.NewQueue(sqs.NewFromConfig(d.conf), from.DeadLetters), c.Limit, func(l replay.Letter) {
		if !filter.Match(l, s.now()) {
			return
		}
		add(groups, l)
		if printed == nil && (c.Each || c.Reveal) {
			printed = s.printLetter(l, c.Reveal)
		}
	})
	if err := cmp.Or(err, printed); err != nil {
		return err
	}
	return s.printGroups(groups)
}

func add(groups map[group]grouped, l replay.Letter) {
	key := group{l.Function, why(l), l.Type, l.Shape, l.Reason}
	g, there := groups[key]
	if !there {
		g = grouped{group: key, Oldest: l.SentAt, Newest: l.SentAt}
	}
	g.Letters++
	if l.SentAt.Before(g.Oldest) {
		g.Oldest = l.SentAt
	}
	if l.SentAt.After(g.Newest) {
		g.Newest = l.SentAt
	}
	groups[key] = g
}

func (s *session) printLetter(l replay.Letter, reveal bool) error {
	line := letterLine{l.ID, l.OrderID, l.EventID, why(l), l.SentAt, l.Receives, l.Replays, ""}
	if reveal {
		line.Body = l.Body
	}
	if s.options.JSON {
		return s.printJSON(line)
	}
	s.say("%s  order %s  event %s  %s  %s old  received %d, replayed %d times", term.Plain(line.Message), dash(string(line.OrderID)), dash(line.EventID),
		term.Plain(line.Code), letterAge(s.now().Sub(line.SentAt)), line.Receives, line.Replays)
	if reveal {
		s.say("  %s", term.Plain(line.Body))
	}
	return nil
}

// dash is text, made harmless, or a dash where there is none.
func dash(text string) string { return cmp.Or(term.Plain(text), "-") }

func (s *session) printGroups(groups map[group]grouped) error {
	sorted := slices.SortedFunc(maps.Values(groups), func(a, b grouped) int {
		return cmp.Or(b.Letters-a.Letters, cmp.Compare(a.Code, b.Code), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Reason, b.Reason))
	})
	rows := make([][]string, len(sorted))
	for i, g := range sorted {
		if s.options.JSON {
			if err := s.printJSON(g); err != nil {
				return err
			}
			continue
		}
		rows[i] = []string{
			strconv.Itoa(g.Letters), term.Plain(g.Code), dash(g.Function), dash(g.Type), string(g.Shape), letterAge(s.now().Sub(g.Oldest)), term.Plain(g.Reason),
		}
	}
	switch {
	case s.options.JSON:
		return nil
	case len(rows) == 0:
		s.say("there is no such letter")
		return nil
	}
	return term.Table(s.stdout, []term.Column{
		{Title: "letters", Right: true}, {Title: "code"}, {Title: "given up by"}, {Title: "type"}, {Title: "shape"}, {Title: "oldest", Right: true}, {Title: "reason"},
	}, rows)
}
