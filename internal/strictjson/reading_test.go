package strictjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// shape is document's, for the generator.
func shape() *contracttest.Shape {
	least, most := int64(-1<<62), int64(1<<62)
	text, integer := &contracttest.Shape{Type: "string"}, &contracttest.Shape{Type: "integer", Minimum: &least, Maximum: &most}
	item := &contracttest.Shape{Type: "object", Required: []string{"sku", "quantity"}, Properties: map[string]*contracttest.Shape{"sku": text, "quantity": integer}}
	return &contracttest.Shape{Type: "object", Required: []string{"name", "count"}, Properties: map[string]*contracttest.Shape{
		"name": text, "count": integer, "note": text,
		"at":    {Type: "string", Format: "date-time", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?Z$`},
		"lines": {Type: "array", MinItems: 1, MaxItems: 9, Items: item},
	}}
}

// TestEachRuleOfReadingIsKept has, for each rule that no schema can state, documents that break it and no other.
func TestEachRuleOfReadingIsKept(t *testing.T) {
	const (
		twice = "the same name stands twice in one object"
		form  = "must be an integer, written without fraction or exponent"
		text  = "is not valid JSON"
	)
	rules := map[contracttest.Rule][]struct {
		text string
		want strictjson.Violation
	}{
		contracttest.DoubledName: {
			{`{"name":"a","count":1,"count":1}`, strictjson.Violation{Pointer: "/count", Detail: twice}},
			{`{"name":"a","count":1,"c\u006funt":1}`, strictjson.Violation{Pointer: "/count", Detail: twice}},
			{`{"name":"a","count":1,"lines":[{"sku":"a","sku":"b","quantity":1}]}`, strictjson.Violation{Pointer: "/lines/0/sku", Detail: twice}},
			{`{"name":"a","count":1,"later":{"x":[{"Y":1,"Y":2}]}}`, strictjson.Violation{Pointer: "/later/x/0/Y", Detail: twice}},
		},
		contracttest.IntegerForm: {
			{`{"name":"a","count":1.0}`, strictjson.Violation{Pointer: "/count", Detail: form}},
			{`{"name":"a","count":1e3}`, strictjson.Violation{Pointer: "/count", Detail: form}},
			{`{"name":"a","count":10E-1}`, strictjson.Violation{Pointer: "/count", Detail: form}},
			{`{"name":"a","count":-0.0}`, strictjson.Violation{Pointer: "/count", Detail: form}},
			{`{"name":"a","count":1e400}`, strictjson.Violation{Pointer: "/count", Detail: form}},
			{`{"name":"a","count":1,"lines":[{"sku":"a","quantity":2.00}]}`, strictjson.Violation{Pointer: "/lines/0/quantity", Detail: form}},
		},
		contracttest.InvalidUTF8: {
			{"{\"name\":\"\xff\",\"count\":1}", strictjson.Violation{Pointer: "/name", Detail: text}},
			{"{\"name\":\"\xed\xa0\x80\",\"count\":1}", strictjson.Violation{Pointer: "/name", Detail: text}},
			{"{\"name\":\"\xc0\xaf\",\"count\":1}", strictjson.Violation{Pointer: "/name", Detail: text}},
			{"{\"name\":\"a\",\"count\":1,\"later\":[\"\xe2\x82\"]}", strictjson.Violation{Pointer: "/later/0", Detail: text}},
		},
		contracttest.LoneSurrogate: {
			{`{"name":"\ud800","count":1}`, strictjson.Violation{Pointer: "/name", Detail: text}},
			{`{"name":"\udc00","count":1}`, strictjson.Violation{Pointer: "/name", Detail: text}},
			{`{"name":"\ud83d\u0041","count":1}`, strictjson.Violation{Pointer: "/name", Detail: text}},
			{`{"name":"a","count":1,"later":{"x":"\ude00\ud83d"}}`, strictjson.Violation{Pointer: "/later/x", Detail: text}},
		},
	}
	for _, rule := range contracttest.Rules() {
		if len(rules[rule]) == 0 {
			t.Errorf("no document breaks the rule: %s", rule)
		}
		for _, c := range rules[rule] {
			if got := contracttest.Broken(shape(), []byte(c.text)); !slices.Equal(got, []contracttest.Rule{rule}) {
				t.Errorf("%q breaks %v, want %s only", c.text, got, rule)
			}
			var invalid *strictjson.Error
			if err := strictjson.Decode([]byte(c.text), new(document), strictjson.Ignore); !errors.As(err, &invalid) {
				t.Errorf("%s: %q: got %v, want a *strictjson.Error", rule, c.text, err)
				continue
			}
			if diff := cmp.Diff([]strictjson.Violation{c.want}, invalid.Violations); diff != "" {
				t.Errorf("%s: %q (-want +got)\n%s", rule, c.text, diff)
			}
		}
	}
}

// plain is document as the standard library is asked to read it: its time.Time does not take the escapes that a string may have.
type plain struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	At    string `json:"at"`
	Note  string `json:"note"`
	Lines []line `json:"lines"`
}

// read returns text as the standard library reads it.
func read(text []byte) (document, error) {
	var p plain
	if err := json.Unmarshal(text, &p); err != nil {
		return document{}, err
	}
	d := document{Name: p.Name, Count: p.Count, Note: p.Note, Lines: p.Lines}
	if p.At == "" {
		return d, nil
	}
	var err error
	d.At, err = time.Parse(time.RFC3339Nano, p.At)
	return d, err
}

// What is decoded breaks no rule of reading, and is what the standard library, which knows fewer rules, reads in the same text.
func TestWhatIsDecodedIsReadInOneWayOnly(t *testing.T) {
	decoded := 0
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			text := []byte(contracttest.Near(shape()).Draw(t, "document"))
			var got document
			if strictjson.Decode(text, &got, strictjson.Ignore) != nil {
				continue
			}
			decoded++
			if broken := contracttest.Broken(shape(), text); len(broken) > 0 {
				t.Fatalf("%q was decoded, although it breaks %v", text, broken)
			}
			if want, err := read(text); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: got %+v, the standard library %+v, %v", text, got, want, err)
			}
		}
	})
	if decoded < 50 {
		t.Errorf("got %d documents decoded, want at least 50", decoded)
	}
}
