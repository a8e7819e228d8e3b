package foreign_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/orderflow/orderflow/internal/telemetry"
)

// invoke calls a function's handler with a payload as Lambda's runtime would, its deadline included. A handler that is still at it after that fails the test.
func invoke[H any](t *testing.T, handler H, payload []byte) ([]byte, error) {
	t.Helper()
	const limit = 10 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := lambda.NewHandler(handler).Invoke(ctx, payload)
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		t.Fatal("the handler outlives the function's time")
		return nil, nil
	}
}

// decoded reports whether the runtime can make the handler's input of a payload, and reads it.
func decoded[In any](payload []byte) (in In, ok bool) {
	err := json.Unmarshal(payload, &in)
	return in, err == nil
}

// undecodable checks what the runtime does with a payload that is no input at all: the invocation fails, and the function is not entered.
func undecodable(t *testing.T, w *world, err error) {
	t.Helper()
	if err == nil {
		t.Error("got no error for a payload that is no input of the function")
	}
	if w.log.Len() != 0 {
		t.Errorf("the function was entered: %s", w.log.String())
	}
	w.nothingLeft(t)
}

// nothingLeft checks that nothing left the functions but dead letters.
func (w *world) nothingLeft(t *testing.T) {
	t.Helper()
	if w.published != 0 || w.mails != 0 || w.delayed != 0 {
		t.Errorf("got %d events, %d mails and %d messages that come again, want none", w.published, w.mails, w.delayed)
	}
	if rows := len(w.tables.Orders.All()) + len(w.tables.Payments.All()) + len(w.tables.Users.All()) + len(w.tables.Notifications.All()); rows != 0 {
		t.Errorf("got %d rows, want none", rows)
	}
}

// vocabulary are the members of a log line that hold words of ours alone.
var vocabulary = map[string]*regexp.Regexp{
	"time":     regexp.MustCompile(`^2026-11-25T09:00:00Z$`),
	"level":    regexp.MustCompile(`^(INFO|WARN|ERROR)$`),
	"msg":      regexp.MustCompile(`^(record|request|step|metrics)$`),
	"function": regexp.MustCompile(`^[a-z]+$`),
	"outcome":  regexp.MustCompile(`^(done|permanent)$`),
	"code":     regexp.MustCompile(`^[a-z_-]+$`),
	// What CloudWatch is told of the metrics' line.
	"Namespace":    regexp.MustCompile(`^orderflow$`),
	"Dimensions":   regexp.MustCompile(`^FunctionName$`),
	"FunctionName": regexp.MustCompile(`^[a-z]+$`),
	"Name":         regexp.MustCompile(`^[a-z_]+$`),
	"Unit":         regexp.MustCompile(`^(Count|Seconds)$`),
}

// discreet checks the log of a function that was handed s: no panic was caught, and all that its lines hold is words of ours, or ids by which what was handled is found.
func (w *world) discreet(t *testing.T, s sample) {
	t.Helper()
	if w.log.Len() == 0 {
		t.Error("the function logged nothing")
	}
	known := append(s.traceable(), ourMessage, ourRequest, ourOrder, telemetry.Withheld)
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `"panic"`) {
			t.Errorf("the function panicked: %s", line)
		}
		for _, l := range leaves([]byte(line)) {
			if form, ok := vocabulary[l.name]; ok && form.MatchString(l.text) || slices.Contains(known, l.text) {
				continue
			}
			if method, route, _ := strings.Cut(w.route, " "); l.text != method && l.text != route {
				t.Errorf("%s is %q in the log, which is neither a word of ours nor an id: %s", l.name, l.text, line)
			}
		}
	}
}

// TestEveryFunctionIsHandedTheSamples compares the functions that these tests have with those that there are.
func TestEveryFunctionIsHandedTheSamples(t *testing.T) {
	w := newWorld()
	covered := []string{"relayorder", "sweeporders"}
	for name := range w.queueFed() {
		covered = append(covered, name)
	}
	for name := range w.apis() {
		covered = append(covered, name)
	}
	for name := range w.steps() {
		covered = append(covered, name)
	}
	slices.Sort(covered)
	mains, err := filepath.Glob("../../functions/*/bootstrap/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var deployed []string
	for _, path := range mains {
		deployed = append(deployed, filepath.Base(filepath.Dir(filepath.Dir(path))))
	}
	if !slices.Equal(covered, deployed) || len(deployed) == 0 {
		t.Errorf("got samples for %v, want them for %v", covered, deployed)
	}
}
