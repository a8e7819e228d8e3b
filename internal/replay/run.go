package replay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrRefilled means that a replay stopped because what it had sent came back: its cause is not mended.
var ErrRefilled = errors.New("what was replayed comes back to the dead-letter queue; mend its cause first")

// ErrNothingSent means that a replay stopped because no letter of a batch could be sent.
var ErrNothingSent = errors.New("nothing could be sent")

// Report is what a replay did.
type Report struct {
	Sent      int            // now
	Deleted   int            // of those sent now or earlier
	Undeleted int            // sent, but still in the queue; the journal knows them
	Failed    int            // not sent, and still in the queue
	Other     int            // not meant by the filter
	Newer     int            // that came after the start
	Returned  int            // that came back, among the newer ones
	Left      map[string]int // by reason
}

// Runner replays dead letters. All fields but Progress are required.
type Runner struct {
	Queue   *Queue
	Planner Planner
	Journal *Journal
	// Send sends, and returns one error for each step.
	Send func(ctx context.Context, steps []Step) []error
	Pace *Pace
	// Tolerate is how many letters may come back before the replay stops.
	Tolerate int
	Progress func(sent int)
}

// work is one run at work.
type work struct {
	Runner
	pass   *pass
	report Report
}

// Run replays what was in the queue when the journal was started. It sends, has the journal note it, and then deletes; whatever happens in
// between, no letter is lost. The error is ErrRefilled or ErrNothingSent where it stopped before the end. The report is right in any case.
func (r Runner) Run(ctx context.Context) (report Report, err error) {
	w := &work{Runner: r, pass: newPass(r.Queue, true), report: Report{Left: map[string]int{}}}
	defer func() {
		report, err = w.report, errors.Join(err, w.pass.release(ctx))
	}()
	return w.report, w.pass.run(ctx, w.next, w.visit)
}

func (w *work) room() int {
	if w.Journal.Run.Max == 0 {
		return maxBatch
	}
	return max(0, min(maxBatch, w.Journal.Run.Max-w.Journal.Sent()))
}

// next waits for its turn before it receives, so that what was received is not held up.
func (w *work) next(ctx context.Context) (int, error) {
	n := min(w.room(), w.Pace.batch())
	if n == 0 {
		return 0, nil
	}
	return n, w.Pace.wait(ctx, w.report.Sent)
}

func (w *work) visit(ctx context.Context, found []Message) (more bool, err error) {
	var steps []Step
	var done []string // sent by an earlier run
	for _, m := range found {
		switch step, why := w.choose(Read(m)); why {
		case send:
			steps = append(steps, step)
		case sentBefore:
			done = append(done, m.ID)
		case stay:
		}
	}
	if w.report.Returned > w.Tolerate {
		w.remove(ctx, done)
		return false, ErrRefilled
	}
	sent, err := w.send(ctx, steps)
	if err != nil {
		return false, err
	}
	w.remove(ctx, append(done, sent...))
	if w.Progress != nil {
		w.Progress(len(sent))
	}
	return true, nil
}

// choice is what becomes of a letter.
type choice int

const (
	stay choice = iota
	send
	sentBefore
)

// choose decides about a letter, and counts those that stay.
func (w *work) choose(l Letter) (Step, choice) {
	run := w.Journal.Run
	switch {
	case w.Journal.sent[l.ID]:
		return Step{}, sentBefore
	case !l.SentAt.Before(run.Started):
		w.report.Newer++
		if w.Journal.back[l.EventID] {
			w.report.Returned++
		}
		return Step{}, stay
	case !run.Filter.Match(l, run.Started):
		w.report.Other++
		return Step{}, stay
	}
	step := w.Planner.Plan(l)
	if step.Way == Leave {
		w.report.Left[step.Why]++
		return Step{}, stay
	}
	return step, send
}

// send sends, and returns the ids of the messages that were sent for certain.
func (w *work) send(ctx context.Context, steps []Step) ([]string, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	var letters []Letter
	var ids []string
	var failed error
	for i, err := range w.Send(ctx, steps) {
		if err != nil {
			failed = err
			w.report.Failed++
			continue
		}
		letters = append(letters, steps[i].Letter)
		ids = append(ids, steps[i].Letter.ID)
	}
	w.report.Sent += len(ids)
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrNothingSent, failed)
	}
	return ids, w.Journal.Confirm(letters)
}

func (w *work) remove(ctx context.Context, ids []string) {
	if w.Journal.Run.Keep || len(ids) == 0 {
		return
	}
	failed := w.pass.delete(context.WithoutCancel(ctx), ids) // an interrupt need not make them come twice
	w.report.Undeleted += failed
	w.report.Deleted += len(ids) - failed
}

// Outgoing returns the message of a step that goes to a queue, in the name of by.
func (s Step) Outgoing(by string) Outgoing {
	return Outgoing{
		Body: s.Letter.Payload, Attributes: s.attributes(by), TraceHeader: s.Letter.TraceHeader,
		Group: s.Letter.Group, Once: fmt.Sprintf("%s-%d", s.Letter.ID, s.Letter.Replays),
	}
}

// Pace keeps a rate.
type Pace struct {
	// PerSecond is how many messages are sent in a second; 0 sets no limit.
	PerSecond float64
	// Sleep waits, or returns the context's error.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time

	start time.Time
}

// batch is how many messages may be sent at once.
func (p *Pace) batch() int {
	if p.PerSecond == 0 {
		return maxBatch
	}
	return min(maxBatch, max(1, int(p.PerSecond/2)))
}

// wait waits until one more may be sent after those that were.
func (p *Pace) wait(ctx context.Context, sent int) error {
	if p.PerSecond == 0 {
		return nil
	}
	if p.start.IsZero() {
		p.start = p.Now()
	}
	due := p.start.Add(time.Duration(float64(sent) / p.PerSecond * float64(time.Second)))
	if d := due.Sub(p.Now()); d > 0 {
		return p.Sleep(ctx, d)
	}
	return nil
}
