package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// node is a schema whose references are followed.
type node struct {
	text    string                      // as it was written, in canonical form
	never   bool                        // the schema false
	values  map[string]string           // canonical JSON of keywords that hold no schemas
	schemas map[string]*node            // of keywords that hold one
	lists   map[string][]*node          // of keywords that hold a list
	groups  map[string]map[string]*node // of keywords that hold them by name
}

func newNode(text string) *node {
	return &node{
		text: text, values: map[string]string{}, schemas: map[string]*node{},
		lists: map[string][]*node{}, groups: map[string]map[string]*node{},
	}
}

// anything is the schema true.
func anything() *node { return newNode("true") }

// keywords returns the names of all keywords, in order.
func (n *node) keywords() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for _, names := range [][]string{sorted(n.values), sorted(n.schemas), sorted(n.lists), sorted(n.groups)} {
			for _, name := range names {
				if !yield(name) {
					return
				}
			}
		}
	})
}

func (n *node) has(keyword string) bool { return slices.Contains(n.keywords(), keyword) }

// library says whether n only holds definitions, for other schemas to refer to.
func (n *node) library() bool {
	return len(n.groups["$defs"]) > 0 && !slices.ContainsFunc(n.keywords(), func(k string) bool {
		return kindOf(k) != header && kindOf(k) != note
	})
}

// resolved is the canonical text of n with its references followed, annotations left out.
func (n *node) resolved() string {
	if n.never {
		return "false"
	}
	var b strings.Builder
	b.WriteString("{")
	for _, k := range n.keywords() {
		if kindOf(k) == note || kindOf(k) == header {
			continue
		}
		fmt.Fprintf(&b, "%q:%s[", k, n.values[k])
		for _, h := range n.held(k) {
			b.WriteString(h.resolved() + ",")
		}
		fmt.Fprintf(&b, "]%q", sorted(n.groups[k]))
	}
	return b.String() + "}"
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// canonical writes JSON in one way: no white space, names in order, numbers as whole numbers or fractions.
func canonical(raw []byte) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	v, err := exact(v)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err = enc.Encode(v)
	return strings.TrimSpace(out.String()), err
}

// exact replaces every number in v, so that 1, 1.0 and 1e0 are the same.
func exact(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		r, err := rational(v.String())
		if err != nil {
			return nil, err
		}
		if r.IsInt() {
			return json.Number(r.Num().String()), nil
		}
		return json.Number(strings.TrimRight(r.FloatString(maxDigits), "0")), nil
	case []any:
		for i := range v {
			if v[i], err = exact(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = exact(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// maxDigits bounds numbers, so that 1e999999999 in a schema does not fill the memory.
const maxDigits = 400

func rational(text string) (*big.Rat, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if len(mantissa) > maxDigits/2 || len(strings.TrimLeft(exponent, "+-0")) > 2 {
		return nil, fmt.Errorf("number of more than %d digits", maxDigits/2)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("number %q is not one", text)
	}
	return r, nil
}

// listed returns the values of a canonical list, in order; a single value is a list of one.
func listed(text string) []string {
	if !strings.HasPrefix(text, "[") {
		return []string{text}
	}
	var raw []json.RawMessage
	if json.Unmarshal([]byte(text), &raw) != nil {
		return nil // it is canonical
	}
	values := make([]string, len(raw))
	for i, r := range raw {
		values[i] = string(r)
	}
	slices.Sort(values)
	return slices.Compact(values)
}
