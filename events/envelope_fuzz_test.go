package events_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/schemas"
)

// minors matches a minor version: 0 to 65535, without leading zeros.
const minors = `0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]`

// envelopes validates events with testdata/envelope.json, narrowed to each type of the catalog.
type envelopes struct {
	full *contract.Validator
	// shape is what the rules of reading need to know: a number beside the data is an integer.
	shape *contracttest.Shape
}

func compileEnvelopes(t testing.TB) envelopes {
	t.Helper()
	base, err := os.ReadFile("testdata/envelope.json")
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := schemas.Schema(schemas.Definitions)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{schemas.Definitions: definitions, "envelope": base}
	for _, entry := range events.Catalog() {
		texts[string(entry.Type)] = fmt.Appendf(nil,
			`{"$id":"urn:orderflow:test:%s","$ref":"urn:orderflow:test:envelope","properties":{"type":{"const":%q},"source":{"const":%q},"dataschema":{"type":"string","pattern":%q}}}`,
			entry.Type, entry.Type, entry.Source, fmt.Sprintf(`^urn:orderflow:%s:%d\.(%s)$`, entry.Type.Name(), entry.Type.Major(), minors))
	}
	full, err := contract.Compile(texts)
	if err != nil {
		t.Fatal(err)
	}
	return envelopes{full, &contracttest.Shape{
		Type: "object", Properties: map[string]*contracttest.Shape{"data": {}}, Others: &contracttest.Shape{Type: "integer"},
	}}
}

// accept reports whether the full validator and the rules of reading take text as an event of the type that it names.
func (v envelopes) accept(text []byte) bool {
	var named struct {
		Type events.Type `json:"type"`
	}
	if len(text) > events.MaxSize || json.Unmarshal(text, &named) != nil || len(contracttest.Broken(v.shape, text)) > 0 {
		return false
	}
	if _, known := events.Lookup(named.Type); !known {
		return false
	}
	findings, err := v.full.Validate(string(named.Type), text)
	return err == nil && len(findings) == 0
}

// agree fails the test where Parse does not do what the full validator says.
func (v envelopes) agree(t contracttest.TB, text []byte) (accepted bool) {
	t.Helper()
	_, err := events.Parse(text)
	accepted = v.accept(text)
	switch {
	case err == nil && !accepted:
		t.Errorf("parsed, but the envelope's schema refuses it: %.2000q", text)
	case err != nil && accepted:
		t.Errorf("valid, but refused: %v: %.2000q", err, text)
	}
	return accepted
}

// shapeOf returns the shape of an event of one type, for the edges of every attribute.
func (v envelopes) shapeOf(t *testing.T, entry events.Entry) *contracttest.Shape {
	t.Helper()
	recorded, err := contracttest.ShapeOf("OrderRecorded.v1")
	if err != nil {
		t.Fatal(err)
	}
	constant := func(text string) *contracttest.Shape { return &contracttest.Shape{Enum: []string{text}} }
	text := &contracttest.Shape{Type: "string"}
	return &contracttest.Shape{Type: "object", Others: v.shape.Others, Properties: map[string]*contracttest.Shape{
		"id": text, "source": constant(string(entry.Source)), "specversion": constant("1.0"), "type": constant(string(entry.Type)),
		"subject": recorded.Properties["order_id"], "time": recorded.Properties["recorded_at"], "dataschema": constant(entry.DataSchema()),
		"datacontenttype": constant("application/json"), "causationid": text, "traceparent": text, "data": {Type: "object"},
	}}
}

func TestEnvelopesAtEveryEdgeAreTakenWhereTheirSchemaTakesThem(t *testing.T) {
	v := compileEnvelopes(t)
	for _, entry := range []events.Type{events.TypeOrderRecorded, events.TypePaymentFailed} {
		known, _ := events.Lookup(entry)
		for _, text := range contracttest.Edges(v.shapeOf(t, known)) {
			v.agree(t, []byte(text))
		}
	}
}

