package telemetry_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/telemetry"
)

func at() time.Time { return time.Date(2026, 3, 1, 10, 30, 0, 0, time.FixedZone("CET", 3600)) }

func lines(t *testing.T, write func(*telemetry.Logger)) string {
	t.Helper()
	var out bytes.Buffer
	write(telemetry.New(&out, "update-order", at))
	return out.String()
}

func TestARecordIsOneLine(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Record(telemetry.Record{
			MessageID:   "m1",
			Order:       "o-1",
			EventID:     "e1",
			Type:        "com.orderflow.OrderRecorded.v1",
			Cause:       "e0",
			TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			Outcome:     outcome.KindTransient,
			Code:        "provider_busy",
			Duration:    1500 * time.Microsecond,
			Attempt:     3,
			Published:   0,
		})
	})
	want := `{"time":"2026-03-01T09:30:00Z","level":"WARN","msg":"record","function":"update-order","message_id":"m1","order":"o-1",` +
		`"event_id":"e1","type":"com.orderflow.OrderRecorded.v1","cause":"e0","trace":"4bf92f3577b34da6a3ce929d0e0e4736",` +
		`"outcome":"transient","code":"provider_busy","duration_ms":1.5,"attempt":3,"published":0}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARequestIsOneLine(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Request(telemetry.Request{RequestID: "r=1", Method: "GET", Route: "/orders/{order_id}", Status: 404, Code: "not_found", Duration: 2 * time.Millisecond})
	})
	want := `{"time":"2026-03-01T09:30:00Z","level":"WARN","msg":"request","function":"update-order","request_id":"r=1","method":"GET",` +
		`"route":"/orders/{order_id}","status":404,"code":"not_found","duration_ms":2}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFaultIsOneLine(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Fault(telemetry.Fault{Operation: "handle", Code: "panic", MessageID: "m1", Order: "o-1", EventID: "e1", Frame: "example.org/stage.(*Stage).Handle"})
	})
	want := `{"time":"2026-03-01T09:30:00Z","level":"ERROR","msg":"fault","function":"update-order","operation":"handle","code":"panic",` +
		`"message_id":"m1","order":"o-1","event_id":"e1","frame":"example.org/stage.(*Stage).Handle"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheLevelFollowsTheOutcome(t *testing.T) {
	for kind, level := range map[outcome.Kind]string{
		outcome.KindDone:      `"level":"INFO"`,
		outcome.KindStale:     `"level":"INFO"`,
		outcome.KindTransient: `"level":"WARN"`,
		outcome.KindPermanent: `"level":"ERROR"`,
	} {
		got := lines(t, func(l *telemetry.Logger) { l.Record(telemetry.Record{Outcome: kind}) })
		if !strings.Contains(got, level) {
			t.Errorf("%s: got %s, want %s", kind, got, level)
		}
	}
	for status, level := range map[int]string{202: `"level":"INFO"`, 422: `"level":"WARN"`, 503: `"level":"ERROR"`} {
		got := lines(t, func(l *telemetry.Logger) { l.Request(telemetry.Request{Status: status}) })
		if !strings.Contains(got, level) {
			t.Errorf("%d: got %s, want %s", status, got, level)
		}
	}
}

func TestWhatIsNoIDStaysOut(t *testing.T) {
	for name, value := range map[string]string{
		"an address":       "ada@example.org",
		"a name":           "Ada Lovelace",
		"a name in kanji":  "山田太郎",
		"a body":           `{"amount":100}`,
		"a line break":     "o1\n{}",
		"a long value":     strings.Repeat("a", 129),
		"an authorization": "Bearer eyJhbGciOi",
		"a query":          "/orders?cursor=abc",
	} {
		t.Run(name, func(t *testing.T) {
			got := lines(t, func(l *telemetry.Logger) {
				l.Record(telemetry.Record{Order: value, EventID: value, Type: value, Cause: value, TraceParent: value, Code: outcome.Code(value), MessageID: value})
				l.Request(telemetry.Request{RequestID: value, Method: value, Route: value, Order: value, Code: outcome.Code(value)})
				l.Fault(telemetry.Fault{Operation: value, Code: outcome.Code(value), MessageID: value, Order: value, EventID: value, Frame: value})
			})
			if strings.Contains(got, value) {
				t.Errorf("%q is in the log: %s", value, got)
			}
			if n := strings.Count(got, telemetry.Withheld); n != 17 {
				t.Errorf("got %d values withheld, want 17: %s", n, got)
			}
		})
	}
}

func TestOnlyIDsEverReachALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		var out bytes.Buffer
		telemetry.New(&out, "f", at).Record(telemetry.Record{Order: value})
		if n := strings.Count(out.String(), "\n"); n != 1 {
			t.Fatalf("got %d lines, want 1: %q", n, out.String())
		}
		if strings.ContainsAny(value, "@ \n\"<>") && !strings.Contains(out.String(), `"order":"withheld"`) {
			t.Fatalf("%q got through: %s", value, out.String())
		}
	})
}

func TestATraceIsTheTraceIDAlone(t *testing.T) {
	for traceparent, want := range map[string]string{
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01":       `"trace":"4bf92f3577b34da6a3ce929d0e0e4736"`,
		"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later": `"trace":"4bf92f3577b34da6a3ce929d0e0e4736"`,
	} {
		got := lines(t, func(l *telemetry.Logger) { l.Record(telemetry.Record{TraceParent: traceparent}) })
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", traceparent, got, want)
		}
	}
	for _, traceparent := range []string{"", "-", "00-short-00f067aa0ba902b7-01"} {
		got := lines(t, func(l *telemetry.Logger) { l.Record(telemetry.Record{TraceParent: traceparent}) })
		if strings.Contains(got, `"trace"`) {
			t.Errorf("%q: got %s, want no trace", traceparent, got)
		}
	}
}

func TestLinesOfManyGoroutinesDoNotMix(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.New(&out, "f", at)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { log.Record(telemetry.Record{Order: "o1"}) })
	}
	wg.Wait()
	first, _, _ := strings.Cut(out.String(), "\n")
	if got, want := out.String(), strings.Repeat(first+"\n", 20); got != want {
		t.Errorf("got\n%s", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	log := telemetry.New(io.Discard, "f", at)
	for b.Loop() {
		log.Record(telemetry.Record{Order: "o1", EventID: "e1", Outcome: outcome.KindDone, Attempt: 1})
	}
}
