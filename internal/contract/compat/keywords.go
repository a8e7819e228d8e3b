package compat

import (
	"slices"
	"strings"
)

// kind is how a keyword's value is read and compared.
type kind int

const (
	unknown     kind = iota
	note             // refuses nothing
	header           // says which schema this is, or where definitions lie
	set              // a list whose order says nothing; type may be a single word
	fixed            // equal or not
	floor            // a number: more is narrower
	ceiling          // a number: less is narrower
	flag             // true is narrower
	schema           // holds a schema; none means any
	inverted         // holds a schema, whose narrowing may widen the whole
	conjunction      // list of schemas: one more is narrower
	disjunction      // list of schemas: one more is wider
	exclusive        // list of schemas, of which one must hold
	tuple            // list of schemas by position
	members          // schemas by the name of a property
	named            // schemas by another name
	obscure          // leads elsewhere in a way that is not followed here
)

var kinds = map[string]kind{
	"title": note, "description": note, "$comment": note, "examples": note, "default": note, "deprecated": note,
	"readOnly": note, "writeOnly": note, "contentEncoding": note, "contentMediaType": note, extensible: note,
	"$schema": header, "$id": header, "$defs": header,
	"type": set, "enum": set, "required": set,
	"const": fixed, "pattern": fixed, "format": fixed, "multipleOf": fixed, "dependentRequired": fixed, "minContains": fixed, "maxContains": fixed,
	"minimum": floor, "exclusiveMinimum": floor, "minLength": floor, "minItems": floor, "minProperties": floor,
	"maximum": ceiling, "exclusiveMaximum": ceiling, "maxLength": ceiling, "maxItems": ceiling, "maxProperties": ceiling,
	"uniqueItems": flag,
	"items":       schema, "additionalProperties": schema, "unevaluatedProperties": schema, "unevaluatedItems": schema,
	"propertyNames": schema, "then": schema, "else": schema, reference: schema,
	"not": inverted, "if": inverted, "contains": inverted,
	"allOf": conjunction, "anyOf": disjunction, "oneOf": exclusive, "prefixItems": tuple,
	"properties": members, "patternProperties": named, "dependentSchemas": named,
	"$dynamicRef": obscure, "$recursiveRef": obscure, "$dynamicAnchor": obscure, "$recursiveAnchor": obscure, "$anchor": obscure,
}

const (
	reference  = "$ref"
	extensible = "x-extensible" // beside an enum: values will be added in minor versions
)

func kindOf(keyword string) kind {
	k, ok := kinds[keyword]
	if !ok && strings.HasPrefix(keyword, "x-") {
		return note
	}
	return k
}

// inPlace are the keywords whose schemas are about the same value as the schema that they stand in.
var inPlace = []string{"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", reference}

// aboutMembers are the keywords, beside properties, whose schemas are about the members of an object; aboutElements about those of an array.
var (
	aboutMembers  = []string{"patternProperties", "additionalProperties", "unevaluatedProperties"}
	aboutElements = []string{"items", "prefixItems", "contains", "unevaluatedItems"}
)

// joins says whether a keyword means the same beside a reference as it would among the keywords that the reference leads to.
func joins(keyword string) bool {
	switch kindOf(keyword) {
	case note, set, floor, ceiling, flag:
		return true
	case fixed:
		return !strings.HasSuffix(keyword, "Contains")
	default:
		return strings.HasPrefix(keyword, "unevaluated")
	}
}

// held returns the schemas directly under a keyword of n.
func (n *node) held(keyword string) []*node {
	var found []*node
	if s, ok := n.schemas[keyword]; ok {
		found = append(found, s)
	}
	found = append(found, n.lists[keyword]...)
	for _, name := range sorted(n.groups[keyword]) {
		found = append(found, n.groups[keyword][name])
	}
	return found
}

// spread returns nodes and all that is said of the same value within them.
func spread(nodes []*node) []*node {
	all := slices.Clone(nodes)
	for i := 0; i < len(all); i++ {
		for _, keyword := range inPlace {
			all = append(all, all[i].held(keyword)...)
		}
	}
	return all
}

// ofMember returns what nodes say of the object's member of that name.
func ofMember(nodes []*node, name string) []*node {
	var found []*node
	for _, n := range spread(nodes) {
		if p, ok := n.groups["properties"][name]; ok {
			found = append(found, p)
		}
		for _, keyword := range aboutMembers {
			found = append(found, n.held(keyword)...)
		}
	}
	return found
}

// ofMembers returns what nodes say of any member of the object.
func ofMembers(nodes []*node) []*node {
	var found []*node
	for _, n := range spread(nodes) {
		for _, keyword := range append([]string{"properties"}, aboutMembers...) {
			found = append(found, n.held(keyword)...)
		}
	}
	return found
}

// ofElement returns what nodes say of the array's elements.
func ofElement(nodes []*node) []*node {
	var found []*node
	for _, n := range spread(nodes) {
		for _, keyword := range aboutElements {
			found = append(found, n.held(keyword)...)
		}
	}
	return found
}
