package compat

import (
	"slices"
	"strconv"
	"strings"
)

// comparison gathers changes.
type comparison struct {
	changes []Change
	root    bool // the definitions of the root are what is compared
}

// scope is where two schemas stand that are compared.
type scope struct {
	was, now []*node // all schemas, of each side, that are about the same value
	inverted bool    // narrower here may mean wider for the whole
	said     string  // by enum and const, where an enclosing value was to be one of a list
}

func (s scope) upsideDown() scope {
	s.inverted = true
	return s
}

func (s scope) member(name string) scope {
	return scope{ofMember(s.was, name), ofMember(s.now, name), s.inverted, s.listed()}
}

func (s scope) anyMember() scope {
	return scope{ofMembers(s.was), ofMembers(s.now), s.inverted, s.listed()}
}

func (s scope) element() scope {
	return scope{ofElement(s.was), ofElement(s.now), s.inverted, s.listed()}
}

// listed returns what enum and const said of the value, or of one around it.
func (s scope) listed() string {
	said := s.said
	for _, n := range spread(s.was) {
		said += n.values["enum"] + n.values["const"]
	}
	return said
}

// unevaluated says whether a schema about the value looks at what the others left over.
func (s scope) unevaluated() bool {
	return slices.ContainsFunc(spread(slices.Concat(s.was, s.now)), func(n *node) bool {
		return n.has("unevaluatedProperties") || n.has("unevaluatedItems")
	})
}

// add notes a change. Where narrower may mean wider, whoever would break is not known, so both do.
func (c *comparison) add(in scope, ch Change) {
	ch.Verdict = Breaking
	switch {
	case in.inverted:
		ch.Breaks = Both
	case ch.Breaks == Nobody:
		ch.Verdict = Minor
	default:
	}
	c.changes = append(c.changes, ch)
}

// schema compares two schemas at a path.
func (c *comparison) schema(at string, was, now *node, in scope) {
	if was.never || now.never {
		c.never(at, was, now, in)
		return
	}
	keywords := slices.Concat(was.keywords(), now.keywords())
	slices.Sort(keywords)
	for _, keyword := range slices.Compact(keywords) {
		c.keyword(below(at, keyword), keyword, was, now, in)
	}
}

func (c *comparison) never(at string, was, now *node, in scope) {
	switch {
	case was.never && now.never:
	case now.never:
		c.add(in, Change{Path: at, What: "nothing allowed any more", Old: was.text, New: now.text, Breaks: Producers})
	default:
		c.add(in, Change{Path: at, What: "allowed now", Old: was.text, New: now.text, Breaks: Consumers})
	}
}

func (c *comparison) keyword(at, keyword string, was, now *node, in scope) {
	switch kindOf(keyword) {
	case schema:
		c.sub(at, keyword, was, now, in)
	case inverted:
		c.turned(at, keyword, was, now, in)
	case conjunction, disjunction, exclusive, tuple:
		c.list(at, keyword, was, now, in)
	case members:
		c.members(at, was, now, in)
	case named:
		c.group(at, keyword, was, now, in)
	case header:
		c.header(at, keyword, was, now, in)
	default:
		c.value(at, keyword, was, now, in)
	}
}

// inner is the scope of what stands under a keyword that holds schemas.
func inner(keyword string, in scope) scope {
	switch {
	case slices.Contains(inPlace, keyword):
		if in.unevaluated() {
			return in.upsideDown()
		}
		return in
	case slices.Contains(aboutElements, keyword):
		return in.element()
	case keyword == "propertyNames":
		return scope{inverted: in.inverted}
	default:
		return in.anyMember() // their names are data
	}
}

// sub compares keywords that hold one schema, where none allows anything.
func (c *comparison) sub(at, keyword string, was, now *node, in scope) {
	before, had := was.schemas[keyword]
	after, has := now.schemas[keyword]
	if had != has && in.unevaluated() && !strings.HasPrefix(keyword, "unevaluated") {
		c.add(in, Change{Path: at, What: presence(has), Old: text(before), New: text(after), Breaks: Both})
		return
	}
	if !had {
		before = anything()
	}
	if !has {
		after = anything()
	}
	c.schema(at, before, after, inner(keyword, in))
}

