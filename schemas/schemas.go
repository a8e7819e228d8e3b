// Package schemas holds the JSON Schemas (2020-12) of the events' data and of the API's body, with examples of each: the contract between producers and consumers.
//
// <Type>.v<major>.json is the schema of a type's data; definitions.v1.json holds
// what they share. Beside them, under examples/<Type>.v<major>/, lie documents
// that are valid, documents that are invalid by the keyword that their name
// begins with, and documents that are unreadable: a JSON Schema validator may take
// them, but the rules of reading in package strictjson do not.
//
// Under released/<Type>.v<major>.<minor>/ lie frozen copies of every version that was
// released, with its examples. They never change; released/SHA256SUMS says so.
package schemas

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.json examples released
var files embed.FS

// Definitions is the name of the schema that holds what the others share.
const Definitions = "definitions.v1"

// PlaceOrder is the name of the schema of the body of POST /orders.
const PlaceOrder = "PlaceOrder.v1"

// Kind sorts the examples of a schema.
type Kind string

// The kinds of examples.
const (
	Valid      Kind = "valid"
	Invalid    Kind = "invalid"
	Unreadable Kind = "unreadable"
)

// Names returns the names of all schemas, without the ending .json, in order.
func Names() []string {
	found, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], ".json")
	}
	return found
}

// Schema returns the text of a schema. The error is fs.ErrNotExist where there is none of that name.
func Schema(name string) ([]byte, error) {
	return files.ReadFile(name + ".json")
}

// Example is one document.
type Example struct {
	Name string // such as "minimal" or "required-order-id"
	Text []byte
}

// Examples returns the examples of a schema, in order of their names; none where there are none.
func Examples(name string, kind Kind) []Example {
	return examplesIn(path.Join("examples", name), kind)
}

func examplesIn(folder string, kind Kind) []Example {
	paths, err := fs.Glob(files, path.Join(folder, string(kind), "*.json"))
	if err != nil {
		panic(err) // no name of a schema has a bracket
	}
	var examples []Example
	for _, p := range paths {
		text, err := files.ReadFile(p)
		if err != nil {
			panic(err) // it was found a moment ago
		}
		examples = append(examples, Example{strings.TrimSuffix(path.Base(p), ".json"), text})
	}
	return examples
}
