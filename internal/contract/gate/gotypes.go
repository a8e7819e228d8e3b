package gate

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/events"
)

// goField is a field of a struct as its tag names it in JSON.
type goField struct {
	name     string // in Go
	json     string
	optional bool
	of       string // the name of its type or, of a slice, of its elements'
}

// goStruct is a struct type as the source has it.
type goStruct struct {
	file   string // within the checkout
	fields []goField
}

// checkGoTypes holds the struct of each event's data, as the source has it, against the schema: the same names, and optional where the schema says so.
func checkGoTypes(root string, set schemaSet, r *Report) {
	types := readStructs(root, r, "events", "internal/order")
	checked := 0
	for _, e := range events.Catalog() {
		s, ok := set[e.Type.Schema()]
		if !ok {
			continue // found already
		}
		if _, ok := types[e.Type.Name()]; !ok {
			r.find(place{"events/data.go", e.Type.Name()}, "write it", "there is no struct for the data of %s", s.file())
			continue
		}
		checked++
		set.checkStruct(types, e.Type.Name(), s, s.root, r)
	}
	r.checked("Go types of events", checked, "events/data.go")
}

// checkStruct compares a struct, and those in its fields, with what stands at a place of a schema.
func (set schemaSet) checkStruct(types map[string]goStruct, name string, in schema, at node, r *Report) {
	in, at = set.follow(in, at)
	properties := node{at.pointer + "/properties", at.member("properties")}
	required := textsOf(at.member("required"))
	t := types[name]
	for _, f := range t.fields {
		where := place{t.file, name + "." + f.name}
		property, ok := properties.at(escape(f.json))
		if !ok {
			r.find(where, "correct the tag, or the schema with a new version", "is called %q in JSON, and %s has no such property", f.json, in.file()+"#"+properties.pointer)
			continue
		}
		if f.optional == slices.Contains(required, f.json) {
			r.find(where, "make the tag's omitempty agree with required", "is optional in Go: %v, in %s: %v", f.optional, in.file()+"#"+at.pointer, !f.optional)
		}
		if _, nested := types[f.of]; nested {
			file, element := set.element(in, property)
			set.checkStruct(types, f.of, file, element, r)
		}
	}
	for _, property := range sortedKeys(properties.object()) {
		if !slices.ContainsFunc(t.fields, func(f goField) bool { return f.json == property }) {
			r.find(place{t.file, name}, "add the field, or correct its tag", "has no field for %s", in.file()+"#"+properties.pointer+"/"+escape(property))
		}
	}
}

// element returns the schema of a list's elements, or n itself where n is of no list.
func (set schemaSet) element(in schema, n node) (schema, node) {
	in, n = set.follow(in, n)
	if items, ok := n.at("items"); ok {
		return in, items
	}
	return in, n
}

// textsOf returns the texts of a list, none where raw is no list of texts.
func textsOf(raw json.RawMessage) []string {
	var texts []string
	_ = json.Unmarshal(raw, &texts) // the compiler refuses what is no list of texts
	return texts
}

// readStructs reads the struct types of packages in a checkout, by name.
func readStructs(root string, r *Report, folders ...string) map[string]goStruct {
	found := map[string]goStruct{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			r.find(place{folder, ""}, "give a folder whose name has no bracket", "cannot be listed: %v", err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file := folder + "/" + filepath.Base(path)
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				r.find(place{file, ""}, "make it compile", "cannot be read: %v", err)
				continue
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if s, ok := spec.Type.(*ast.StructType); ok {
						found[spec.Name.Name] = goStruct{file, fieldsOf(s)}
					}
				}
				return true
			})
		}
	}
	return found
}

// fieldsOf returns the fields of a struct that have a name in JSON.
func fieldsOf(s *ast.StructType) []goField {
	var fields []goField
	for _, f := range s.Fields.List {
		if f.Tag == nil || len(f.Names) != 1 {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		name, rest, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		fields = append(fields, goField{
			name: f.Names[0].Name, json: name, optional: rest == "omitempty" || rest == "omitzero", of: typeName(f.Type),
		})
	}
	return fields
}

func typeName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.ArrayType:
		return typeName(t.Elt)
	case *ast.Ident:
		return t.Name
	default: // of another package: a time
		return ""
	}
}
