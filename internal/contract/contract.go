// Package contract validates documents against the project's JSON Schemas with a full validator, formats asserted.
//
// It is for tests and for the operator's command. Functions check with hand-written code
// that tests hold against this package, because a full validator would double their start-up time.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/orderflow/orderflow/schemas"
)

// Validator validates against a set of schemas.
type Validator struct {
	compiled map[string]*jsonschema.Schema
}

// NewValidator compiles every schema of package schemas. The error is as [Compile]'s.
func NewValidator() (*Validator, error) {
	texts := map[string][]byte{}
	for _, name := range schemas.Names() {
		text, err := schemas.Schema(name)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		texts[name] = text
	}
	return Compile(texts)
}

// Compile compiles schemas by their names, such as "OrderRecorded.v1". The error is an [*InvalidSchema] of the
// first that is not a valid JSON Schema 2020-12.
func Compile(texts map[string][]byte) (*Validator, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	names := slices.Sorted(maps.Keys(texts))
	ids := map[string]string{}
	for _, name := range names {
		id, err := add(c, texts[name])
		if err != nil {
			return nil, &InvalidSchema{name, "", err}
		}
		ids[name] = id
	}
	v := &Validator{map[string]*jsonschema.Schema{}}
	for _, name := range names {
		s, err := c.Compile(ids[name])
		if err != nil {
			return nil, invalid(name, err)
		}
		v.compiled[name] = s
	}
	return v, nil
}

// InvalidSchema is a schema that is none.
type InvalidSchema struct {
	Name    string
	Pointer string // into the schema, RFC 6901; empty where that is not known
	Err     error
}

func (e *InvalidSchema) Error() string { return "schema " + e.Name + ": " + e.Err.Error() }

// Unwrap returns what the compiler said.
func (e *InvalidSchema) Unwrap() error { return e.Err }

func invalid(name string, err error) error {
	refused, _ := errors.AsType[*jsonschema.SchemaValidationError](err)
	if refused == nil {
		return &InvalidSchema{name, "", err}
	}
	where, _ := errors.AsType[*jsonschema.ValidationError](refused.Err)
	for where != nil && len(where.Causes) > 0 {
		where = where.Causes[0]
	}
	if where == nil {
		return &InvalidSchema{name, "", err}
	}
	return &InvalidSchema{name, pointer(where.InstanceLocation), err}
}

var errNoID = errors.New("has no $id")

// add gives a schema to the compiler under its $id, which it returns.
func add(c *jsonschema.Compiler, text []byte) (string, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return "", err
	}
	object, _ := doc.(map[string]any)
	id, ok := object["$id"].(string)
	if !ok {
		return "", errNoID
	}
	return id, c.AddResource(id, doc)
}

// ErrNotJSON means that a document is not JSON at all.
var ErrNotJSON = errors.New("not JSON")

// Finding is one rule of a schema that a document breaks.
type Finding struct {
	Pointer string // into the document, RFC 6901
	Keyword string // of the schema, such as "required"
	Detail  string // in words; may quote the document
}

// Validate returns what the named schema refuses in the document, nothing where it accepts it. The error is ErrNotJSON, or says that there is no such schema.
func (v *Validator) Validate(schema string, document []byte) ([]Finding, error) {
	s, ok := v.compiled[schema]
	if !ok {
		return nil, fmt.Errorf("no schema %s", schema)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, ErrNotJSON
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](s.Validate(doc)); ok {
		return findings(invalid), nil
	}
	return nil, nil
}

// findings flattens the tree of causes into its leaves.
func findings(e *jsonschema.ValidationError) []Finding {
	if len(e.Causes) > 0 {
		var all []Finding
		for _, cause := range e.Causes {
			all = append(all, findings(cause)...)
		}
		if inner := e.ErrorKind.KeywordPath(); slices.Contains(inner, "propertyNames") {
			all = append(all, finding(e))
		}
		return all
	}
	return []Finding{finding(e)}
}

func finding(e *jsonschema.ValidationError) Finding {
	// A schema that is just false has no keyword of its own: it is named by where it stands.
	keyword := e.SchemaURL[strings.LastIndex(e.SchemaURL, "/")+1:]
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		keyword = path[0]
	}
	return Finding{pointer(e.InstanceLocation), keyword, e.ErrorKind.LocalizedString(message.NewPrinter(language.English))}
}

// pointer writes a location as RFC 6901 does.
func pointer(location []string) string {
	var b strings.Builder
	for _, token := range location {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token))
	}
	return b.String()
}
