package gate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/strictjson"
	"github.com/orderflow/orderflow/schemas"
)

// example is a document in schemas/examples/.
type example struct {
	schema string
	kind   schemas.Kind
	name   string
	text   []byte
}

func (e example) file() string { return exampleFolder(e.schema, e.kind) + "/" + e.name + ".json" }

func exampleFolder(schema string, kind schemas.Kind) string {
	return "schemas/examples/" + schema + "/" + string(kind)
}

// exampleSet are the examples of a checkout, with the schemas that they are of.
type exampleSet struct {
	schemas schemaSet
	all     []example
}

var exampleKinds = []schemas.Kind{schemas.Valid, schemas.Invalid, schemas.Unreadable}

// readExamples reads the examples of a checkout. A file that is none is noted.
func readExamples(root string, set schemaSet, r *Report) exampleSet {
	found := exampleSet{schemas: set}
	folder := filepath.Join(root, "schemas", "examples")
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		inside, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		e, ok := found.named(filepath.ToSlash(inside))
		if !ok {
			r.find(place{"schemas/examples/" + filepath.ToSlash(inside), ""}, "call it <Type>.v<major>/valid, invalid or unreadable/<name>.json", "is no example of any schema")
			return nil
		}
		if e.text, err = os.ReadFile(path); err != nil {
			return err
		}
		found.all = append(found.all, e)
		return nil
	})
	if err != nil {
		r.find(place{"schemas/examples", ""}, "run the check in a whole checkout", "cannot be read: %v", err)
	}
	r.checked("examples", len(found.all), "schemas/examples")
	return found
}

// named returns the example that a path below schemas/examples names.
func (s exampleSet) named(path string) (example, bool) {
	parts := strings.Split(path, "/")
	if len(parts) != 3 || !strings.HasSuffix(parts[2], ".json") {
		return example{}, false
	}
	e := example{schema: parts[0], kind: schemas.Kind(parts[1]), name: strings.TrimSuffix(parts[2], ".json")}
	_, known := s.schemas[e.schema]
	return e, known && slices.Contains(exampleKinds, e.kind)
}

func (s exampleSet) of(schema string, kind schemas.Kind) []example {
	return slices.DeleteFunc(slices.Clone(s.all), func(e example) bool { return e.schema != schema || e.kind != kind })
}

// check looks at every example: whether it is what its folder says, and whether those that there must be are there.
func (s exampleSet) check(r *Report) {
	s.checkComplete(r)
	v, err := s.schemas.compile()
	if err != nil {
		r.find(place{"schemas/examples", ""}, "mend the schema first", "cannot be checked: %s", firstLine(err))
		return
	}
	for _, e := range s.all {
		s.checkOne(v, e, r)
	}
}

// checkComplete looks for schemas without examples, and for keywords of which no example shows that they refuse something.
func (s exampleSet) checkComplete(r *Report) {
	for _, name := range s.schemas.documented() {
		for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid} {
			if len(s.of(name, kind)) == 0 {
				r.find(place{exampleFolder(name, kind), ""}, "write one", "there is no %s example", kind)
			}
		}
		invalid := s.of(name, schemas.Invalid)
		for _, keyword := range s.schemas.used(s.schemas[name]) {
			if !slices.ContainsFunc(invalid, func(e example) bool { return e.shows(keyword) }) {
				r.find(place{exampleFolder(name, schemas.Invalid), keyword}, "write one called "+kebab(keyword)+"-<what>.json",
					"no invalid example shows what the keyword %s of %s refuses", keyword, schemaFile(name))
			}
		}
	}
}

// shows tells whether an invalid example is named after a keyword.
func (e example) shows(keyword string) bool {
	return strings.HasPrefix(e.name+"-", kebab(keyword)+"-")
}

// kebab writes "minItems" as "min-items".
func kebab(keyword string) string {
	var b strings.Builder
	for _, c := range keyword {
		if 'A' <= c && c <= 'Z' {
			b.WriteByte('-')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (s exampleSet) checkOne(v *contract.Validator, e example, r *Report) {
	found, err := v.Validate(e.schema, e.text)
	refused := read(e)
	switch e.kind {
	case schemas.Valid:
		for _, f := range found {
			r.find(place{e.file(), f.Pointer}, "correct the example, or undo the change of "+schemaFile(e.schema), "is refused by the keyword %s: %s", f.Keyword, f.Detail)
		}
		if len(found) == 0 && (err != nil || refused != nil) {
			r.find(place{e.file(), ""}, "correct the example, or the Go code in events", "is valid, but Go code refuses it: %v", refused)
		}
	case schemas.Invalid:
		if err != nil {
			r.find(place{e.file(), ""}, "write JSON, or move it to unreadable/", "is not JSON")
		} else if !slices.ContainsFunc(found, func(f contract.Finding) bool { return e.shows(f.Keyword) }) {
			r.find(place{e.file(), ""}, "name it after the keyword that refuses it, or undo the change of "+schemaFile(e.schema), "is not refused by the keyword that it is named after, but %s", refusal(found))
		}
		if refused == nil && isEvent(e.schema) {
			r.find(place{e.file(), ""}, "correct the example, or the Go code in events", "is invalid, but Go code takes it")
		}
	case schemas.Unreadable:
		if refused == nil {
			r.find(place{e.file(), ""}, "correct the example, or move it to valid/", "is unreadable by its folder, but Go code reads it")
		}
	}
}

// refusal says which keywords refused a document.
func refusal(found []contract.Finding) string {
	if len(found) == 0 {
		return "is valid"
	}
	var by []string
	for _, f := range found {
		if !slices.Contains(by, f.Keyword) {
			by = append(by, f.Keyword)
		}
	}
	return "by " + strings.Join(by, " and ")
}

func isEvent(schema string) bool {
	_, ok := entryOf(schema)
	return ok
}

// read reads an example as a function would: the data of an event with all rules, another document with the rules of reading alone.
func read(e example) error {
	entry, ok := entryOf(e.schema)
	if !ok {
		return strictjson.Decode(e.text, &struct{}{}, strictjson.Ignore)
	}
	var ids struct {
		OrderID string `json:"order_id"`
	}
	_ = json.Unmarshal(e.text, &ids) // a document without an order is refused for that
	_, err := events.DataOf(event.Event{
		Context:     &event.EventContextV1{Type: string(entry.Type), Subject: &ids.OrderID},
		DataEncoded: e.text,
	})
	return err
}
