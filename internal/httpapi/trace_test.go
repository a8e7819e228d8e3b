package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/httpapi"
)

// Where the rules of the table stand.
const (
	w3c         = "https://www.w3.org/TR/trace-context/#"
	w3cHeader   = w3c + "traceparent-header"
	w3cVersion  = w3c + "version"
	w3cTraceID  = w3c + "trace-id"
	w3cParentID = w3c + "parent-id"
	w3cFlags    = w3c + "trace-flags"
	w3cLater    = w3c + "versioning-of-traceparent"
)

const (
	traceID  = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID = "00f067aa0ba902b7"
	ids      = traceID + "-" + parentID
	sampled  = "00-" + ids + "-01"
	plain    = "00-" + ids + "-00"
	restart  = "" // nothing is carried on
)

// traceRows are the rules of a single traceparent: what comes in, and what is carried on.
var traceRows = []struct {
	rule, section, value, want string
}{
	{"sampled", w3cFlags, sampled, sampled},
	{"not sampled", w3cFlags, plain, plain},
	{"other flags pass through in our version", w3cFlags, "00-" + ids + "-03", "00-" + ids + "-03"},
	{"all flags pass through in our version", w3cFlags, "00-" + ids + "-ff", "00-" + ids + "-ff"},
	{"the least trace id", w3cTraceID, "00-" + strings.Repeat("0", 31) + "1-" + parentID + "-01", "00-" + strings.Repeat("0", 31) + "1-" + parentID + "-01"},
	{"the largest ids", w3cParentID, "00-" + strings.Repeat("f", 32) + "-" + strings.Repeat("f", 16) + "-00", "00-" + strings.Repeat("f", 32) + "-" + strings.Repeat("f", 16) + "-00"},
	{"a trace id of zeros", w3cTraceID, "00-" + strings.Repeat("0", 32) + "-" + parentID + "-01", restart},
	{"a parent id of zeros", w3cParentID, "00-" + traceID + "-" + strings.Repeat("0", 16) + "-01", restart},
	{"a trace id in upper case", w3cTraceID, "00-" + strings.ToUpper(traceID) + "-" + parentID + "-01", restart},
	{"a parent id in upper case", w3cParentID, "00-" + traceID + "-" + strings.ToUpper(parentID) + "-01", restart},
	{"flags in upper case", w3cFlags, "00-" + ids + "-0A", restart},
	{"a trace id that is not hexadecimal", w3cTraceID, "00-" + strings.Repeat("g", 32) + "-" + parentID + "-01", restart},
	{"a parent id that is not hexadecimal", w3cParentID, "00-" + traceID + "-" + strings.Repeat("x", 16) + "-01", restart},
	{"flags that are not hexadecimal", w3cFlags, "00-" + ids + "-0x", restart},
	{"a trace id that is short", w3cTraceID, "00-" + traceID[1:] + "-" + parentID + "-01", restart},
	{"a trace id that is long", w3cTraceID, "00-0" + traceID + "-" + parentID + "-01", restart},
	{"a parent id that is short", w3cParentID, "00-" + traceID + "-" + parentID[1:] + "-01", restart},
	{"a parent id that is long", w3cParentID, "00-" + traceID + "-0" + parentID + "-01", restart},
	{"flags of one digit", w3cFlags, "00-" + ids + "-1", restart},
	{"flags of three digits", w3cFlags, "00-" + ids + "-001", restart},
	{"no flags", w3cFlags, "00-" + ids, restart},
	{"other delimiters", w3cHeader, strings.ReplaceAll(sampled, "-", "_"), restart},
	{"something behind version 00", w3cVersion, sampled + "-later", restart},
	{"a hyphen behind version 00", w3cVersion, sampled + "-", restart},
	{"white space around it", w3cHeader, " " + sampled, restart},
	{"a line break behind it", w3cHeader, sampled + "\n", restart},
	{"an empty value", w3cHeader, "", restart},
	{"a version of one digit", w3cLater, sampled[1:], restart},
	{"a version that is not hexadecimal", w3cLater, "zz" + sampled[2:], restart},
	{"a version in upper case", w3cLater, "0A" + sampled[2:], restart},
	{"version ff", w3cVersion, "ff" + sampled[2:], restart},
	{"version ff with more behind it", w3cVersion, "ff" + sampled[2:] + "-later", restart},
	{"a later version is said in ours", w3cLater, "01" + sampled[2:], sampled},
	{"a later version loses what is behind it", w3cLater, "cc" + sampled[2:] + "-what-comes-later", sampled},
	{"a later version keeps the flag of sampling alone", w3cLater, "01-" + ids + "-fd", sampled},
	{"a later version without that flag", w3cLater, "fe-" + ids + "-fe", plain},
	{"a later version with its flags run on", w3cLater, "01" + sampled[2:] + "x", restart},
	{"a later version that is short", w3cLater, "01-" + ids, restart},
	{"a later version with a trace id of zeros", w3cLater, "01-" + strings.Repeat("0", 32) + "-" + parentID + "-01", restart},
	{"a customer's address", w3cHeader, "ada@example.com", restart},
}

