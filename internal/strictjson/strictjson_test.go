package strictjson_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/strictjson"
)

type line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

type document struct {
	Name  string    `json:"name"`
	Count int64     `json:"count"`
	At    time.Time `json:"at,omitempty"`
	Note  string    `json:"note,omitempty"`
	Lines []line    `json:"lines,omitempty"`
}

func TestDecodeReadsAWholeDocument(t *testing.T) {
	var got document
	err := strictjson.Decode([]byte(` {"name":"a","count":-5,"at":"2026-03-01T09:30:00Z","lines":[{"sku":"x","quantity":2}],"later":{"B":[1.5]}} `), &got, strictjson.Ignore)
	if err != nil {
		t.Fatal(err)
	}
	want := document{Name: "a", Count: -5, At: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC), Lines: []line{{"x", 2}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDecodeNamesAllThatIsWrong(t *testing.T) {
	const text = `{"count":"5","note":"","lines":[{"sku":1,"quantity":1},{"sku":"x","quantity":1.0,"SKU":"y"}],"other":1}`
	err := strictjson.Decode([]byte(text), &document{}, strictjson.Refuse)
	var got *strictjson.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want a *strictjson.Error", err)
	}
	want := []strictjson.Violation{
		{Pointer: "/count", Detail: "must be an integer"},
		{Pointer: "/note", Detail: "must not be empty: leave it out"},
		{Pointer: "/lines/0/sku", Detail: "must be a string"},
		{Pointer: "/lines/1/quantity", Detail: "must be an integer, written without fraction or exponent"},
		{Pointer: "/lines/1/SKU", Detail: "has a name that is not lower snake case"},
		{Pointer: "/other", Detail: "is not a member that this object has"},
		{Pointer: "/name", Detail: "is required"},
	}
	if diff := cmp.Diff(want, got.Violations); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestDecodeRefuses has one document for each way in which encoding/json is too kind.
//
// Case: doubled and differently cased names, trailing text, schema-valid numbers that Go refuses (golang/go#48298, golang/go#14750).
func TestDecodeRefuses(t *testing.T) {
	cases := map[string]string{
		"nothing":                    ``,
		"blanks":                     ` `,
		"null":                       `null`,
		"null for a member":          `{"name":null,"count":1}`,
		"a byte order mark":          "\ufeff" + `{"name":"a","count":1}`,
		"a second value":             `{"name":"a","count":1}{"name":"b","count":2}`,
		"text behind":                `{"name":"a","count":1} x`,
		"a doubled name":             `{"name":"a","count":1,"count":2}`,
		"a doubled escaped name":     `{"name":"a","count":1,"c\u006funt":2}`,
		"a doubled unknown name":     `{"name":"a","count":1,"x":1,"x":2}`,
		"a doubled name deep down":   `{"name":"a","count":1,"x":{"y":[{"z":1,"z":2}]}}`,
		"another case":               `{"name":"a","Count":1}`,
		"another case besides":       `{"name":"a","count":1,"COUNT":2}`,
		"a fold of another alphabet": `{"name":"a","count":1,"ſku":2}`,
		"a fraction":                 `{"name":"a","count":1.5}`,
		"a zero fraction":            `{"name":"a","count":1000.0}`,
		"an exponent":                `{"name":"a","count":1e3}`,
		"a huge exponent":            `{"name":"a","count":1e400}`,
		"over 64 bits":               `{"name":"a","count":9223372036854775808}`,
		"a leading zero":             `{"name":"a","count":01}`,
		"invalid UTF-8":              "{\"name\":\"\xff\",\"count\":1}",
		"a lone surrogate":           `{"name":"\ud800","count":1}`,
		"a cut":                      `{"name":"a","count":1`,
		"a comment":                  `{"name":"a","count":1 /* one */}`,
		"a string for an array":      `{"name":"a","count":1,"lines":"x"}`,
		"an empty optional array":    `{"name":"a","count":1,"lines":[]}`,
		"a deep nest":                strings.Repeat("[", 20_000),
		"a deep nest inside":         `{"name":"a","count":1,"x":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			var got document
			err := strictjson.Decode([]byte(text), &got, strictjson.Ignore)
			var invalid *strictjson.Error
			if !errors.As(err, &invalid) || len(invalid.Violations) == 0 {
				t.Errorf("got %+v, %v; want a *strictjson.Error", got, err)
			}
		})
	}
}

// Case: large integers lost digits (golang/go#12409, inngest#4409).
func TestIntegersKeepAllTheirDigits(t *testing.T) {
	var got document
	if err := strictjson.Decode([]byte(`{"name":"a","count":616581622363398142}`), &got, strictjson.Refuse); err != nil {
		t.Fatal(err)
	}
	if got.Count != 616581622363398142 {
		t.Errorf("got %d, want 616581622363398142", got.Count)
	}
}

func TestCompleteAddsOnlyWhatIsNew(t *testing.T) {
	err := strictjson.Decode([]byte(`{"name":"a","lines":[{"sku":1,"quantity":1}]}`), &document{}, strictjson.Refuse)
	got := strictjson.Complete(err, []strictjson.Violation{
		{Pointer: "/name", Detail: "is too short"},
		{Pointer: "/count", Detail: "is too small"},
		{Pointer: "/lines/0", Detail: "is odd"},
		{Pointer: "/lines/0/quantity", Detail: "is too small"},
	})
	const want = "/lines/0/sku must be a string; /count is required; /name is too short; /lines/0/quantity is too small"
	if got == nil || got.Error() != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := strictjson.Complete(nil, nil); err != nil {
		t.Errorf("got %v of nothing, want nil", err)
	}
}

func TestCompleteAddsNothingToTheUnreadable(t *testing.T) {
	err := strictjson.Decode([]byte(`{"name":`), &document{}, strictjson.Refuse)
	if got := strictjson.Complete(err, []strictjson.Violation{{Pointer: "/name", Detail: "is too short"}}); got.Error() != err.Error() {
		t.Errorf("got %v, want %v", got, err)
	}
}

func TestReportOfNothingIsNoError(t *testing.T) {
	if err := strictjson.Report(nil); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
