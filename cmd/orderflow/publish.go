package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/strictjson"
	"github.com/orderflow/orderflow/schemas"
)

type publishCommand struct {
	Type    string `arg:"" help:"Type of the events, such as OrderRecorded."`
	File    string `arg:"" optional:"" default:"-" help:"File with one event's data a line, as JSON; - reads the standard input (default)."`
	Example bool   `help:"Publish the type's published example in place of a file."`
	DryRun  bool   `help:"Tell which rules of the stage would take the events, and publish nothing."`
}

// Help is what --help adds.
func (publishCommand) Help() string {
	var names []string
	for _, e := range events.Catalog() {
		names = append(names, e.Type.Name())
	}
	return `A line may also be a whole CloudEvent of that type, which is then published as it is. Every line is checked first; a bad one
stops all. An event's id comes from its data, so publishing the same line again states the same fact again. Its time is what the
data says, else now.

    orderflow publish OrderRecorded --example --dry-run
    orderflow publish OrderCancelRequested requests.ndjson

Types: ` + strings.Join(names, ", ")
}

// Run publishes the events.
func (c publishCommand) Run(ctx context.Context, s *session) error {
	entry, err := lookup(c.Type)
	if err != nil {
		return err
	}
	lines, err := c.lines(s, entry)
	if err != nil {
		return err
	}
	batch, err := c.compose(s, entry, lines)
	if err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if c.DryRun {
		return s.rehearse(ctx, d, batch)
	}
	publisher := bus.New(eventbridge.NewFromConfig(d.conf), d.stack.BusName)
	return s.reportPublished(batch, publisher.Publish(ctx, batch))
}

// lookup finds a type by its full name or without the prefix, the major version, or both.
func lookup(name string) (events.Entry, error) {
	for _, e := range events.Catalog() {
		full := string(e.Type)
		if name == full || name == e.Type.Name() || name == strings.TrimPrefix(full, "com.orderflow.") {
			return e, nil
		}
	}
	return events.Entry{}, usagef("there is no event type %q; see orderflow publish --help", name)
}

func (c publishCommand) lines(s *session, entry events.Entry) ([][]byte, error) {
	if c.Example {
		examples := schemas.Examples(strings.TrimPrefix(string(entry.Type), "com.orderflow."), schemas.Valid)
		for _, e := range examples {
			if e.Name == "full" {
				return [][]byte{e.Text}, nil
			}
		}
		return nil, fmt.Errorf("type %s has no example", entry.Type.Name())
	}
	in, err := s.open(c.File)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readLines(in)
}

// readLines reads all lines, blank ones among them so that they count.
func readLines(in io.Reader) ([][]byte, error) {
	var lines [][]byte
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, events.MaxSize)
	for scan.Scan() {
		lines = append(lines, bytes.Clone(scan.Bytes()))
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return nil, usagef("line %d: %w", len(lines)+1, events.ErrTooLarge)
	}
	return lines, scan.Err()
}

// violation is what is wrong with a line.
type violation struct {
	Line    int    `json:"line"`
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// compose makes events of all lines, or prints everything that is wrong with them.
func (c publishCommand) compose(s *session, entry events.Entry, lines [][]byte) ([]event.Event, error) {
	var batch []event.Event
	var wrong []violation
	for i, line := range lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := compose(entry, line, s.now())
		if err != nil {
			wrong = append(wrong, violations(i+1, err)...)
			continue
		}
		batch = append(batch, e)
	}
	if len(wrong) == 0 && len(batch) == 0 {
		return nil, usagef("there is no event to publish")
	}
	for _, v := range wrong {
		if s.options.JSON {
			if err := s.printJSON(v); err != nil {
				return nil, err
			}
			continue
		}
		s.note("line %d: %s", v.Line, strings.TrimPrefix(v.Pointer+" ", " ")+v.Detail)
	}
	if len(wrong) > 0 {
		return nil, usagef("nothing was published")
	}
	return batch, nil
}

func violations(line int, err error) []violation {
	e, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return []violation{{line, "", err.Error()}}
	}
	found := make([]violation, len(e.Violations))
	for i, v := range e.Violations {
		found[i] = violation{line, v.Pointer, v.Detail}
	}
	return found
}

// compose makes an event of a line, which is its data or the event itself.
func compose(entry events.Entry, line []byte, now time.Time) (event.Event, error) {
	var peek struct {
		SpecVersion string `json:"specversion"`
		OrderID     string `json:"order_id"`
	}
	if json.Unmarshal(line, &peek) == nil && peek.SpecVersion != "" {
		return whole(entry, line)
	}
	data, err := decode(entry, line, peek.OrderID)
	if err != nil {
		return event.Event{}, err
	}
	return events.New(data, committed(data, now), events.Cause{})
}

func whole(entry events.Entry, line []byte) (event.Event, error) {
	e, err := events.Parse(line)
	if err != nil {
		return event.Event{}, err
	}
	if e.Type() != string(entry.Type) {
		return event.Event{}, strictjson.Report([]strictjson.Violation{{Pointer: "/type", Detail: "must be " + string(entry.Type)}})
	}
	_, err = events.DataOf(e)
	return e, err
}

// decode reads data alone, by way of an event that has nothing else.
func decode(entry events.Entry, line []byte, subject string) (events.Data, error) {
	data, err := events.DataOf(event.Event{
		Context:     &event.EventContextV1{Type: string(entry.Type), Subject: &subject},
		DataEncoded: line,
	})
	if e, ok := errors.AsType[*strictjson.Error](err); ok {
		inData := make([]strictjson.Violation, len(e.Violations))
		for i, v := range e.Violations {
			inData[i] = strictjson.Violation{Pointer: strings.TrimPrefix(v.Pointer, "/data"), Detail: v.Detail}
		}
		return nil, strictjson.Report(inData)
	}
	return data, err
}

// committed is when the fact in d came about, as far as d says.
func committed(d events.Data, now time.Time) time.Time {
	switch d := d.(type) {
	case events.OrderRecorded:
		return d.RecordedAt
	case events.PaymentProcessed:
		return d.ProcessedAt
	default:
		return now.UTC().Truncate(time.Millisecond)
	}
}

// published is what became of an event.
type published struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	OrderID string `json:"order_id"`
	Error   string `json:"error,omitempty"`
}

func (s *session) reportPublished(batch []event.Event, errs []error) error {
	failed := 0
	for i, e := range batch {
		p := published{ID: e.ID(), Type: e.Type(), OrderID: e.Subject()}
		if errs[i] != nil {
			failed++
			p.Error = errs[i].Error()
		}
		if err := s.printPublished(p); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d events were not published; publishing all again does no harm", failed, len(batch))
	}
	return nil
}

func (s *session) printPublished(p published) error {
	switch {
	case s.options.JSON:
		return s.printJSON(p)
	case p.Error != "":
		s.note("%s of order %s: %s", p.ID, p.OrderID, p.Error)
	default:
		s.say("published %s %s of order %s", p.Type, p.ID, p.OrderID)
	}
	return nil
}