// nearEnvelope draws an event of some type in which something may be odd.
func nearEnvelope() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		entry := rapid.SampledFrom(events.Catalog()).Draw(t, "type")
		data := rapid.SampledFrom(schemas.Examples(entry.Type.Schema(), schemas.Valid)).Draw(t, "data")
		members := map[string]string{
			"id": `"05ea9247-96ba-5404-87a1-c7ea787512c7"`, "source": quoted(entry.Source), "specversion": `"1.0"`, "type": quoted(entry.Type), "subject": `"order-1042"`,
			"time": `"2026-03-01T09:30:00.125Z"`, "dataschema": quoted(entry.DataSchema()), "datacontenttype": `"application/json"`, "data": string(data.Text),
		}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			change(t, members)
		}
		list := make([]string, 0, len(members))
		for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(members))).Draw(t, "order") {
			list = append(list, quoted(name)+":"+members[name])
		}
		if rapid.IntRange(0, 15).Draw(t, "doubling") == 15 {
			list = append(list, rapid.SampledFrom(list).Draw(t, "twice"))
		}
		return "{" + strings.Join(list, ",") + "}"
	})
}

func quoted[S ~string](s S) string { return `"` + string(s) + `"` }

// change makes one member of an event odd, adds one or takes one away.
func change(t *rapid.T, members map[string]string) {
	pick := func(from ...string) string { return rapid.SampledFrom(from).Draw(t, "pick") }
	name := pick(slices.Sorted(maps.Keys(members))...)
	switch rapid.IntRange(0, 6).Draw(t, "change") {
	case 0:
		delete(members, name)
	case 1:
		members[pick("ID", "Data", "tracestate", "foo", "foobar2", "data_base64", "a_b", "a-b", "2a", "schemaurl", "datacontentencoding", "causationid", "traceparent", "specVersion")] = pick(
			"null", `""`, `" "`, `"x"`, `"e30="`, `"\ud83d\ude00"`, "0", "-1", "1.5", "1.0", "1e2", "2147483647", "2147483648", "-2147483648", "-2147483649", "1e400", "true", "{}", "[]", `{"a":1}`, `"a\nb"`, `"a\u0085b"`, `"\ufdd0"`, `"\ud83f\udffe"`, `"\uffff"`)
	case 2:
		members[name] = pick("null", `""`, `" "`, "0", "true", "{}", "[]", `"\u0000"`, `"\ud800"`, "\"\xff\"")
	case 3:
		members[name] = strings.Replace(members[name], pick("o", "1", "a", "/", ":", "."), pick("", "O", "0", " ", "é", "\\u006f", "%", "😀", "\\n"), 1)
	case 4:
		members["dataschema"] = strings.Replace(members["dataschema"], "1.0", pick("1.1", "1.9", "1.10000", "1.65535", "1.65536", "1.00", "1.01", "1.", "1", "1.-1", "1.+1", "1.1.1", "2.0", "01.0"), 1)
	case 5:
		members["datacontenttype"] = pick(`"text/json"`, `"application/json;charset=utf-8"`, `"application/json; charset=latin1"`, `"Application/JSON"`, `"application/a+json"`)
	default:
		members["id"] = quoted(strings.Repeat(pick("a", "é", "😀", " ", "\u00a0", "\u2003", "\u200b"), rapid.SampledFrom([]int{1, 2, 63, 64, 127, 128, 254, 255, 256}).Draw(t, "length")))
	}
}

func TestEnvelopesAreTakenWhereTheirSchemaTakesThem(t *testing.T) {
	v := compileEnvelopes(t)
	accepted, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			if v.agree(t, []byte(nearEnvelope().Draw(t, "event"))) {
				accepted++
			} else {
				refused++
			}
		}
	})
	if accepted < 100 || refused < 100 {
		t.Errorf("got %d accepted and %d refused, want at least 100 of each", accepted, refused)
	}
}

// FuzzEnvelopeAgreesWithItsSchema begins at an event of every type.
func FuzzEnvelopeAgreesWithItsSchema(f *testing.F) {
	for seed := range 60 {
		f.Add([]byte(nearEnvelope().Example(seed)))
	}
	v := compileEnvelopes(f)
	f.Fuzz(func(t *testing.T, text []byte) { v.agree(t, text) })
}
