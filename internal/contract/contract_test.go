package contract_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/schemas"
)

func validator(t *testing.T) *contract.Validator {
	t.Helper()
	v, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// documented returns the names of the schemas that describe documents, which must all have examples.
func documented(t *testing.T) []string {
	t.Helper()
	names := slices.DeleteFunc(schemas.Names(), func(n string) bool { return n == schemas.Definitions })
	if len(names) < 11 {
		t.Fatalf("got %d schemas, want the ten events' and the API body's: %v", len(names), names)
	}
	return names
}

func examples(t *testing.T, schema string, kind schemas.Kind) []schemas.Example {
	t.Helper()
	found := schemas.Examples(schema, kind)
	if len(found) == 0 {
		t.Fatalf("%s has no %s examples", schema, kind)
	}
	return found
}

func TestValidExamplesAreValid(t *testing.T) {
	v := validator(t)
	for _, schema := range documented(t) {
		for _, ex := range examples(t, schema, schemas.Valid) {
			findings, err := v.Validate(schema, ex.Text)
			if err != nil || len(findings) > 0 {
				t.Errorf("%s %s: got %v %v, want no finding", schema, ex.Name, findings, err)
			}
		}
	}
}

func TestInvalidExamplesBreakTheKeywordTheyAreNamedAfter(t *testing.T) {
	v := validator(t)
	for _, schema := range documented(t) {
		for _, ex := range examples(t, schema, schemas.Invalid) {
			findings, err := v.Validate(schema, ex.Text)
			if err != nil {
				t.Fatalf("%s %s: %v", schema, ex.Name, err)
			}
			named := slices.ContainsFunc(findings, func(f contract.Finding) bool {
				return strings.HasPrefix(ex.Name+"-", kebab(f.Keyword)+"-")
			})
			if !named {
				t.Errorf("%s %s: got findings %+v, want one of the keyword in its name", schema, ex.Name, findings)
			}
		}
	}
}

func TestEveryKeywordOfASchemaHasAnInvalidExample(t *testing.T) {
	definitions := parse(t, schemas.Definitions)
	for _, schema := range documented(t) {
		used := map[string]bool{}
		keywords(parse(t, schema), definitions["$defs"].(map[string]any), used)
		if len(used) < 3 {
			t.Fatalf("%s: found only keywords %v", schema, used)
		}
		for keyword := range used {
			has := slices.ContainsFunc(examples(t, schema, schemas.Invalid), func(ex schemas.Example) bool {
				return strings.HasPrefix(ex.Name+"-", kebab(keyword)+"-")
			})
			if !has {
				t.Errorf("%s: no invalid example for keyword %s", schema, keyword)
			}
		}
	}
}

func parse(t *testing.T, schema string) map[string]any {
	t.Helper()
	text, err := schemas.Schema(schema)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// asserting lists the keywords that can refuse a document. Annotations and containers are not among them.
var asserting = []string{
	"type", "enum", "pattern", "format", "minimum", "maximum", "minItems", "maxItems",
	"required", "propertyNames", "additionalProperties", "unevaluatedProperties",
}

func keywords(schema, definitions map[string]any, used map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		value := schema[name]
		switch name {
		case "$ref":
			ref := value.(string)
			keywords(definitions[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any), definitions, used)
		case "properties":
			for _, p := range value.(map[string]any) {
				keywords(p.(map[string]any), definitions, used)
			}
		case "items":
			keywords(value.(map[string]any), definitions, used)
		case "$schema", "$id", "title", "description", "x-extensible":
		default:
			if !slices.Contains(asserting, name) {
				panic("a keyword this test does not know: " + name)
			}
			used[name] = true
		}
	}
}

// kebab writes "minItems" as "min-items".
func kebab(keyword string) string {
	var b strings.Builder
	for _, r := range keyword {
		if 'A' <= r && r <= 'Z' {
			b.WriteString("-")
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestTheSchemasListsAreTheCodes(t *testing.T) {
	defs := parse(t, schemas.Definitions)["$defs"].(map[string]any)
	enum := func(definition string) []string {
		var values []string
		for _, v := range defs[definition].(map[string]any)["enum"].([]any) {
			values = append(values, v.(string))
		}
		return values
	}
	var currencies, statuses []string
	for _, c := range money.Currencies() {
		currencies = append(currencies, string(c))
	}
	for _, s := range order.Statuses() {
		statuses = append(statuses, string(s))
	}
	if got := enum("currency"); !slices.Equal(got, currencies) {
		t.Errorf("got currencies %v, want %v", got, currencies)
	}
	if got := enum("status"); !slices.Equal(got, statuses) {
		t.Errorf("got statuses %v, want %v", got, statuses)
	}
}

func TestWhatIsNotJSONIsAnError(t *testing.T) {
	_, err := validator(t).Validate("OrderRecorded.v1", []byte(`{"order_id"`))
	if !errors.Is(err, contract.ErrNotJSON) {
		t.Errorf("got %v, want ErrNotJSON", err)
	}
	if _, err := validator(t).Validate("Nothing.v1", []byte(`{}`)); err == nil {
		t.Error("got no error for an unknown schema")
	}
}
