package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/replay"
	"github.com/orderflow/orderflow/internal/stack"
)

type dlqCommands struct {
	Ls     dlqLsCommand     `cmd:"" help:"List the dead-letter queues: how many letters, how old, and why."`
	Peek   dlqPeekCommand   `cmd:"" help:"Look into a dead-letter queue, grouped by reason."`
	Replay dlqReplayCommand `cmd:"" help:"Plan the replay of dead letters, and with --execute do it."`
}

// letterFilter are the flags that say which dead letters are meant.
type letterFilter struct {
	Order  order.ID      `placeholder:"ID" help:"Only those of this order."`
	Type   string        `placeholder:"TYPE" help:"Only those of this type of event, such as OrderVerified."`
	Reason string        `placeholder:"TEXT" help:"Only those whose error code or reason contains this."`
	Older  time.Duration `placeholder:"TIME" help:"Only those that are at least so old, such as 2h."`
}

func (f letterFilter) filter() (replay.Filter, error) {
	out := replay.Filter{Order: f.Order, Type: f.Type, Reason: f.Reason, Older: f.Older}
	if f.Type != "" {
		entry, err := lookup(f.Type)
		if err != nil {
			return out, err
		}
		out.Type = string(entry.Type)
	}
	return out, nil
}

// places finds the stage's dead-letter queues.
func (s *session) places(ctx context.Context, d deployment) ([]replay.Place, error) {
	name := stack.Name(s.options.Stage)
	found, err := cloudformation.NewFromConfig(d.conf).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil, fmt.Errorf("find the queues of %s: %w", name, err)
	}
	outputs := map[string]string{}
	for _, one := range found.Stacks {
		for _, o := range one.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
	}
	return replay.Places(outputs), nil
}

// place finds one of the stage's dead-letter queues by the function's key.
func place(all []replay.Place, name string) (replay.Place, error) {
	names := make([]string, len(all))
	for i, p := range all {
		if names[i] = p.Name; p.Name == name {
			return p, nil
		}
	}
	return replay.Place{}, usagef("there is no dead-letter queue %q; there are %s", name, strings.Join(names, ", "))
}

type dlqLsCommand struct {
	Look int `default:"50" placeholder:"N" help:"Look at N letters of each queue at most, for age and reasons; 0 looks at none (default: 50)."`
}

// Help is what --help adds.
func (dlqLsCommand) Help() string {
	return `A queue for each function, for what it gave up; "undeliverable" for what EventBridge could not hand to a queue or the saga. Oldest and
reasons are of the letters that were looked at. A look hides a letter for a moment and adds one to its receive count,
which a dead-letter queue does not act on.

    orderflow dlq ls --stage prod`
}

// queued is a line of dlq ls.
type queued struct {
	Queue   string         `json:"queue"`
	Letters int            `json:"letters"`
	Hidden  int            `json:"hidden"` // somebody looks at them
	Looked  int            `json:"looked"`
	Oldest  *time.Time     `json:"oldest,omitempty"`
	Reasons map[string]int `json:"reasons,omitempty"`
}

// Run lists the queues.
func (c dlqLsCommand) Run(ctx context.Context, s *session) error {
	if c.Look < 0 {
		return usagef("--look must not be negative")
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	all, err := s.places(ctx, d)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(d.conf)
	lines := make([]queued, len(all))
	for i, p := range all {
		if lines[i], err = c.look(ctx, replay.NewQueue(client, p.DeadLetters), p.Name); err != nil {
			return err
		}
	}
	return s.printQueued(lines)
}

func (c dlqLsCommand) look(ctx context.Context, queue *replay.Queue, name string) (queued, error) {
	count, err := queue.Count(ctx)
	line := queued{Queue: name, Letters: count.Visible + count.Hidden, Hidden: count.Hidden, Reasons: map[string]int{}}
	if err != nil || count.Visible == 0 || c.Look == 0 {
		return line, err
	}
	err = replay.Survey(ctx, queue, c.Look, func(l replay.Letter) {
		line.Looked++
		line.Reasons[why(l)]++
		if line.Oldest == nil || l.SentAt.Before(*line.Oldest) {
			line.Oldest = &l.SentAt
		}
	})
	return line, err
}

// why is the error code of a letter, or what it means that it has none.
func why(l replay.Letter) string { return cmp.Or(l.Code, "every_delivery_failed") }

// topReasons is how many reasons a line of the table shows.
const topReasons = 3

func (s *session) printQueued(lines []queued) error {
	if s.options.JSON {
		for _, line := range lines {
			if err := s.printJSON(line); err != nil {
				return err
			}
		}
		return nil
	}
	rows := make([][]string, len(lines))
	for i, line := range lines {
		rows[i] = []string{line.Queue, strconv.Itoa(line.Letters), "", top(line.Reasons)}
		if line.Oldest != nil {
			rows[i][2] = letterAge(s.now().Sub(*line.Oldest))
		}
		if line.Hidden > 0 {
			rows[i][3] = strings.TrimSpace(rows[i][3] + fmt.Sprintf(" (%d hidden for now)", line.Hidden))
		}
	}
	return term.Table(s.stdout, []term.Column{{Title: "queue"}, {Title: "letters", Right: true}, {Title: "oldest", Right: true}, {Title: "reasons"}}, rows)
}

// letterAge prints how old a letter is, to the minute: 14d03h, 3h05m, 12m.
func letterAge(d time.Duration) string {
	minutes := int(max(d, 0) / time.Minute)
	switch hours := minutes / 60; {
	case hours >= 48:
		return fmt.Sprintf("%dd%02dh", hours/24, hours%24)
	case hours > 0:
		return fmt.Sprintf("%dh%02dm", hours, minutes%60)
	default:
		return fmt.Sprintf("%dm", minutes)
	}
}

// top are the reasons that occur most.
func top(reasons map[string]int) string {
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(reasons[b]-reasons[a], cmp.Compare(a, b))
	})
	parts := make([]string, 0, topReasons)
	for _, name := range names[:min(len(names), topReasons)] {
		parts = append(parts, fmt.Sprintf("%s %d", term.Plain(name), reasons[name]))
	}
	return strings.Join(parts, ", ")
}
