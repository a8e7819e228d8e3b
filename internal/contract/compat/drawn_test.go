package compat_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// object is a schema, as the full validator reads it.
type object = map[string]any

var fields = []string{"a", "b", "c"}

// anySchema draws a small schema of at most that many levels.
func anySchema(t *rapid.T, depth int) any {
	if rapid.IntRange(0, 19).Draw(t, "boolean") == 0 {
		return rapid.Bool().Draw(t, "allows")
	}
	s := object{}
	for range rapid.IntRange(0, 4).Draw(t, "keywords") {
		put(t, s, depth)
	}
	return s
}

// put gives s a keyword, or another value of one.
func put(t *rapid.T, s object, depth int) {
	leaf := []string{"type", "enum", "const", "required", "minimum", "maximum", "minLength", "maxLength", "pattern", "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "dependentRequired"}
	holding := []string{"properties", "properties", "properties", "additionalProperties", "unevaluatedProperties", "items", "prefixItems", "unevaluatedItems", "propertyNames", "patternProperties", "not", "if", "then", "else", "contains", "minContains", "allOf", "anyOf", "oneOf", "dependentSchemas", "$ref"}
	if depth == 0 {
		holding = nil
	}
	keyword := rapid.SampledFrom(append(leaf, holding...)).Draw(t, "keyword")
	sub := func() any { return anySchema(t, depth-1) }
	list := func() any {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return anySchema(t, depth-1) }), 1, 2).Draw(t, "list")
	}
	switch keyword {
	case "type":
		s[keyword] = rapid.SampledFrom([]any{"object", "string", "integer", "number", "array", []any{"object", "integer"}, []any{"object", "number"}}).Draw(t, keyword)
	case "enum":
		s[keyword] = rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(corpusTexts))), 1, 3, func(v string) string { return v }).Draw(t, keyword)
		s[keyword] = parsed(s[keyword].([]string))
	case "const":
		s[keyword] = parsed([]string{rapid.SampledFrom(slices.Sorted(maps.Keys(corpusTexts))).Draw(t, keyword)})[0]
	case "required":
		s[keyword] = toAny(rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 2, func(v string) string { return v }).Draw(t, keyword))
	case "dependentRequired":
		s[keyword] = object{rapid.SampledFrom(fields).Draw(t, "if"): []any{rapid.SampledFrom(fields).Draw(t, "then")}}
	case "uniqueItems":
		s[keyword] = rapid.Bool().Draw(t, keyword)
	case "pattern":
		s[keyword] = rapid.SampledFrom([]string{"^a", "b$", "^[abc]*$"}).Draw(t, keyword)
	case "multipleOf":
		s[keyword] = number(rapid.IntRange(1, 3).Draw(t, keyword))
	case "properties":
		p, ok := s[keyword].(object)
		if !ok {
			p = object{}
		}
		p[rapid.SampledFrom(fields).Draw(t, "field")] = sub()
		s[keyword] = p
	case "patternProperties":
		s[keyword] = object{rapid.SampledFrom([]string{"^a", "[bc]"}).Draw(t, "field"): sub()}
	case "dependentSchemas":
		s[keyword] = object{rapid.SampledFrom(fields).Draw(t, "field"): sub()}
	case "allOf", "anyOf", "oneOf", "prefixItems":
		s[keyword] = toAny(list().([]any))
	case "$ref":
		s[keyword] = "#/$defs/" + rapid.SampledFrom([]string{"x", "y"}).Draw(t, "definition")
	case "additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems", "propertyNames", "not", "if", "then", "else", "contains":
		s[keyword] = sub()
	default:
		s[keyword] = number(rapid.IntRange(0, 3).Draw(t, keyword))
	}
}

func number(n int) json.Number { return json.Number(string(rune('0' + n))) }

