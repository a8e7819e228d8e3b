package describe_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/schemas"
)

func openAsync(t *testing.T) document {
	t.Helper()
	return open(t, "asyncapi.yaml", jsonschema.Draft7)
}

// The schema is the one that the AsyncAPI initiative publishes, in the npm package @asyncapi/specs.
func TestAsyncAPIDocumentIsValidByThePublishedSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "node_modules/@asyncapi/specs/schemas/3.0.0.json"))
	if err != nil {
		t.Fatalf("%v; run make deps", err)
	}
	c := jsonschema.NewCompiler()
	const at = "file:///asyncapi.json"
	if err := c.AddResource(at, fromJSON(t, text)); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	doc := openAsync(t)
	if err := schema.Validate(doc.tree); err != nil {
		t.Error(err)
	}
	delete(doc.tree.(map[string]any)["info"].(map[string]any), "version")
	if schema.Validate(doc.tree) == nil {
		t.Error("the schema takes a document without a version, so it proves nothing")
	}
}

func TestAsyncAPIReferencesResolve(t *testing.T) { openAsync(t).wantReferencesToResolve(t) }

func TestEveryTypeHasItsChannelAndItsOperations(t *testing.T) {
	doc := openAsync(t)
	operations := get(doc.tree, "operations").(map[string]any)
	want := 0
	for _, e := range events.Catalog() {
		key := e.Type.Schema()
		if got := get(doc.tree, "channels", key, "address"); got != string(e.Type) {
			t.Errorf("channel %s: got address %v, want %s", key, got, e.Type)
		}
		for action, functions := range map[string][]string{"send": e.Producers, "receive": e.Consumers} {
			for _, f := range functions {
				want++
				name := f + map[string]string{"send": "-states-", "receive": "-takes-"}[action] + key
				if got := get(operations, name, "action"); got != action {
					t.Errorf("operation %s: got action %v, want %s", name, got, action)
				}
				if got := get(operations, name, "channel", "$ref"); got != "#/channels/"+key {
					t.Errorf("operation %s: got channel %v", name, got)
				}
			}
		}
	}
	if len(operations) != want || len(get(doc.tree, "channels").(map[string]any)) != len(events.Catalog()) {
		t.Errorf("got %d operations, want %d; and one channel for each type", len(operations), want)
	}
}

// payloadOf returns the schema of a type's whole event.
func payloadOf(t *testing.T, doc document, e events.Entry) *jsonschema.Schema {
	t.Helper()
	return doc.at(t, pointer("components", "messages", e.Type.Schema(), "payload"))
}

func TestEveryExampleOfAMessageIsValidAndIsTheEventThatTheBusCarries(t *testing.T) {
	doc := openAsync(t)
	for _, e := range events.Catalog() {
		examples, _ := get(doc.tree, "components", "messages", e.Type.Schema(), "examples").([]any)
		if len(examples) != len(schemas.Examples(e.Type.Schema(), schemas.Valid)) {
			t.Errorf("%s: got %d examples", e.Type, len(examples))
		}
		payload := payloadOf(t, doc, e)
		headers := doc.at(t, pointer("components", "messages", e.Type.Schema(), "headers"))
		for _, ex := range examples {
			if err := payload.Validate(get(ex, "payload")); err != nil {
				t.Errorf("%s %v: %v", e.Type, get(ex, "name"), err)
			}
			if err := headers.Validate(get(ex, "headers")); err != nil {
				t.Errorf("%s %v: %v", e.Type, get(ex, "name"), err)
			}
			parsed := parseEvent(t, get(ex, "payload"))
			if _, err := events.DataOf(parsed); err != nil {
				t.Errorf("%s %v: %v", e.Type, get(ex, "name"), err)
			}
		}
	}
}

func parseEvent(t *testing.T, payload any) event.Event {
	t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	e, err := events.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// AsyncAPI's schemas are of another draft than ours, so they are held against every example: same verdict.
func TestTheDocumentsSchemasAcceptAndRefuseWhatTheSchemasDo(t *testing.T) {
	doc := openAsync(t)
	refused := 0
	for _, e := range events.Catalog() {
		schema := doc.at(t, pointer("components", "schemas", e.Type.Schema()))
		for _, ex := range schemas.Examples(e.Type.Schema(), schemas.Valid) {
			if err := schema.Validate(fromJSON(t, ex.Text)); err != nil {
				t.Errorf("%s %s: %v", e.Type, ex.Name, err)
			}
		}
		for _, ex := range schemas.Examples(e.Type.Schema(), schemas.Invalid) {
			refused++
			if schema.Validate(fromJSON(t, ex.Text)) == nil {
				t.Errorf("%s %s: is accepted", e.Type, ex.Name)
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d invalid examples were looked at", refused)
	}
}

// The envelope's schema is written by hand, so it is held against the parser: what either refuses, the other does too.
func TestTheEnvelopeIsWhatTheParserTakes(t *testing.T) {
	doc := openAsync(t)
	entry, _ := events.Lookup(events.TypeOrderUpdated)
	payload := payloadOf(t, doc, entry)
	text, err := json.Marshal(get(doc.tree, "components", "messages", entry.Type.Schema(), "examples").([]any)[0].(map[string]any)["payload"])
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) []byte {
		tree := fromJSON(t, text).(map[string]any)
		if tree[name] = value; value == nil {
			delete(tree, name)
		}
		changed, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	required := []string{"specversion", "id", "source", "type", "subject", "time", "dataschema", "datacontenttype"}
	type row struct {
		name  string
		value any
		taken bool
	}
	rows := []row{
		{"specversion", "0.3", false},
		{"id", "", false},
		{"id", string(bytes.Repeat([]byte("i"), 255)), true},
		{"id", string(bytes.Repeat([]byte("i"), 256)), false},
		{"source", "orderflow.users", false},
		{"type", string(events.TypeOrderRecorded), false},
		{"subject", "a/b", false},
		{"time", "yesterday", false},
		{"dataschema", "urn:orderflow:OrderUpdated:1.7", true},
		{"dataschema", "urn:orderflow:OrderUpdated:1.07", false},
		{"dataschema", "urn:orderflow:OrderUpdated:2.0", false},
		{"datacontenttype", "text/plain", false},
		{"causationid", nil, true},
		{"traceparent", nil, true},
		{"partitionkey", "k", true},
	}
	for _, name := range required {
		rows = append(rows, row{name, nil, false})
	}
	for _, r := range rows {
		changed := with(r.name, r.value)
		_, parseErr := events.Parse(changed)
		schemaErr := payload.Validate(fromJSON(t, changed))
		if (parseErr == nil) != r.taken || (schemaErr == nil) != r.taken {
			t.Errorf("%s %v: the parser says %v, the schema %v, want taken %t", r.name, r.value, parseErr, schemaErr, r.taken)
		}
	}
	listed := get(doc.tree, "components", "schemas", "CloudEvent", "required").([]any)
	for _, name := range listed {
		if !slices.Contains(append(required, "data"), name.(string)) {
			t.Errorf("%s is required, and no row says so", name)
		}
	}
}
