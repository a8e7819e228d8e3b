package describe

import (
	"bytes"
	_ "embed" // the schemas of the answers
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/schemas"
)

// answersJSON holds the schemas of what the API answers. They refer to what the events' schemas share, and the tests of this package
// hold them against the handlers: nobody reads answers by them, so they need neither examples nor versions.
//
//go:embed answers.json
var answersJSON []byte

// envelopeJSON holds the schema of what stands around an event's data, which the tests hold against [events.Parse].
//
//go:embed envelope.json
var envelopeJSON []byte

// componentPrefix is where both documents keep their schemas.
const componentPrefix = "#/components/schemas/"

// dialect is what a document's schemas are read as.
type dialect int

const (
	draft2020 dialect = iota // OpenAPI 3.1
	draft07                  // AsyncAPI 3.0, where a $ref hides what stands beside it
)

// parse reads JSON as a tree that keeps the order of members.
func parse(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return doc.Content[0], nil
}

// member returns the value of a member of an object, or nil.
func member(object *yaml.Node, name string) *yaml.Node {
	for i := 0; object != nil && i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == name {
			return object.Content[i+1]
		}
	}
	return nil
}

// component returns the schema of a name of package schemas, fit to stand among the components of a document.
func component(name string, as dialect) (*yaml.Node, error) {
	root, err := source(name)
	if err != nil {
		return nil, err
	}
	return adapt(root, as), nil
}

func source(name string) (*yaml.Node, error) {
	text, err := schemas.Schema(name)
	if err != nil {
		return nil, err
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	return root, nil
}

// definitions returns what the schemas share, by the names that components have.
func definitions(as dialect) (map[string]*yaml.Node, error) {
	root, err := source(schemas.Definitions)
	if err != nil {
		return nil, err
	}
	return shared(root, as), nil
}

// answers returns the schemas of what the API answers.
func answers() (map[string]*yaml.Node, error) {
	root, err := parse(answersJSON)
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	return shared(root, draft2020), nil
}

func shared(root *yaml.Node, as dialect) map[string]*yaml.Node {
	defs := member(root, "$defs")
	found := map[string]*yaml.Node{}
	for i := 0; i+1 < len(defs.Content); i += 2 {
		found[title(defs.Content[i].Value)] = adapt(defs.Content[i+1], as)
	}
	return found
}

// title returns name with a capital, as components are named.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// refName returns the component that a $ref of any of the schemas means: "OrderId" for "urn:orderflow:definitions:1.0#/$defs/orderId".
func refName(ref string) string { return title(ref[strings.LastIndexByte(ref, '/')+1:]) }

// adapt changes a schema, in place, into one that can stand in a document: it is no resource of its own, its
// references point at components, and it is written as YAML.
func adapt(n *yaml.Node, as dialect) *yaml.Node {
	n.Style = 0
	if n.Kind == yaml.MappingNode {
		n.Content = withoutIdentity(n.Content)
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "$ref" {
				n.Content[i+1].Value = componentPrefix + refName(n.Content[i+1].Value)
			}
		}
	}
	for _, child := range n.Content {
		adapt(child, as)
	}
	if as == draft07 && n.Kind == yaml.MappingNode && len(n.Content) > 2 {
		unhide(n)
	}
	return n
}

func withoutIdentity(members []*yaml.Node) []*yaml.Node {
	var kept []*yaml.Node
	for pair := range slices.Chunk(members, 2) {
		if name := pair[0].Value; name != "$schema" && name != "$id" {
			kept = append(kept, pair...)
		}
	}
	return kept
}

// unhide moves a $ref that has neighbours into an allOf, because draft 7 does not look at its neighbours.
func unhide(n *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != "$ref" {
			continue
		}
		ref := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{n.Content[i], n.Content[i+1]}}
		n.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "allOf"}
		n.Content[i+1] = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{ref}}
		return
	}
}

// write returns a document as YAML, with the comment that says what made it.
func write(document any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# " + madeBy + "\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}
