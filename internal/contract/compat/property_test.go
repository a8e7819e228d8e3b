package compat_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/contract/compat"
)

// judged is a schema twice: as the full validator has it, and as this package.
type judged struct {
	text     string
	document object
	full     *jsonschema.Schema
	own      compat.Schema
}

func judge(t *rapid.T, document object) judged {
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("urn:test:s", read); err != nil {
		t.Fatal(err)
	}
	full, err := c.Compile("urn:test:s")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	own, err := compat.Parse(text, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return judged{string(text), document, full, own}
}

func (j judged) knows(document any) bool {
	return knows([]any{j.document}, j.document["$defs"].(object), document)
}

// twoVersions draws a schema and one that came of it by a few changes.
func twoVersions(t *rapid.T) (old, latest judged) {
	s, ok := anySchema(t, 2).(object)
	if !ok {
		s = object{}
	}
	s["$id"] = "urn:test:s"
	s["$defs"] = object{"x": anySchema(t, 0), "y": anySchema(t, 0)}
	old = judge(t, s)
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(old.text)))
	if err != nil {
		t.Fatal(err)
	}
	copied := read.(object)
	defs := copied["$defs"]
	delete(copied, "$defs")
	delete(copied, "$id")
	for range rapid.IntRange(1, 2).Draw(t, "changes") {
		copied = mutate(t, copied, 2).(object)
	}
	if rapid.IntRange(0, 3).Draw(t, "definition changes") == 0 {
		x := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "definition")
		defs.(object)[x] = mutate(t, defs.(object)[x], 0)
	}
	copied["$id"], copied["$defs"] = "urn:test:s", defs
	return old, judge(t, copied)
}

// A verdict that lets a breaking change through would be worse than none.
func TestNobodyBreaksWhomTheVerdictDoesNotName(t *testing.T) {
	documents := parsed(slices.Sorted(maps.Keys(corpusTexts)))
	if len(documents) < 100 {
		t.Fatalf("got %d documents", len(documents))
	}
	var compared, quiet, told int
	pair := func(t *rapid.T) {
		old, latest := twoVersions(t)
		changes := compat.Compare(old.own, latest.own)
		producers, consumers := breaks(changes, compat.Producers), breaks(changes, compat.Consumers)
		compared++
		if !producers && !consumers {
			quiet++
		}
		for _, d := range documents {
			before, after := old.full.Validate(d) == nil, latest.full.Validate(d) == nil
			if before == after || !old.knows(d) {
				continue
			}
			told++
			if before && !producers {
				t.Fatalf("producers break by %v, which is not told\nold %s\nnew %s\ntold %+v", d, old.text, latest.text, changes)
			}
			if after && !consumers {
				t.Fatalf("consumers break by %v, which is not told\nold %s\nnew %s\ntold %+v", d, old.text, latest.text, changes)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			pair(t)
		}
	})
	t.Logf("%d pairs compared, %d of them harmless, %d documents that one side alone takes", compared, quiet, told)
	if quiet == 0 || told == 0 {
		t.Error("the pairs tried nothing")
	}
}

func breaks(changes []compat.Change, side compat.Side) bool {
	return slices.ContainsFunc(changes, func(c compat.Change) bool {
		return c.Verdict == compat.Breaking && (c.Breaks == side || c.Breaks == compat.Both)
	})
}

func TestAVersionComparedWithItselfDoesNotDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, _ := twoVersions(t)
		again := judge(t, old.document)
		if got := compat.Compare(old.own, again.own); len(got) > 0 {
			t.Fatalf("%s: got %+v", old.text, got)
		}
	})
}
