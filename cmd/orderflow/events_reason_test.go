package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPatternComesApartWithSourceAndTypeFirst(t *testing.T) {
	all, err := conditions(`{"detail":{"subject":["o"],"data":{"status":["PAID"],"amount":[{"numeric":[">",0]}]}},"account":["1"],"detail-type":["t"],"source":[{"prefix":"orderflow."}]}`)
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]string
	for _, c := range all {
		pattern, err := c.pattern()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, [2]string{c.field(), pattern})
	}
	want := [][2]string{
		{"source", `{"source":[{"prefix":"orderflow."}]}`},
		{"detail-type", `{"detail-type":["t"]}`},
		{"account", `{"account":["1"]}`},
		{"detail.data.amount", `{"detail":{"data":{"amount":[{"numeric":["\u003e",0]}]}}}`},
		{"detail.data.status", `{"detail":{"data":{"status":["PAID"]}}}`},
		{"detail.subject", `{"detail":{"subject":["o"]}}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAlternativesStayTogether(t *testing.T) {
	all, err := conditions(`{"detail":{"$or":[{"a":[1]},{"b":[2]}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].field() != "detail.$or" {
		t.Errorf("got %+v, want one condition", all)
	}
}

func TestOnlyShortPlainValuesAreShown(t *testing.T) {
	event := []byte(`{"source":"s","detail":{"n":1,"list":[1],"object":{},"null":null,"bad":"\u009b31m` + "\u009b" + `"}}`)
	for field, want := range map[string]string{"source": `"s"`, "n": "1", "list": "", "object": "", "null": "null", "bad": `"\u009b31m\u009b"`, "none": ""} {
		path := []string{"detail", field}
		if field == "source" {
			path = path[1:]
		}
		if got := string(valueAt(event, path)); got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
	if got := valueAt(event, []string{"source", "deeper"}); got != nil {
		t.Errorf("got %s below a text", got)
	}
}

func TestReasonsAreSaidInWords(t *testing.T) {
	for want, r := range map[string]reason{
		"each field would do, but not together": {},
		`source: the rule takes ["a"]`:          {Field: "source", Takes: []byte(`["a"]`)},
		`source is "b", the rule takes ["a"]`:   {Field: "source", Takes: []byte(`["a"]`), Has: []byte(`"b"`)},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
