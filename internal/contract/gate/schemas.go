package gate

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/schemas"
)

// schema is one of the files in schemas/.
type schema struct {
	name string // "OrderRecorded.v1"
	text json.RawMessage
	id   string
	root node
}

func (s schema) file() string { return schemaFile(s.name) }

func schemaFile(name string) string { return "schemas/" + name + ".json" }

// schemaSet are the schemas of a checkout by name.
type schemaSet map[string]schema

func (set schemaSet) names() []string { return sortedKeys(set) }

// documented returns the names of the schemas that describe documents, and therefore have examples.
func (set schemaSet) documented() []string {
	return slices.DeleteFunc(set.names(), func(name string) bool { return name == schemas.Definitions })
}

// identity is how a schema names itself: name, major and minor version.
var identity = regexp.MustCompile(`^urn:orderflow:([A-Za-z]+):([1-9][0-9]*)\.(0|[1-9][0-9]*)$`)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// readSchemas reads the schemas of a checkout. One that cannot be read is noted and left out.
func readSchemas(root string, r *Report) schemaSet {
	set := schemaSet{}
	files, err := filepath.Glob(filepath.Join(root, "schemas", "*.json"))
	if err != nil {
		r.find(place{"schemas", ""}, "give a folder whose name has no bracket", "cannot be listed: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		s, err := readSchema(file, name)
		if err != nil {
			r.find(place{schemaFile(name), ""}, "write one JSON object", "cannot be read: %v", err)
			continue
		}
		set[name] = s
	}
	r.checked("schemas", len(files), "schemas")
	return set
}

func readSchema(file, name string) (schema, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return schema{}, err
	}
	var top object
	if err := json.Unmarshal(text, &top); err != nil {
		return schema{}, err
	}
	return schema{name: name, text: text, id: textOf(top["$id"]), root: node{raw: text}}, nil
}

// textOf returns the text in raw, or an empty one.
func textOf(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text) // then it stays empty, which is found
	return text
}

// check looks at the schemas themselves.
func (set schemaSet) check(r *Report) {
	for _, name := range set.names() {
		s := set[name]
		s.checkIdentity(r)
		set.checkKeywords(s, r)
	}
	if _, err := set.compile(); err != nil {
		if bad, ok := errors.AsType[*contract.InvalidSchema](err); ok {
			r.find(place{schemaFile(bad.Name), bad.Pointer}, "write it as JSON Schema 2020-12 says", "is no valid schema: %s", firstLine(bad.Err))
		}
	}
}

func (set schemaSet) compile() (*contract.Validator, error) {
	texts := map[string][]byte{}
	for name, s := range set {
		texts[name] = s.text
	}
	return contract.Compile(texts)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// checkIdentity holds the file's name, the $id and the title against each other.
func (s schema) checkIdentity(r *Report) {
	if got := textOf(s.root.member("$schema")); got != dialect {
		r.find(place{s.file(), "/$schema"}, "write "+dialect, "is %q", got)
	}
	parts := identity.FindStringSubmatch(s.id)
	if parts == nil || parts[1]+".v"+parts[2] != s.name {
		name, major, _ := strings.Cut(s.name, ".v")
		r.find(place{s.file(), "/$id"}, "write urn:orderflow:"+name+":"+major+".<minor>, as the file is called", "is %q", s.id)
		return
	}
	if title := textOf(s.root.member("title")); title != parts[1] && (s.name != schemas.Definitions || title != "Definitions") {
		r.find(place{s.file(), "/title"}, "write "+parts[1]+", as in $id", "is %q", title)
	}
}

// checkKeywords looks for keywords that nobody knows, which a validator passes over in silence, and for references that lead nowhere.
func (set schemaSet) checkKeywords(s schema, r *Report) {
	s.root.walk(func(at node, keyword string) {
		where := place{s.file(), at.pointer + "/" + keyword}
		if kindOf(keyword) == unknownKeyword {
			r.find(where, "correct its spelling, or teach the gate what it means", "is no keyword that the gate knows; a validator ignores it")
		}
		if keyword != "$ref" {
			return
		}
		if ref := textOf(at.member(keyword)); !set.leads(s, ref) {
			r.find(where, "name a schema's $id and a definition in it", "leads to %q, which is not there", ref)
		}
	})
}

func (set schemaSet) leads(from schema, ref string) bool {
	_, _, ok := set.resolve(from, ref)
	return ok
}

// resolve returns the schema and the place in it that ref leads to.
func (set schemaSet) resolve(from schema, ref string) (schema, node, bool) {
	id, pointer, _ := strings.Cut(ref, "#")
	in, ok := from, true
	if id != "" {
		in, ok = set.byID(id)
	}
	if !ok {
		return schema{}, node{}, false
	}
	to, ok := in.root.at(pointer)
	return in, to, ok
}

func (set schemaSet) byID(id string) (schema, bool) {
	for _, s := range set {
		if s.id == id {
			return s, true
		}
	}
	return schema{}, false
}

// follow returns what n says by itself or by the reference that it consists of.
func (set schemaSet) follow(in schema, n node) (schema, node) {
	seen := map[string]bool{}
	for {
		ref := textOf(n.member("$ref"))
		to, next, ok := set.resolve(in, ref)
		if ref == "" || !ok || seen[to.name+next.pointer] {
			return in, n
		}
		seen[to.name+next.pointer] = true
		in, n = to, next
	}
}

// used returns the keywords by which s, or what it refers to, can refuse a document, in order.
func (set schemaSet) used(s schema) []string {
	found, seen := map[string]bool{}, map[string]bool{}
	var visit func(in schema, n node)
	visit = func(in schema, n node) {
		if seen[in.name+n.pointer] {
			return
		}
		seen[in.name+n.pointer] = true
		for _, keyword := range n.keywords() {
			switch kind := kindOf(keyword); {
			case keyword == "$ref":
				if to, next, ok := set.resolve(in, textOf(n.member(keyword))); ok {
					visit(to, next)
				}
			case keyword == "$defs": // used where it is referred to
			case kind == asserting:
				found[keyword] = true
			default:
				for _, sub := range n.subschemas(keyword) {
					visit(in, sub)
				}
			}
		}
	}
	visit(s, s.root)
	return sortedKeys(found)
}
