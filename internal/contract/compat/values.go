package compat

import (
	"encoding/json"
	"slices"
	"strings"
)

// value compares keywords that hold no schema.
func (c *comparison) value(at, keyword string, was, now *node, in scope) {
	before, had := was.values[keyword]
	after, has := now.values[keyword]
	k := kindOf(keyword)
	if k == set {
		c.set(at, keyword, was, now, in)
		return
	}
	if before == after && had == has || k == flag && (before == "true") == (after == "true") {
		return
	}
	ch := Change{Path: at, What: "changed", Old: before, New: after}
	switch {
	case keyword == extensible:
		ch.Breaks = breaksByPromise(was, now)
	case k == note:
		ch.Breaks = Nobody
		ch.Verdict = Annotation
		c.changes = append(c.changes, ch)
		return
	case k == unknown:
		ch.What, ch.Breaks = "cannot judge", Both
	case strings.HasSuffix(keyword, "Contains"):
		ch.Breaks = Both
	case had != has && k != flag:
		ch.What, ch.Breaks = presence(has), pick(has, Producers, Consumers)
	default:
		ch.Breaks = breaksByValue(k, before, after)
	}
	c.add(in, ch)
}

// breaksByPromise says who breaks when an enum is said to grow from now on, or no longer.
func breaksByPromise(was, now *node) Side {
	_, known := was.values["enum"]
	return pick(known && now.values[extensible] == "true", Consumers, Nobody)
}

// breaksByValue says who breaks by another value of a keyword. Both are canonical; one of a flag may be missing.
func breaksByValue(k kind, before, after string) Side {
	switch k {
	case flag:
		return pick(after == "true", Producers, Consumers)
	case floor, ceiling:
		b, err1 := rational(before)
		a, err2 := rational(after)
		if err1 != nil || err2 != nil {
			return Both
		}
		return pick((a.Cmp(b) > 0) == (k == floor), Producers, Consumers)
	default:
		return Both
	}
}

// set compares keywords that hold a list whose order says nothing.
func (c *comparison) set(at, keyword string, was, now *node, in scope) {
	before, had := was.values[keyword]
	after, has := now.values[keyword]
	if keyword != "required" && had != has {
		c.add(in, Change{Path: at, What: presence(has), Old: before, New: after, Breaks: pick(has, Producers, Consumers)})
		return
	}
	covers := same
	if keyword == "type" {
		covers = coversType
	}
	b, a := values(before), values(after)
	gone, came := uncovered(b, a, covers), uncovered(a, b, covers)
	ch := Change{Path: at, Old: strings.Join(gone, ", "), New: strings.Join(came, ", ")}
	if keyword == "required" {
		gone, came = came, gone // more of it is narrower
	}
	switch {
	case len(gone) > 0 && len(came) > 0:
		ch.What, ch.Breaks = "changed", Both
	case len(gone) > 0:
		ch.What, ch.Breaks = "narrowed", Producers
	case len(came) > 0:
		ch.What, ch.Breaks = "widened", Consumers
		if keyword == "enum" && was.values[extensible] == "true" {
			ch.Breaks = Nobody
		}
	default:
		return
	}
	c.add(in, ch)
}

func values(text string) []string {
	if text == "" {
		return nil
	}
	return listed(text)
}

// uncovered returns those of a that nothing in b covers.
func uncovered(a, b []string, covers func(wide, narrow string) bool) []string {
	return slices.DeleteFunc(slices.Clone(a), func(narrow string) bool {
		return slices.ContainsFunc(b, func(wide string) bool { return covers(wide, narrow) })
	})
}

func same(a, b string) bool { return a == b }

// coversType says whether every value of the narrow type is one of the wide type.
func coversType(wide, narrow string) bool {
	return wide == narrow || wide == `"number"` && narrow == `"integer"`
}

// quote writes a name as canonical JSON has it.
func quote(name string) string {
	text, err := json.Marshal(name)
	if err != nil {
		return name // no string is refused
	}
	quoted, err := canonical(text)
	if err != nil {
		return name // it was JSON a moment ago
	}
	return quoted
}
