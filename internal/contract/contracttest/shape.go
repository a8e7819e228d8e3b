package contracttest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/orderflow/orderflow/schemas"
)

// Shape is what a schema says of a value, its references resolved: enough to make documents near it.
// Keywords that say what names an object may have are left out: the generator breaks them knowing nothing of them.
type Shape struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Enum       []string          `json:"enum"`
	Const      string            `json:"const"`
	Pattern    string            `json:"pattern"`
	Format     string            `json:"format"`
	Minimum    *int64            `json:"minimum"`
	Maximum    *int64            `json:"maximum"`
	MinItems   int               `json:"minItems"`
	MaxItems   int               `json:"maxItems"`
	Required   []string          `json:"required"`
	Properties map[string]*Shape `json:"properties"`
	Items      *Shape            `json:"items"`
	// Others is of the members that Properties does not name; nil where anything goes.
	Others *Shape `json:"-"`
}

// property returns the shape of a member, nil where the schema says nothing of it.
func (s *Shape) property(name string) *Shape {
	if s == nil {
		return nil
	}
	if p, named := s.Properties[name]; named {
		return p
	}
	return s.Others
}

func (s *Shape) items() *Shape {
	if s == nil {
		return nil
	}
	return s.Items
}

// ShapeOf returns the shape of the documents that a schema of package schemas describes.
func ShapeOf(schema string) (*Shape, error) {
	s, err := read(schema)
	if err != nil {
		return nil, err
	}
	if err := s.resolve(schema); err != nil {
		return nil, fmt.Errorf("schema %s: %w", schema, err)
	}
	return &s.Shape, nil
}

// file is a schema with the definitions that others refer to.
type file struct {
	Shape
	Definitions map[string]*Shape `json:"$defs"`
}

func read(schema string) (file, error) {
	var f file
	text, err := schemas.Schema(schema)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("schema %s: %w", schema, err)
	}
	return f, nil
}

// resolve replaces every reference below s, which stands in the named schema, by what it leads to.
func (s *Shape) resolve(schema string) error {
	if s.Ref != "" {
		if err := s.follow(schema); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := p.resolve(schema); err != nil {
			return err
		}
	}
	if s.Items != nil {
		return s.Items.resolve(schema)
	}
	return nil
}

// follow takes over what the referred definition says; what stands beside a reference here only narrows it.
func (s *Shape) follow(schema string) error {
	within, name, ok := strings.Cut(s.Ref, "#/$defs/")
	if !ok {
		return fmt.Errorf("reference %s is not to a definition", s.Ref)
	}
	if within != "" { // "urn:orderflow:definitions:1.0"
		parts := strings.Split(within, ":")
		if len(parts) != 4 {
			return fmt.Errorf("reference %s is not to a schema of ours", s.Ref)
		}
		major, _, _ := strings.Cut(parts[3], ".")
		schema = parts[2] + ".v" + major
	}
	f, err := read(schema)
	if err != nil {
		return err
	}
	target, ok := f.Definitions[name]
	if !ok {
		return fmt.Errorf("reference %s leads nowhere", s.Ref)
	}
	if err := target.resolve(schema); err != nil {
		return err
	}
	*s = *target
	return nil
}
