package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/replay"
	"github.com/orderflow/orderflow/internal/saga"
)

type dlqReplayCommand struct {
	Queue string `arg:"" help:"Name of the queue, as dlq ls has it."`
	letterFilter
	Execute    bool    `help:"Do it; without this the plan is printed and nothing is sent."`
	Max        int     `placeholder:"N" help:"Replay N letters at most."`
	Rate       float64 `default:"50" placeholder:"N" help:"Send N a second at most; 0 sets no limit (default: 50)."`
	Keep       bool    `help:"Leave what was sent in the dead-letter queue."`
	MaxReplays int     `default:"5" placeholder:"N" help:"Leave alone what was replayed N times already (default: 5)."`
	Tolerate   int     `placeholder:"N" help:"Go on until more than N letters have come back (default: 0)."`
	By         string  `placeholder:"NAME" help:"Who replays, as the messages and the journal say it (default: USER of the environment)."`
	Journal    string  `placeholder:"FILE" help:"Where to keep the journal (default: a new file in this folder)."`
	Resume     string  `placeholder:"FILE" help:"Go on with the replay of this journal."`
}

// Help is what --help adds.
func (dlqReplayCommand) Help() string {
	return `A letter goes back to the queue of the function that gave it up, or to the one target that EventBridge could not reach; never to the bus, where all
would get it again. What was wrapped around it is taken off. An order that relay-order could not announce is announced again from the table.
Each letter is sent, noted in the journal, and only then deleted: after a crash, --resume goes on where it was; at most the ten in flight are
sent twice, which the functions stand. Only what was there at the start is replayed. When a letter comes back the replay stops, with exit
code 4. What was replayed --max-replays times already is left where it is. Mend the cause first; see docs/runbooks/dead-letters.md.

    orderflow dlq replay process-payment
    orderflow dlq replay process-payment --reason provider_refused --max 10 --execute
    orderflow dlq replay process-payment --resume orderflow-replay-dev-process-payment-20260301T093000Z.ndjson --execute`
}

// Run plans, or executes.
func (c dlqReplayCommand) Run(ctx context.Context, s *session) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	if err := c.check(filter); err != nil {
		return err
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
	planner := replay.Planner{From: from, All: all, MaxReplays: c.MaxReplays}
	if !c.Execute {
		return c.plan(ctx, s, d, planner, filter)
	}
	return c.execute(ctx, s, d, planner, filter)
}

// slowest is the lowest rate that may be asked for, so that an answer comes within sight.
const slowest = 0.1

func (c dlqReplayCommand) check(filter replay.Filter) error {
	switch {
	case c.Rate != 0 && c.Rate < slowest:
		return usagef("--rate must be 0, or %g at least", slowest)
	case c.Max < 0 || c.MaxReplays < 1 || c.Tolerate < 0:
		return usagef("--max and --tolerate must not be negative, and --max-replays must be 1 at least")
	case c.Resume != "" && (filter != replay.Filter{} || c.Max != 0 || c.Keep || c.Journal != ""):
		return usagef("with --resume the journal says which letters are meant, how many, and whether to keep them")
	case c.Resume != "" && !c.Execute:
		return usagef("--resume goes with --execute")
	}
	return nil
}

// planned is what steps have in common.
type planned struct {
	Way  replay.Way `json:"way"`
	To   string     `json:"to,omitempty"`
	Type string     `json:"type,omitempty"`
	Why  string     `json:"why,omitempty"`
}

// plannedLine is a line of the plan.
type plannedLine struct {
	Letters int `json:"letters"`
	planned
}

func (c dlqReplayCommand) plan(ctx context.Context, s *session, d deployment, planner replay.Planner, filter replay.Filter) error {
	counts := map[planned]int{}
	total := 0
	err := replay.Survey(ctx, replay.NewQueue(sqs.NewFromConfig(d.conf), planner.From.DeadLetters), 0, func(l replay.Letter) {
		step := planner.Plan(l)
		if !filter.Match(l, s.now()) || step.Way != replay.Leave && c.Max > 0 && total == c.Max {
			return
		}
		if step.Way != replay.Leave {
			total++
		}
		counts[planned{step.Way, step.To, l.Type, step.Why}]++
	})
	if err != nil {
		return err
	}
	if err := s.printPlan(counts); err != nil || s.options.JSON {
		return err
	}
	takes := ""
	if c.Rate > 0 && total > 0 {
		takes = fmt.Sprintf(" and takes about %s", term.Duration(time.Duration(float64(total)/c.Rate*float64(time.Second))))
	}
	s.say("nothing was sent; --execute replays %d letters%s", total, takes)
	return nil
}

func (s *session) printPlan(counts map[planned]int) error {
	sorted := slices.SortedFunc(maps.Keys(counts), func(a, b planned) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a.Way, b.Way), cmp.Compare(a.To, b.To), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Why, b.Why))
	})
	rows := make([][]string, len(sorted))
	for i, p := range sorted {
		if s.options.JSON {
			if err := s.printJSON(plannedLine{counts[p], p}); err != nil {
				return err
			}
		}
		rows[i] = []string{strconv.Itoa(counts[p]), dash(p.Type), p.says()}
	}
	if s.options.JSON || len(rows) == 0 {
		return nil
	}
	return term.Table(s.stdout, []term.Column{{Title: "letters", Right: true}, {Title: "type"}, {Title: "plan"}}, rows)
}

func (p planned) says() string {
	switch p.Way {
	case replay.ToQueue:
		return "send to the queue of " + p.To
	case replay.Announce:
		return "announce the order again, from the table"
	case replay.Saga:
		return "start the saga"
	default:
		return "leave: " + p.Why
	}
}