func TestATraceContextIsReadAsW3CSays(t *testing.T) {
	for _, row := range traceRows {
		t.Run(row.rule, func(t *testing.T) {
			if got := httpapi.TraceParent(http.Header{"Traceparent": {row.value}}); got != row.want {
				t.Errorf("header: got %q, want %q: %s", got, row.want, row.section)
			}
			if got := events.CauseOf(carrying(t, row.value)).TraceParent; got != row.want {
				t.Errorf("event: got %q, want %q: %s", got, row.want, row.section)
			}
			if got := events.CarryTrace(row.want); got != row.want {
				t.Errorf("carried on a second time: got %q, want %q", got, row.want)
			}
		})
	}
}

// carrying returns an event off the bus with that traceparent. One that is empty is left out, as the envelope demands.
func carrying(t *testing.T, value string) event.Event {
	t.Helper()
	raw, err := events.Encode(eventstest.Example[events.OrderRejected](t, "full"))
	if err != nil {
		t.Fatal(err)
	}
	if value != "" && !strings.ContainsRune(value, '\n') { // neither may stand in an event at all
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		raw = []byte(strings.Replace(string(raw), "{", `{"traceparent":`+string(quoted)+`,`, 1))
	}
	parsed, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// A field that is sent several times, or joined of several, says of no one of them that it is the right one
// (https://www.w3.org/TR/trace-context/#traceparent-header: it is one value and no list).
func TestSeveralTraceContextsAreNone(t *testing.T) {
	for name, values := range map[string][]string{
		"none":                  nil,
		"the same twice":        {sampled, sampled},
		"two":                   {sampled, plain},
		"one of them empty":     {sampled, ""},
		"joined by a comma":     {sampled + "," + sampled},
		"joined, with a space":  {sampled + ", " + plain},
		"joined to one of zero": {sampled + ",00"},
	} {
		if got := httpapi.TraceParent(http.Header{"Traceparent": values}); got != restart {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}

// The name may come in any case (https://www.w3.org/TR/trace-context/#header-name), as net/http stores it.
func TestTheHeadersNameIsReadInAnyCase(t *testing.T) {
	for _, name := range []string{"traceparent", "TraceParent", "TRACEPARENT"} {
		h := http.Header{}
		h.Set(name, sampled)
		if got := httpapi.TraceParent(h); got != sampled {
			t.Errorf("%s: got %q, want %q", name, got, sampled)
		}
	}
}

// What an event is caused by is stated with a trace that is valid, whoever hands it over.
func TestNoEventIsStatedWithAnInvalidTrace(t *testing.T) {
	for value, want := range map[string]string{"ada@example.com": restart, "ff" + sampled[2:]: restart, "01" + plain[2:]: plain} {
		e, err := events.New(eventstest.Data[events.OrderRejected](t, "full"), eventstest.At, events.Cause{TraceParent: value})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := e.Extensions()["traceparent"].(string); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}
