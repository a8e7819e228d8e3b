package compat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/schemas"
)

// written is a small schema under an $id of its own.
func written(t *testing.T, keywords string, lib compat.Library) compat.Schema {
	t.Helper()
	text := `{"$id": "urn:test:s:1.0"`
	if keywords != "" {
		text += ", " + keywords
	}
	s, err := compat.Parse([]byte(text+"}"), lib)
	if err != nil {
		t.Fatalf("%s: %v", keywords, err)
	}
	return s
}

// short writes changes as "path what who verdict" each.
func short(changes []compat.Change) string {
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = strings.Join([]string{c.Path, c.What, string(c.Breaks), string(c.Verdict)}, " ")
	}
	return strings.Join(lines, "; ")
}

func TestEveryChangeHasItsVerdict(t *testing.T) {
	for _, row := range []struct{ promise, old, latest, want string }{
		{"annotations refuse nothing", `"title": "A"`, `"title": "B", "x-note": 1`, "/title changed nobody annotation; /x-note changed nobody annotation"},
		{"the order of a set says nothing", `"enum": ["a", 1.0], "required": ["p", "q"]`, `"enum": [1, "a"], "required": ["q", "p"]`, ""},
		{"type added", ``, `"type": "string"`, "/type added producers breaking"},
		{"type removed", `"type": "string"`, ``, "/type removed consumers breaking"},
		{"type changed", `"type": "string"`, `"type": "integer"`, "/type changed both breaking"},
		{"integer is narrower than number", `"type": "number"`, `"type": "integer"`, "/type narrowed producers breaking"},
		{"null allowed", `"type": "string"`, `"type": ["string", "null"]`, "/type widened consumers breaking"},
		{"enum narrowed", `"enum": ["a", "b"]`, `"enum": ["a"]`, "/enum narrowed producers breaking"},
		{"enum widened", `"enum": ["a"]`, `"enum": ["a", "b"]`, "/enum widened consumers breaking"},
		{"enum widened as announced", `"enum": ["a"], "x-extensible": true`, `"enum": ["a", "b"], "x-extensible": true`, "/enum widened nobody minor"},
		{"enum narrowed though extensible", `"enum": ["a", "b"], "x-extensible": true`, `"enum": ["a"], "x-extensible": true`, "/enum narrowed producers breaking"},
		{"enum announced to grow too late", `"enum": ["a"]`, `"enum": ["a", "b"], "x-extensible": true`, "/enum widened consumers breaking; /x-extensible changed consumers breaking"},
		{"enum no longer announced to grow", `"enum": ["a"], "x-extensible": true`, `"enum": ["a"]`, "/x-extensible changed nobody minor"},
		{"enum changed", `"enum": ["a", "b"]`, `"enum": ["a", "c"]`, "/enum changed both breaking"},
		{"const", `"const": 1`, `"const": 2`, "/const changed both breaking"},
		{"const in another notation", `"const": 1`, `"const": 1.0`, ""},
		{"pattern changed", `"pattern": "^a$"`, `"pattern": "^[a]$"`, "/pattern changed both breaking"},
		{"pattern added", ``, `"pattern": "^a$"`, "/pattern added producers breaking"},
		{"pattern removed", `"pattern": "^a$"`, ``, "/pattern removed consumers breaking"},
		{"format added", ``, `"format": "date"`, "/format added producers breaking"},
		{"minimum raised", `"minimum": 1`, `"minimum": 2`, "/minimum changed producers breaking"},
		{"minimum lowered", `"minimum": 2`, `"minimum": 1.5`, "/minimum changed consumers breaking"},
		{"maximum lowered", `"maximum": 2`, `"maximum": 1`, "/maximum changed producers breaking"},
		{"maximum raised", `"maxLength": 9`, `"maxLength": 10`, "/maxLength changed consumers breaking"},
		{"exclusive bounds", `"exclusiveMinimum": 1, "exclusiveMaximum": 9`, `"exclusiveMinimum": 2, "exclusiveMaximum": 10`, "/exclusiveMaximum changed consumers breaking; /exclusiveMinimum changed producers breaking"},
		{"lengths of lists and objects", `"minItems": 1, "maxProperties": 3`, `"minItems": 2, "maxProperties": 2`, "/maxProperties changed producers breaking; /minItems changed producers breaking"},
		{"multipleOf", `"multipleOf": 5`, `"multipleOf": 10`, "/multipleOf changed both breaking"},
		{"uniqueItems false is its default", ``, `"uniqueItems": false`, ""},
		{"uniqueItems", ``, `"uniqueItems": true`, "/uniqueItems changed producers breaking"},
		{"optional property added", `"properties": {"a": {}}`, `"properties": {"a": {}, "b": {"type": "string"}}`, "/properties/b property added nobody minor"},
		{"required property added", `"required": []`, `"properties": {"b": {}}, "required": ["b"]`, "/properties/b property added nobody minor; /required narrowed producers breaking"},
		{"property added to a closed object", `"additionalProperties": false`, `"additionalProperties": false, "properties": {"b": {}}`, "/properties/b property added consumers breaking"},
		{"property added that was required already", `"required": ["b"]`, `"required": ["b"], "properties": {"b": {"type": "string"}}`, "/properties/b property added both breaking"},
		{"property added among members with a schema", `"additionalProperties": {"type": "integer"}`, `"additionalProperties": {"type": "integer"}, "properties": {"b": {"type": "string"}}`, "/properties/b property added both breaking"},
		{"property added that another branch knows", `"properties": {"b": {}}, "allOf": [{}]`, `"properties": {"b": {}}, "allOf": [{"properties": {"b": {"type": "string"}}}]`, "/allOf/0/properties/b property added both breaking"},
		{"property added that an enum spoke of", `"enum": [{"b": 1}]`, `"enum": [{"b": 1}], "properties": {"b": {"type": "string"}}`, "/properties/b property added both breaking"},
		{"property added where others look at what is left over", `"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false`, `"allOf": [{"properties": {"a": {}, "b": {}}}], "unevaluatedProperties": false`, "/allOf/0/properties/b property added both breaking"},
		{"nothing is left over any more", `"unevaluatedProperties": false`, `"unevaluatedProperties": false, "additionalProperties": true`, "/additionalProperties added both breaking"},
		{"property removed", `"properties": {"b": {}}`, ``, "/properties/b property removed consumers breaking"},
		{"property removed from a closed object", `"properties": {"b": {}}, "additionalProperties": false`, `"additionalProperties": false`, "/properties/b property removed producers breaking"},
		{"property's name is escaped", `"properties": {"a/b~c": {"minimum": 1}}`, `"properties": {"a/b~c": {"minimum": 2}}`, "/properties/a~1b~0c/minimum changed producers breaking"},
		{"required dropped", `"required": ["a", "b"]`, `"required": ["a"]`, "/required widened consumers breaking"},
		{"object closed", ``, `"additionalProperties": false`, "/additionalProperties nothing allowed any more producers breaking"},
		{"object opened", `"unevaluatedProperties": false`, ``, "/unevaluatedProperties allowed now consumers breaking"},
		{"members constrained", `"additionalProperties": true`, `"additionalProperties": {"type": "string"}`, "/additionalProperties/type added producers breaking"},
		{"items", `"items": {"maxLength": 3}`, `"items": {"maxLength": 4}`, "/items/maxLength changed consumers breaking"},
		{"optional property added to items", `"items": {"properties": {"a": {}}}`, `"items": {"properties": {"a": {}, "b": {}}}`, "/items/properties/b property added nobody minor"},
		{"items by position", `"prefixItems": [{}]`, `"prefixItems": [{}, {}]`, "/prefixItems changed both breaking"},
		{"names", `"propertyNames": {"pattern": "^a"}`, `"propertyNames": {"pattern": "^b"}`, "/propertyNames/pattern changed both breaking"},
		{"members by pattern", `"patternProperties": {"^a": {}}`, `"patternProperties": {"^b": {}}`, "/patternProperties/^a removed both breaking; /patternProperties/^b added both breaking"},
		{"one more to hold", `"allOf": [{"minimum": 1}]`, `"allOf": [{"minimum": 1}, {"maximum": 2}]`, "/allOf changed producers breaking"},
		{"one less to hold", `"allOf": [{"minimum": 1}, {"maximum": 2}]`, `"allOf": [{"maximum": 2}]`, "/allOf changed consumers breaking"},
		{"one more choice", `"anyOf": [{"minimum": 1}]`, `"anyOf": [{"minimum": 1}, {"maximum": 2}]`, "/anyOf changed consumers breaking"},
		{"one choice less", `"anyOf": [{"minimum": 1}, {"maximum": 2}]`, `"anyOf": [{"minimum": 1}]`, "/anyOf changed producers breaking"},
		{"choices in another order", `"anyOf": [{"minimum": 1}, {"maximum": 2}]`, `"anyOf": [{"maximum": 2}, {"minimum": 1}]`, ""},
		{"choices by another order and rule", `"anyOf": [{"minimum": 1}]`, `"anyOf": [{"minimum": 2}]`, "/anyOf/0/minimum changed producers breaking"},
		{"exclusive choice", `"oneOf": [{"minimum": 1}]`, `"oneOf": [{"minimum": 2}]`, "/oneOf/0/minimum changed both breaking"},
		{"not", `"not": {"enum": ["a"]}`, `"not": {"enum": ["a", "b"]}`, "/not/enum widened both breaking"},
		{"not added", ``, `"not": {}`, "/not added both breaking"},
		{"condition", `"if": {"minimum": 1}, "then": {"maximum": 5}`, `"if": {"minimum": 2}, "then": {"maximum": 4}`, "/if/minimum changed both breaking; /then/maximum changed producers breaking"},
		{"contains", `"contains": {"minimum": 1}`, `"contains": {"minimum": 1}, "minContains": 2`, "/minContains changed both breaking"},
		{"dependent fields", ``, `"dependentRequired": {"a": ["b"]}`, "/dependentRequired added producers breaking"},
		{"dependent schema", ``, `"dependentSchemas": {"a": {}}`, "/dependentSchemas/a added both breaking"},
		{"a keyword from elsewhere", ``, `"maxBytes": 3`, "/maxBytes cannot judge both breaking"},
		{"another dialect", `"$schema": "a"`, `"$schema": "b"`, "/$schema cannot judge both breaking"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			old, latest := written(t, row.old, nil), written(t, row.latest, nil)
			if got := short(compat.Compare(old, latest)); got != row.want {
				t.Errorf("got %q\nwant %q", got, row.want)
			}
			if got := compat.Compare(latest, latest); len(got) > 0 {
				t.Errorf("got %v for the same schema twice", got)
			}
		})
	}
}