func (c dlqReplayCommand) execute(ctx context.Context, s *session, d deployment, planner replay.Planner, filter replay.Filter) error {
	if err := s.confirmStage("dead letters of " + planner.From.Name + " will be replayed"); err != nil {
		return err
	}
	journal, path, err := c.journal(s, planner.From, filter)
	if err != nil {
		return err
	}
	defer journal.Close()
	s.note("journal: %s", path)
	client := sqs.NewFromConfig(d.conf)
	queue := replay.NewQueue(client, planner.From.DeadLetters)
	count, err := queue.Count(ctx)
	if err != nil {
		return err
	}
	total := count.Visible
	if journal.Run.Max > 0 {
		total = min(total, max(0, journal.Run.Max-journal.Sent()))
	}
	shown := term.NewProgress(ctx, s.console)
	bar := shown.Bar("replayed", total)
	report, err := replay.Runner{
		Queue: queue, Planner: planner, Journal: journal, Tolerate: c.Tolerate, Progress: bar.Add,
		Send: s.ways(d, client, journal.Run.By).Send,
		Pace: &replay.Pace{PerSecond: c.Rate, Now: s.now, Sleep: sleep},
	}.Run(ctx)
	bar.End()
	shown.Wait()
	return errors.Join(err, s.printReport(report, path, err != nil))
}

// journal starts the journal of a replay, or goes on with one.
func (c dlqReplayCommand) journal(s *session, from replay.Place, filter replay.Filter) (*replay.Journal, string, error) {
	if c.Resume != "" {
		j, err := replay.Open(c.Resume)
		if errors.Is(err, replay.ErrJournal) || errors.Is(err, os.ErrNotExist) {
			return nil, "", usageError{err}
		}
		if err != nil {
			return nil, "", err
		}
		if run := j.Run; run.Stage != s.options.Stage || run.Queue != from.Name || run.URL != from.DeadLetters {
			return nil, "", errors.Join(usagef("the journal is of the queue %s of stage %s", term.Plain(run.Queue), term.Plain(run.Stage)), j.Close())
		}
		return j, c.Resume, nil
	}
	now := s.now().UTC()
	path := cmp.Or(c.Journal, fmt.Sprintf("orderflow-replay-%s-%s-%s.ndjson", s.options.Stage, from.Name, now.Format("20060102T150405Z")))
	j, err := replay.Create(path, replay.Run{
		Stage: s.options.Stage, Queue: from.Name, URL: from.DeadLetters, By: cmp.Or(c.By, s.getenv("USER"), "operator"), Started: now,
		Filter: filter, Max: c.Max, Keep: c.Keep,
	})
	if errors.Is(err, os.ErrExist) {
		return nil, "", usagef("%s is there already; go on with it by --resume, or name another --journal", path)
	}
	return j, path, err
}

func (s *session) ways(d deployment, client *sqs.Client, by string) replay.Ways {
	publisher := bus.New(eventbridge.NewFromConfig(d.conf), d.stack.BusName)
	return replay.Ways{
		Client: client, By: by,
		Announce: func(ctx context.Context, l replay.Letter) error {
			o, err := d.orders().Get(ctx, l.OrderID)
			if err != nil {
				return err
			}
			e, err := announce.Recorded(o)
			if err != nil {
				return err
			}
			return errors.Join(publisher.Publish(ctx, []event.Event{e})...)
		},
		Saga: func(ctx context.Context, l replay.Letter) error {
			_, err := startSaga(ctx, d, saga.Task{OrderID: l.OrderID, Version: l.Version})
			return err
		},
	}
}

// sleep waits for d, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// confirmStage asks for the stage's name where the stage is prod. The error is a usageError where it is not given.
func (s *session) confirmStage(what string) error {
	if s.options.Stage != "prod" {
		return nil
	}
	fmt.Fprintf(s.stderr, "%s. Type the stage's name to go on: ", what)
	scan := bufio.NewScanner(s.stdin)
	if !scan.Scan() || strings.TrimSpace(scan.Text()) != s.options.Stage {
		return errors.Join(usagef("not confirmed; nothing was done"), scan.Err())
	}
	return nil
}

// reportLine is what --json prints.
type reportLine struct {
	Sent      int            `json:"sent"`
	Deleted   int            `json:"deleted"`
	Undeleted int            `json:"undeleted"`
	Failed    int            `json:"failed"`
	Other     int            `json:"other"`
	Newer     int            `json:"newer"`
	Returned  int            `json:"returned"`
	Left      map[string]int `json:"left"`
	Journal   string         `json:"journal"`
}

func (s *session) printReport(r replay.Report, journal string, stopped bool) error {
	if s.options.JSON {
		line := reportLine{r.Sent, r.Deleted, r.Undeleted, r.Failed, r.Other, r.Newer, r.Returned, r.Left, journal}
		if err := s.printJSON(line); err != nil {
			return err
		}
	} else {
		s.sayReport(r)
	}
	if stopped || r.Failed+r.Undeleted > 0 {
		s.note("to go on: orderflow dlq replay … --execute --resume %s", journal)
	}
	if r.Failed+r.Undeleted > 0 {
		return fmt.Errorf("%d letters could not be sent, and %d that were sent could not be deleted; all of them are still there", r.Failed, r.Undeleted)
	}
	return nil
}

func (s *session) sayReport(r replay.Report) {
	s.say("%s, %d deleted", term.Good(fmt.Sprintf("%d letters sent", r.Sent)), r.Deleted)
	for _, why := range slices.Sorted(maps.Keys(r.Left)) {
		s.say("%d left: %s", r.Left[why], why)
	}
	if r.Other > 0 {
		s.say("%d left: not meant", r.Other)
	}
	if r.Newer > 0 {
		s.say("%d left: they came after the start, %d of them for the second time", r.Newer, r.Returned)
	}
}
