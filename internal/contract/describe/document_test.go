package describe_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// document is a file under docs/ as its readers see it, with its schemas.
type document struct {
	tree   any
	schema *jsonschema.Compiler
}

const address = "file:///document.json"

// open reads a document. Its schemas are of the draft that it does not name.
func open(t *testing.T, name string, draft *jsonschema.Draft) document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	tree := fromYAML(t, text)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(draft)
	c.AssertFormat()
	if err := c.AddResource(address, tree); err != nil {
		t.Fatal(err)
	}
	return document{tree, c}
}

// fromYAML reads YAML as JSON would be read for the validator.
func fromYAML(t *testing.T, text []byte) any {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return fromJSON(t, encoded)
}

func fromJSON(t *testing.T, text []byte) any {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return tree
}

// at returns the schema that stands at a pointer.
func (d document) at(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	s, err := d.schema.Compile(address + "#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pointer joins names into a JSON pointer, and escapes it for a fragment.
func pointer(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(n))
	}
	return b.String()
}

// get returns what stands at names, or nil.
func get(tree any, names ...string) any {
	for _, n := range names {
		object, _ := tree.(map[string]any)
		tree = object[n]
	}
	return tree
}

// references calls each for every $ref in tree, and returns how many there are.
func references(tree any, each func(ref string)) int {
	n := 0
	switch node := tree.(type) {
	case map[string]any:
		for key, child := range node {
			if ref, ok := child.(string); ok && key == "$ref" {
				each(ref)
				n++
			}
			n += references(child, each)
		}
	case []any:
		for _, child := range node {
			n += references(child, each)
		}
	}
	return n
}

// wantReferencesToResolve checks that every $ref points at something in the document, and that every shared schema is pointed at.
func (d document) wantReferencesToResolve(t *testing.T) {
	t.Helper()
	used := map[string]bool{}
	n := references(d.tree, func(ref string) {
		used[ref] = true
		names := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
		if !strings.HasPrefix(ref, "#/") || get(d.tree, names...) == nil {
			t.Errorf("%s points at nothing in the document", ref)
		}
	})
	if n < 20 {
		t.Fatalf("found only %d references", n)
	}
	components, _ := get(d.tree, "components", "schemas").(map[string]any)
	for name := range components {
		if !used["#/components/schemas/"+name] {
			t.Errorf("nothing refers to the schema %s", name)
		}
	}
}