// turned compares keywords that hold one schema, of which a narrower one may be wider for the whole.
func (c *comparison) turned(at, keyword string, was, now *node, in scope) {
	before, had := was.schemas[keyword]
	after, has := now.schemas[keyword]
	if had && has {
		c.schema(at, before, after, inner(keyword, in).upsideDown())
		return
	}
	c.add(in, Change{Path: at, What: presence(has), Old: text(before), New: text(after), Breaks: Both})
}

func presence(now bool) string {
	if now {
		return "added"
	}
	return "removed"
}

// text is how n was written, or nothing where there is none.
func text(n *node) string {
	if n == nil {
		return ""
	}
	return n.text
}

// list compares keywords that hold a list of schemas.
func (c *comparison) list(at, keyword string, was, now *node, in scope) {
	before, after := was.lists[keyword], now.lists[keyword]
	within := inner(keyword, in)
	if kindOf(keyword) == exclusive {
		within = within.upsideDown()
	}
	gone, came := unmatched(before, after), unmatched(after, before)
	switch {
	case len(before) != len(after):
		ch := Change{Path: at, What: "changed", Old: texts(gone), New: texts(came), Breaks: Both}
		if !in.unevaluated() {
			ch.Breaks = breaksByLength(kindOf(keyword), len(before), len(after), len(gone), len(came))
		}
		c.add(in, ch)
	case kindOf(keyword) != tuple && len(gone)+len(came) == 0 && !slices.EqualFunc(before, after, sameRules): // only their order is another
	default:
		for i := range before {
			c.schema(below(at, strconv.Itoa(i)), before[i], after[i], within)
		}
	}
}

// breaksByLength says who breaks by a list that got longer or shorter.
func breaksByLength(k kind, before, after, gone, came int) Side {
	switch {
	case k == conjunction && gone == 0, k == disjunction && before == 0:
		return Producers
	case k == conjunction && came == 0, k == disjunction && after == 0:
		return Consumers
	case k == disjunction && gone == 0:
		return Consumers
	case k == disjunction && came == 0:
		return Producers
	default:
		return Both
	}
}

func pick(first bool, a, b Side) Side {
	if first {
		return a
	}
	return b
}

func sameRules(a, b *node) bool { return a.resolved() == b.resolved() }

// unmatched returns those of a that have no counterpart in b.
func unmatched(a, b []*node) []*node {
	rest := slices.Clone(b)
	var alone []*node
	for _, n := range a {
		i := slices.IndexFunc(rest, func(m *node) bool { return sameRules(n, m) })
		if i < 0 {
			alone = append(alone, n)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return alone
}

func texts(nodes []*node) string {
	all := make([]string, len(nodes))
	for i, n := range nodes {
		all[i] = n.text
	}
	return strings.Join(all, ", ")
}

// group compares keywords that hold schemas by a name other than a property's.
func (c *comparison) group(at, keyword string, was, now *node, in scope) {
	before, after := was.groups[keyword], now.groups[keyword]
	for _, name := range names(before, after) {
		here := below(at, name)
		b, had := before[name]
		a, has := after[name]
		if had && has {
			c.schema(here, b, a, inner(keyword, in))
			continue
		}
		c.add(in, Change{Path: here, What: presence(has), Old: text(b), New: text(a), Breaks: Both})
	}
}

func names(a, b map[string]*node) []string {
	all := slices.Concat(sorted(a), sorted(b))
	slices.Sort(all)
	return slices.Compact(all)
}

// header compares the dialect, and the definitions of a library.
func (c *comparison) header(at, keyword string, was, now *node, in scope) {
	switch {
	case keyword == "$defs" && c.root:
		c.definitions(at, was, now)
	case was.values[keyword] != now.values[keyword]:
		c.add(in, Change{Path: at, What: "cannot judge", Old: was.values[keyword], New: now.values[keyword], Breaks: Both})
	default:
	}
}

func (c *comparison) definitions(at string, was, now *node) {
	before, after := was.groups["$defs"], now.groups["$defs"]
	for _, name := range names(before, after) {
		here := below(at, name)
		b, had := before[name]
		a, has := after[name]
		switch {
		case !had:
			c.add(scope{}, Change{Path: here, What: "added", New: a.text, Breaks: Nobody})
		case !has:
			c.add(scope{}, Change{Path: here, What: "removed", Old: b.text, Breaks: Both})
		default:
			c.schema(here, b, a, scope{was: []*node{b}, now: []*node{a}})
		}
	}
}
