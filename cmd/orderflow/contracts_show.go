package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/orderflow/orderflow/schemas"
)

type contractsShowCommand struct {
	Type     string `arg:"" help:"Type of the events, such as OrderRecorded; or PlaceOrder, the body of POST /orders."`
	Resolved bool   `help:"Print the schema with the definitions that it refers to beside it, in one document."`
	Examples bool   `help:"List the names of the examples."`
	Example  string `placeholder:"NAME" help:"Print an example."`
	Invalid  bool   `help:"Take the invalid examples in place of the valid ones."`
}

// Help is what --help adds.
func (contractsShowCommand) Help() string {
	return `An invalid example is named after the keyword of the schema that refuses it. A resolved schema stands by itself: any validator of JSON
Schema 2020-12 takes it.

    orderflow contracts show OrderRecorded --resolved
    orderflow contracts show OrderRecorded --examples --invalid
    orderflow contracts show OrderRecorded --example minimal`
}

// Run prints what was asked for.
func (c contractsShowCommand) Run(s *session) error {
	name, err := schemaNamed(c.Type)
	if err != nil {
		return err
	}
	switch {
	case c.Example != "":
		return c.example(s, name)
	case c.Examples:
		return c.list(s, name)
	case c.Resolved:
		text, err := bundle(name)
		if err != nil {
			return err
		}
		return s.printDocument(text)
	default:
		text, err := schemas.Schema(name)
		if err != nil {
			return err
		}
		return s.printDocument(text)
	}
}

// schemaNamed finds a schema by its name, without its version, or by the full name of its type.
func schemaNamed(name string) (string, error) {
	for _, known := range schemas.Names() {
		bare, _, _ := strings.Cut(known, ".v")
		if name == known || name == bare || name == "com.orderflow."+known {
			return known, nil
		}
	}
	return "", usagef("there is no schema %q; see orderflow contracts ls", name)
}

func (c contractsShowCommand) kind() schemas.Kind {
	if c.Invalid {
		return schemas.Invalid
	}
	return schemas.Valid
}

func (c contractsShowCommand) example(s *session, name string) error {
	for _, ex := range schemas.Examples(name, c.kind()) {
		if ex.Name == c.Example {
			return s.printDocument(ex.Text)
		}
	}
	return usagef("%s has no %s example %q; see --examples", name, c.kind(), c.Example)
}

// listedExample is what contracts show --examples --json prints.
type listedExample struct {
	Name string       `json:"name"`
	Kind schemas.Kind `json:"kind"`
}

func (c contractsShowCommand) list(s *session, name string) error {
	for _, ex := range schemas.Examples(name, c.kind()) {
		if !s.options.JSON {
			s.say("%s", ex.Name)
			continue
		}
		if err := s.printJSON(listedExample{ex.Name, c.kind()}); err != nil {
			return err
		}
	}
	return nil
}

// bundle returns a schema that holds what it refers to, as a compound schema document
// (https://json-schema.org/draft/2020-12/json-schema-core#section-9.3).
func bundle(name string) ([]byte, error) {
	text, err := schemas.Schema(name)
	if err != nil {
		return nil, err
	}
	if name == schemas.Definitions {
		return text, nil
	}
	definitions, err := schemas.Schema(schemas.Definitions)
	if err != nil {
		return nil, err
	}
	own := bytes.TrimSpace(text)
	if bytes.Contains(own, []byte(`"$defs"`)) {
		return nil, fmt.Errorf("schema %s has definitions of its own", name)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s,\n\"$defs\": {%q: %s}}", bytes.TrimSpace(bytes.TrimSuffix(own, []byte("}"))), schemas.Definitions, definitions)
	return out.Bytes(), nil
}

// printDocument prints a JSON document as it stands or, for --json, on one line.
func (s *session) printDocument(text []byte) error {
	var out bytes.Buffer
	format := func(to *bytes.Buffer, from []byte) error { return json.Indent(to, from, "", "  ") }
	if s.options.JSON {
		format = json.Compact
	}
	if err := format(&out, bytes.TrimSpace(text)); err != nil {
		return err
	}
	s.say("%s", out.String())
	return nil
}
