// Package telemetry writes the log of a function: one JSON line for each record or request, with ids, codes, times and counts in it and room for nothing else.
//
// A value that does not look like an id or a code (letters, digits and a few
// signs, at most 128 of them) is replaced by [Withheld], so that an address, a
// name or a body cannot get into a line, whatever a caller passes.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/outcome"
)

// Withheld stands in a line for a value that is not an id, a code or a name of ours.
const Withheld = "withheld"

// maxValue is the length of the longest value written, in bytes.
const maxValue = 128

// Logger writes the lines of one function. It may be used by many goroutines at once.
type Logger struct {
	handler  slog.Handler
	deployed string // name of the function as it is deployed
	now      func() time.Time
}

// New returns a logger of the named function that writes to w, stamping lines with the time that now returns.
func New(w io.Writer, function string, now func() time.Time) *Logger {
	handler := slog.NewJSONHandler(w, nil)
	return &Logger{
		handler:  handler.WithAttrs([]slog.Attr{slog.String("function", safe(function))}),
		deployed: safe(function),
		now:      now,
	}
}

// Record is what is said of one message that a function handled.
type Record struct {
	MessageID   string // SQS message id, to find the message by
	Order       string
	EventID     string
	Type        string // of the event
	Cause       string // id of the event that caused this one
	TraceParent string // W3C; its trace id is logged
	Outcome     outcome.Kind
	Code        outcome.Code
	Duration    time.Duration // of handling, without publishing
	Attempt     int           // approximate receive count
	Published   int           // events published for it
}

// Record writes the line of one message: at level warn if it comes again, error if it never can succeed.
func (l *Logger) Record(r Record) {
	l.write(levelOf(r.Outcome), "record", line{
		text("message_id", r.MessageID),
		text("order", r.Order),
		text("event_id", r.EventID),
		text("type", r.Type),
		text("cause", r.Cause),
		text("trace", traceID(r.TraceParent)),
		text("outcome", string(r.Outcome)),
		text("code", string(r.Code)),
		milliseconds(r.Duration),
		slog.Int("attempt", r.Attempt),
		slog.Int("published", r.Published),
	})
}

// Request is what is said of one HTTP request.
type Request struct {
	RequestID   string
	Method      string
	Route       string // as in the template, such as "/orders/{order_id}": never the path with what the client put there
	Status      int
	Order       string
	Code        outcome.Code // of the problem, empty where there is none
	TraceParent string
	Duration    time.Duration
}

// Request writes the line of one HTTP request: at level warn for 4xx, error for 5xx.
func (l *Logger) Request(r Request) {
	level := slog.LevelInfo
	switch {
	case r.Status >= 500:
		level = slog.LevelError
	case r.Status >= 400:
		level = slog.LevelWarn
	}
	l.write(level, "request", line{
		text("request_id", r.RequestID),
		text("method", r.Method),
		text("route", r.Route),
		slog.Int("status", r.Status),
		text("order", r.Order),
		text("code", string(r.Code)),
		text("trace", traceID(r.TraceParent)),
		milliseconds(r.Duration),
	})
}

// Fault is something that went wrong beside the outcome of a record or request.
type Fault struct {
	Operation string // what was tried: "handle", "delay"
	Code      outcome.Code
	MessageID string
	Order     string
	EventID   string
	Frame     string // function in which a panic began
}

// Fault writes a line at level error.
func (l *Logger) Fault(f Fault) {
	l.write(slog.LevelError, "fault", line{
		text("operation", f.Operation),
		text("code", string(f.Code)),
		text("message_id", f.MessageID),
		text("order", f.Order),
		text("event_id", f.EventID),
		text("frame", f.Frame),
	})
}

type line []slog.Attr

// write leaves out empty values. A line that cannot be written is lost: there is nowhere to say so.
func (l *Logger) write(level slog.Level, message string, attrs line) {
	record := slog.NewRecord(l.now().UTC(), level, message, 0)
	for _, a := range attrs {
		if a.Value.Kind() != slog.KindString || a.Value.String() != "" {
			record.AddAttrs(a)
		}
	}
	_ = l.handler.Handle(context.Background(), record)
}

func levelOf(kind outcome.Kind) slog.Level {
	switch kind {
	case outcome.KindDone, outcome.KindStale:
		return slog.LevelInfo
	case outcome.KindPermanent:
		return slog.LevelError
	default:
		return slog.LevelWarn
	}
}

func milliseconds(d time.Duration) slog.Attr {
	return slog.Float64("duration_ms", float64(d.Microseconds())/1000)
}

func text(key, value string) slog.Attr { return slog.String(key, safe(value)) }

// safe returns s where it looks like an id, a code or a name in Go, and Withheld otherwise.
func safe(s string) string {
	if len(s) > maxValue || strings.ContainsFunc(s, isForeign) {
		return Withheld
	}
	return s
}

func isForeign(r rune) bool {
	alphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !alphanumeric && !strings.ContainsRune("_-.:/{}()*=$[]", r)
}

// traceID returns the trace-id of a traceparent (https://www.w3.org/TR/trace-context/#traceparent-header), or an empty string.
func traceID(traceparent string) string {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 {
		return ""
	}
	return parts[1]
}