func toAny[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// mutate changes s in a few places.
func mutate(t *rapid.T, s any, depth int) any {
	o, ok := s.(object)
	if !ok {
		return anySchema(t, depth)
	}
	into := slices.DeleteFunc(slices.Sorted(maps.Keys(o)), func(k string) bool {
		switch o[k].(type) {
		case object, bool, []any:
			return slices.Contains([]string{"enum", "const", "required", "type", "uniqueItems", "dependentRequired"}, k)
		default:
			return true
		}
	})
	switch what := rapid.IntRange(0, 5).Draw(t, "how"); {
	case what == 0 && len(o) > 0:
		delete(o, rapid.SampledFrom(slices.Sorted(maps.Keys(o))).Draw(t, "removed"))
	case what == 1:
		addProperty(t, o)
	case what >= 3 && len(into) > 0 && depth > 0:
		k := rapid.SampledFrom(into).Draw(t, "into")
		o[k] = mutateHeld(t, k, o[k], depth-1)
	default:
		put(t, o, depth)
	}
	return o
}

// addProperty is the change that is made most, and the one whose verdict depends on all around it.
func addProperty(t *rapid.T, s object) {
	p, ok := s["properties"].(object)
	if !ok {
		p = object{}
	}
	name := rapid.SampledFrom(fields).Draw(t, "field")
	if _, there := p[name]; there {
		delete(p, name)
	} else {
		p[name] = anySchema(t, 0)
	}
	s["properties"] = p
}

// mutateHeld changes one of the schemas that a keyword holds.
func mutateHeld(t *rapid.T, keyword string, held any, depth int) any {
	switch h := held.(type) {
	case []any:
		i := rapid.IntRange(0, len(h)-1).Draw(t, "index")
		h[i] = mutate(t, h[i], depth)
		return h
	case object:
		if !slices.Contains([]string{"properties", "patternProperties", "dependentSchemas"}, keyword) {
			return mutate(t, h, depth)
		}
		if names := slices.Sorted(maps.Keys(h)); len(names) > 0 {
			n := rapid.SampledFrom(names).Draw(t, "name")
			h[n] = mutate(t, h[n], depth)
		}
		return h
	default:
		return mutate(t, held, depth)
	}
}

// corpusTexts are documents of a few levels, with the fields a, b and c.
var corpusTexts = func() map[string]bool {
	level := []string{`"a"`, `"ab"`, `""`, `0`, `1`, `2.5`, `3`, `[]`, `{}`}
	all := map[string]bool{}
	for _, v := range level {
		all[v] = true
	}
	for range 2 {
		var next []string
		for i, v := range level {
			w := level[(i*7+3)%len(level)]
			next = append(next, `{"a":`+v+`}`, `{"b":`+v+`}`, `{"a":`+v+`,"b":`+w+`}`, `[`+v+`]`, `[`+v+`,`+w+`]`, `{"c":`+w+`,"a":`+v+`}`)
		}
		for _, v := range next {
			all[v] = true
		}
		level = next[:min(len(next), 60)]
	}
	return all
}()

func parsed(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
		if err != nil {
			panic(err) // the texts are our own
		}
		out[i] = v
	}
	return out
}

// knows says whether all fields of the document are ones that one of the schemas about it names.
func knows(about []any, defs object, document any) bool {
	about = inPlaceOf(about, defs)
	switch d := document.(type) {
	case object:
		for name, value := range d {
			if !slices.ContainsFunc(about, func(s any) bool { return names(s, name) }) || !knows(each(about, name), defs, value) {
				return false
			}
		}
	case []any:
		for _, value := range d {
			if !knows(each(about, ""), defs, value) {
				return false
			}
		}
	}
	return true
}

func inPlaceOf(about []any, defs object) []any {
	all := slices.Clone(about)
	for i := 0; i < len(all) && i < 1000; i++ {
		s, _ := all[i].(object)
		for _, k := range []string{"allOf", "anyOf", "oneOf"} {
			list, _ := s[k].([]any)
			all = append(all, list...)
		}
		for _, k := range []string{"not", "if", "then", "else"} {
			if sub, ok := s[k]; ok {
				all = append(all, sub)
			}
		}
		if group, ok := s["dependentSchemas"].(object); ok {
			all = slices.AppendSeq(all, maps.Values(group))
		}
		if ref, ok := s["$ref"].(string); ok {
			all = append(all, defs[ref[len(ref)-1:]])
		}
	}
	return all
}

func names(s any, name string) bool {
	o, _ := s.(object)
	properties, _ := o["properties"].(object)
	if _, ok := properties[name]; ok {
		return true
	}
	required, _ := o["required"].([]any)
	return slices.Contains(required, any(name)) || o["patternProperties"] != nil || says(o["additionalProperties"]) || says(o["unevaluatedProperties"]) ||
		mentions(o["enum"], name) || mentions(o["const"], name)
}

// mentions says whether a field of that name stands anywhere in v.
func mentions(v any, name string) bool {
	switch v := v.(type) {
	case object:
		for n, sub := range v {
			if n == name || mentions(sub, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(sub any) bool { return mentions(sub, name) })
	}
	return false
}

// says whether a schema says anything of a value, beside whether there may be one.
func says(schema any) bool {
	o, _ := schema.(object)
	return len(o) > 0
}

// each returns the schemas about the document's field of that name, or about its elements.
func each(about []any, name string) []any {
	var out []any
	for _, s := range about {
		o, _ := s.(object)
		if name == "" {
			for _, k := range []string{"items", "contains", "unevaluatedItems"} {
				out = append(out, o[k])
			}
			list, _ := o["prefixItems"].([]any)
			out = append(out, list...)
			out = append(out, object{"enum": o["enum"], "const": o["const"]})
			continue
		}
		properties, _ := o["properties"].(object)
		out = append(out, properties[name], o["additionalProperties"], o["unevaluatedProperties"])
		if group, ok := o["patternProperties"].(object); ok {
			out = slices.AppendSeq(out, maps.Values(group))
		}
		out = append(out, object{"enum": o["enum"], "const": o["const"]})
	}
	return out
}
