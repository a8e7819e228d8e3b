package contracttest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Edges returns documents that are right but for one place, at which stands every value at the edge of what the shape allows, and every way to
// write it that two readers could take in two ways. [Near] finds combinations; this finds each edge, always.
func Edges(s *Shape) []string {
	e := edger{map[*Shape]string{}}
	documents := e.edges(s)
	whole := e.right(s)
	for _, around := range []string{" %", "%\n", "\ufeff%", "%%", "[%]", "% x", "%\x00", "\u00a0%", "/**/%", "%//"} {
		documents = append(documents, strings.ReplaceAll(around, "%", whole))
	}
	return append(documents, whole[:len(whole)-1], whole[1:], "", " ")
}

// edger makes the documents of one shape. It keeps what is right for each part of it.
type edger struct{ rights map[*Shape]string }

// right returns a value that the shape allows, with all optional members.
func (e edger) right(s *Shape) string {
	known, ok := e.rights[s]
	if !ok {
		known = e.make(s)
		e.rights[s] = known
	}
	return known
}

func (e edger) make(s *Shape) string {
	switch {
	case s == nil:
		return "{}"
	case len(s.Enum) > 0:
		return quote(s.Enum[0], false)
	case s.Type == "integer":
		return text(bound(s.Minimum, 1))
	case s.Type == "array":
		return "[" + e.right(s.Items) + "]"
	case s.Type == "object":
		return e.object(s, nil)
	case s.Format == "date-time":
		return `"2026-03-01T09:30:00Z"`
	default:
		return quote(word(s), false)
	}
}

// object returns a right object, but for the members that are given as text. An empty text leaves a member out.
func (e edger) object(s *Shape, but map[string]string) string {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		switch member, changed := but[name]; {
		case !changed:
			members = append(members, quote(name, false)+":"+e.right(s.Properties[name]))
		case member != "":
			members = append(members, member)
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// somethingElse are values of every kind.
var somethingElse = []string{"null", "true", `""`, `"a"`, "0", "1", "-1", "1.5", "[]", "{}", `[1]`, `{"a":1}`, `{"a":1,"a":2}`, `{"A":{"":[null]}}`, `"\ud800"`, "\"\xff\"", "NaN", "'a'"}

// edges returns the values at the edge of a shape, as JSON texts.
func (e edger) edges(s *Shape) []string {
	all := slices.Clone(somethingElse)
	switch {
	case s == nil:
	case len(s.Enum) > 0:
		for _, w := range s.Enum {
			all = append(all, quote(w, false), quote(w, true), quote(strings.ToLower(w), false), quote(w+" ", false), quote(w[1:], false))
		}
	case s.Type == "integer":
		all = append(all, integers(s)...)
	case s.Type == "array":
		all = append(all, e.arrays(s)...)
	case s.Type == "object":
		all = append(all, e.objects(s)...)
	case s.Format == "date-time":
		for _, at := range times {
			all = append(all, quote(at, false), quote(at, true))
		}
	default:
		all = append(all, texts(s)...)
	}
	return all
}

func integers(s *Shape) []string {
	least, most := bound(s.Minimum, 0), bound(s.Maximum, 1<<53)
	all := []string{
		text(least - 1), text(least), text(least + 1), text(most - 1), text(most), text(most + 1), "-0", "-0.0", "0e0", "1e400", "1e-400", "1E9999999", "01", "00", "+1", "1.", ".5", "0x1", "1_0", "- 1", "1e", "٣", `"1"`,
		"9007199254740991", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", strings.Repeat("9", 400),
	}
	for _, plain := range []string{text(least), text(most)} {
		all = append(all, plain+".0", plain+".000", plain+".5", plain+"e0", plain+"E+0", plain+"0e-1")
	}
	return all
}

func (e edger) arrays(s *Shape) []string {
	var all []string
	for _, count := range []int{0, s.MinItems, s.MaxItems - 1, s.MaxItems, s.MaxItems + 1} {
		all = append(all, "["+strings.TrimSuffix(strings.Repeat(e.right(s.Items)+",", max(count, 0)), ",")+"]")
	}
	all = append(all, "["+e.right(s.Items)+",]")
	for _, item := range e.edges(s.Items) {
		all = append(all, "["+item+"]")
	}
	return all
}

func (e edger) objects(s *Shape) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		value, key := e.right(s.Properties[name]), quote(name, false)
		all = append(all, e.object(s, map[string]string{name: ""}), e.object(s, map[string]string{name: quote(name, true) + " :\t" + value}))
		for _, other := range []string{
			strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], strings.ReplaceAll(name, "_", ""), name + " ", name + "\x00", strings.Replace(name, "s", "ſ", 1), strings.Replace(name, "k", "\u212a", 1),
		} {
			all = append(all, e.object(s, map[string]string{name: quote(other, false) + ":" + value}), e.object(s, map[string]string{name: key + ":" + value + "," + quote(other, false) + ":" + value}))
		}
		all = append(all, e.object(s, map[string]string{name: key + ":" + value + "," + quote(name, true) + ":" + value}))
		for _, edge := range e.edges(s.Properties[name]) {
			all = append(all, e.object(s, map[string]string{name: key + ":" + edge}))
		}
	}
	whole := e.object(s, nil)
	for _, name := range []string{"", "a", "A", "_", "1", "a1", "a_", "a-b", "aB", "é", "a\n", "a\u0301", "data_base64"} {
		for _, value := range []string{"1", "null", `{"x":[1.5]}`, `{"x":1,"x":1}`} {
			all = append(all, whole[:len(whole)-1]+","+quote(name, false)+":"+value+"}")
		}
	}
	return append(all, whole[:len(whole)-1]+",}", "{}")
}

var upTo = regexp.MustCompile(`\{\d+,(\d+)\}`)

// word returns a text that a pattern of ours takes: they all take lower-case letters, or one of a few words.
func word(s *Shape) string {
	if s.Pattern == "" {
		return "a"
	}
	for _, w := range []string{"ab", "customer", "unknown_user"} {
		if regexp.MustCompile(s.Pattern).MatchString(w) {
			return w
		}
	}
	panic("contracttest: no word for pattern " + s.Pattern) // a new pattern wants a word here
}

// texts returns words of every length at the edge of the pattern's, and with every ASCII character and some others within, and some at the beginning and the end.
func texts(s *Shape) []string {
	w := word(s)
	all := []string{quote(w, false), quote(w, true), quote(strings.ToUpper(w), false)}
	for _, bounds := range upTo.FindAllStringSubmatch(s.Pattern, -1) {
		most, err := strconv.Atoi(bounds[1])
		if err != nil {
			panic(err) // it is digits
		}
		for _, n := range []int{0, 1, most - 1, most, most + 1, most + 2, most / 2, most/2 + 1} {
			for _, of := range []string{"a", "é", "😀"} {
				all = append(all, quote(w[:1]+strings.Repeat(of, max(n-1, 0)), false), quote(strings.Repeat(of, n), false))
			}
			all = append(all, quote(w+":"+strings.Repeat("a", n), false)) // an operator's name
		}
	}
	strange := []rune("\u0080\u0085éſ\u212a\u0301\u200b\u2028\ufeff\ufffd\uffff０٣😀\U0010ffff")
	for r := range rune(0x80) {
		strange = append(strange, r)
	}
	for _, r := range strange {
		all = append(all, quote(w[:1]+string(r)+w[1:], false))
	}
	for _, r := range "\x00\n -./09:A_a~é" {
		all = append(all, quote(string(r)+w, false), quote(w+string(r), false))
	}
	return all
}
