package compat

import (
	"slices"
	"strings"
)

// members compares the properties of an object.
func (c *comparison) members(at string, was, now *node, in scope) {
	before, after := was.groups["properties"], now.groups["properties"]
	for _, name := range names(before, after) {
		here := below(at, name)
		b, had := before[name]
		a, has := after[name]
		switch {
		case !had:
			c.add(in, Change{Path: here, What: "property added", New: a.text, Breaks: breaksWhenAdded(name, in)})
		case !has:
			c.add(in, Change{Path: here, What: "property removed", Old: b.text, Breaks: breaksWhenRemoved(now)})
		default:
			c.schema(here, b, a, in.member(name))
		}
	}
}

// breaksWhenAdded says who breaks by a property that one of the schemas about an object describes from now on.
func breaksWhenAdded(name string, in scope) Side {
	if strings.Contains(in.listed(), quote(name)) {
		return Both
	}
	side := Nobody
	for _, n := range spread(in.was) {
		switch {
		case speaksOf(n, name):
			return Both
		case n.closed():
			side = Consumers
		default:
		}
	}
	for _, n := range spread(in.now) {
		if n.leftover() != nil && !n.closed() {
			return Both // what is left over is told from what is not in another way now
		}
	}
	return side
}

// speaksOf says whether n has its say on a member of that name.
func speaksOf(n *node, name string) bool {
	quoted := quote(name)
	_, described := n.groups["properties"][name]
	return described || len(n.groups["patternProperties"]) > 0 ||
		n.leftover() != nil && !n.closed() ||
		slices.Contains(listed(n.values["required"]), quoted) || strings.Contains(n.values["dependentRequired"], quoted)
}

// leftover is what n says of members that it does not name, where it refuses some.
func (n *node) leftover() *node {
	for _, keyword := range []string{"additionalProperties", "unevaluatedProperties"} {
		if s, ok := n.schemas[keyword]; ok && s.resolved() != "{}" {
			return s
		}
	}
	return nil
}

// closed says whether n refuses members that it does not name.
func (n *node) closed() bool {
	s := n.leftover()
	return s != nil && s.never
}

// breaksWhenRemoved says who breaks by a property that now no longer describes.
func breaksWhenRemoved(now *node) Side {
	switch {
	case now.closed():
		return Producers
	case now.leftover() != nil:
		return Both
	default:
		return Consumers
	}
}