func TestAChangeTellsWhatIsGoneAndWhatCame(t *testing.T) {
	old := written(t, `"enum": ["a", "b"], "minimum": 1`, nil)
	latest := written(t, `"enum": ["b", "c"], "minimum": 2`, nil)
	want := []compat.Change{
		{Path: "/enum", What: "changed", Old: `"a"`, New: `"c"`, Breaks: compat.Both, Verdict: compat.Breaking},
		{Path: "/minimum", What: "changed", Old: "1", New: "2", Breaks: compat.Producers, Verdict: compat.Breaking},
	}
	if diff := cmp.Diff(compat.Compare(old, latest), want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
}

// library holds one version of definitions.
func library(t *testing.T, amount string) compat.Library {
	t.Helper()
	lib := compat.Library{}
	if err := lib.Add([]byte(`{"$id": "urn:test:d:1.0", "$defs": {"amount": ` + amount + `, "line": {"properties": {"price": {"$ref": "#/$defs/amount"}}}}}`)); err != nil {
		t.Fatal(err)
	}
	return lib
}

func TestReferencesAreFollowedEachSideWithItsOwnDefinitions(t *testing.T) {
	document := `"properties": {"total": {"description": "d", "$ref": "urn:test:d:1.0#/$defs/amount"}, "line": {"$ref": "urn:test:d:1.0#/$defs/line"}}`
	old := written(t, document, library(t, `{"minimum": 0}`))
	latest := written(t, document, library(t, `{"minimum": 1}`))
	want := "/properties/line/properties/price/minimum changed producers breaking; /properties/total/minimum changed producers breaking"
	if got := short(compat.Compare(old, latest)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	inline := written(t, `"properties": {"total": {"minimum": 0}, "line": {"properties": {"price": {"minimum": 0}}}}`, nil)
	if got := short(compat.Compare(old, inline)); got != "/properties/total/description changed nobody annotation" {
		t.Errorf("got %q, want no change by writing a reference out", got)
	}
}

func TestAReferenceBesideTheSameKeywordStaysApart(t *testing.T) {
	lib := library(t, `{"minimum": 5}`)
	old := written(t, `"minimum": 1, "$ref": "urn:test:d:1.0#/$defs/amount"`, lib)
	latest := written(t, `"minimum": 1`, lib)
	if got, want := short(compat.Compare(old, latest)), "/$ref/minimum removed consumers breaking"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// additionalProperties looks at the properties beside it alone, not at those behind a reference.
func TestAReferenceBesideAKeywordThatLooksAroundStaysApart(t *testing.T) {
	apart := written(t, `"additionalProperties": false, "$ref": "urn:test:d:1.0#/$defs/line"`, library(t, `{}`))
	together := written(t, `"additionalProperties": false, "properties": {"price": {}}`, nil)
	want := "/$ref/properties/price property removed consumers breaking; /properties/price property added both breaking"
	if got := short(compat.Compare(apart, together)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestDefinitionsAreComparedOneByOne(t *testing.T) {
	old := written(t, `"$defs": {"a": {"minimum": 1}, "b": {}}`, nil)
	latest := written(t, `"$defs": {"a": {"minimum": 0}, "c": {}}`, nil)
	want := "/$defs/a/minimum changed consumers breaking; /$defs/b removed both breaking; /$defs/c added nobody minor"
	if got := short(compat.Compare(old, latest)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestARequestHasNoConsumersToBreak(t *testing.T) {
	old := written(t, `"additionalProperties": false, "maximum": 1, "minimum": 1`, nil)
	latest := written(t, `"additionalProperties": false, "maximum": 2, "minimum": 2, "properties": {"b": {}}`, nil)
	want := "/maximum changed nobody minor; /minimum changed producers breaking; /properties/b property added nobody minor"
	if got := short(compat.CompareRequest(old, latest)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestWhatCannotBeFollowedIsAnError(t *testing.T) {
	for _, row := range []struct{ promise, schema, want string }{
		{"not JSON", `{`, "not a JSON object"},
		{"no $id", `{}`, "no $id"},
		{"unknown schema", `{"$id": "a", "items": {"$ref": "urn:none"}}`, `at "/items/$ref": refers to urn:none, which no schema has`},
		{"unknown definition", `{"$id": "a", "$ref": "#/$defs/b"}`, "there is nothing at that pointer"},
		{"circle", `{"$id": "a", "$defs": {"b": {"items": {"$ref": "#/$defs/b"}}}}`, "leads back to itself"},
		{"dynamic reference", `{"$id": "a", "$dynamicRef": "#b"}`, "cannot be followed"},
		{"schema within a schema", `{"$id": "a", "items": {"$id": "b"}}`, "cannot be followed"},
		{"reference under an unknown keyword", `{"$id": "a", "extends": {"$ref": "#/$defs/b"}}`, "cannot be followed"},
		{"no schema", `{"$id": "a", "items": 5}`, `at "/items": must be an object`},
		{"bound that is no number", `{"$id": "a", "minimum": "5"}`, `at "/minimum": must be a number`},
		{"number that fills the memory", `{"$id": "a", "minimum": 1e999999999}`, "digits"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			_, err := compat.Parse([]byte(row.schema), nil)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestEverySchemaOfOursCanBeJudged(t *testing.T) {
	lib := compat.Library{}
	for _, name := range schemas.Names() {
		text, err := schemas.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := lib.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	if len(lib) < 12 {
		t.Fatalf("got %d schemas, want at least 12", len(lib))
	}
	for id, text := range lib {
		s, err := compat.Parse(text, lib)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if got := compat.Compare(s, s); len(got) > 0 {
			t.Errorf("%s: got %v compared with itself", id, got)
		}
	}
}
