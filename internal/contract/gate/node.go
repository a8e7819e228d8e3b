package gate

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]json.RawMessage

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// node is a place in a schema that holds a schema itself.
type node struct {
	pointer string // RFC 6901
	raw     json.RawMessage
}

// object returns the members of n; none where it is true, false or no schema at all.
func (n node) object() object {
	var members object
	_ = json.Unmarshal(n.raw, &members) // then there are none; the compiler refuses what is no schema
	return members
}

func (n node) member(name string) json.RawMessage { return n.object()[name] }

func (n node) keywords() []string { return sortedKeys(n.object()) }

// at returns what stands at a pointer below n.
func (n node) at(pointer string) (node, bool) {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if token == "" {
			continue
		}
		raw, ok := n.object()[unescape(token)]
		if !ok {
			return node{}, false
		}
		n = node{n.pointer + "/" + token, raw}
	}
	return n, true
}

var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func escape(token string) string { return escaper.Replace(token) }

func unescape(token string) string { return unescaper.Replace(token) }

// subschemas returns the schemas that the value of a keyword holds.
func (n node) subschemas(keyword string) []node {
	raw, pointer := n.member(keyword), n.pointer+"/"+keyword
	switch kindOf(keyword) {
	case schemaByName:
		return node{pointer, raw}.members()
	case oneSchema, asserting:
		if len(raw) > 0 && raw[0] == '{' {
			return []node{{pointer, raw}}
		}
	case listOfSchemas:
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list) // the compiler refuses what is none
		subs := make([]node, len(list))
		for i, sub := range list {
			subs[i] = node{pointer + "/" + strconv.Itoa(i), sub}
		}
		return subs
	case unknownKeyword, annotation:
	}
	return nil
}

// members returns the members of n as nodes, in order.
func (n node) members() []node {
	var nodes []node
	members := n.object()
	for _, name := range sortedKeys(members) {
		nodes = append(nodes, node{n.pointer + "/" + escape(name), members[name]})
	}
	return nodes
}

// walk calls see for every keyword of n and of all schemas below it.
func (n node) walk(see func(at node, keyword string)) {
	for _, keyword := range n.keywords() {
		see(n, keyword)
		for _, sub := range n.subschemas(keyword) {
			sub.walk(see)
		}
	}
}

// keywordKind sorts the keywords of JSON Schema by what stands behind them.
type keywordKind int

const (
	unknownKeyword keywordKind = iota
	annotation
	asserting // can refuse a document by itself; may hold a schema
	oneSchema
	listOfSchemas
	schemaByName
)

var kinds = map[keywordKind][]string{
	annotation: {"$schema", "$id", "$ref", "$comment", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples"},
	asserting: {
		"type", "enum", "const", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "required", "minProperties", "maxProperties",
		"dependentRequired", "propertyNames", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "not",
	},
	oneSchema:     {"items", "if", "then", "else"},
	listOfSchemas: {"allOf", "anyOf", "oneOf", "prefixItems"},
	schemaByName:  {"properties", "patternProperties", "dependentSchemas", "$defs"},
}

// kindOf returns the kind of a keyword. One of our own that begins with x- is an annotation.
func kindOf(keyword string) keywordKind {
	for kind, names := range kinds {
		if slices.Contains(names, keyword) {
			return kind
		}
	}
	if strings.HasPrefix(keyword, "x-") {
		return annotation
	}
	return unknownKeyword
}
