package contracttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// Near generates documents near a shape, as text: right ones, and ones that
// are wrong in a place or two or written in an unusual way.
func Near(s *Shape) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := near{t: t, rarity: rapid.SampledFrom([]int{0, 12, 40, 100}).Draw(t, "rarity")}
		return n.whole(n.value(s))
	})
}

// near draws the parts of one document.
type near struct {
	t *rapid.T
	// rarity is how many values there are to one that is odd; with 0 none is.
	rarity int
}

func (n near) odd() bool { return n.rarity > 0 && n.one(n.rarity) }

// one reports true once in so many times.
func (n near) one(in int) bool { return rapid.IntRange(0, in-1).Draw(n.t, "one") == in-1 }

func (n near) pick(from ...string) string { return rapid.SampledFrom(from).Draw(n.t, "pick") }

// whole returns the text of a document whose value is text, now and then with something around it.
func (n near) whole(text string) string {
	if !n.odd() {
		return n.pick("", " ", "\r\n\t") + text + n.pick("", "\n")
	}
	cut := rapid.IntRange(0, len(text)).Draw(n.t, "cut")
	return n.pick("", "\ufeff", text+text, "["+text+"]", text+" x", text+"//", text+",", text[:cut], text[:cut]+"\xff"+text[cut:], text+"\x00", "\xef\xbb", "/**/"+text, "\u00a0"+text)
}

func (n near) value(s *Shape) string {
	if s == nil || n.odd() {
		return n.garbage()
	}
	switch {
	case len(s.Enum) > 0:
		return n.text(n.word(s.Enum))
	case s.Type == "integer":
		return n.integer(s)
	case s.Type == "array":
		return n.array(s)
	case s.Type == "object":
		return n.object(s)
	case s.Format == "date-time":
		return n.text(n.time(s))
	default:
		return n.text(n.matching(s.Pattern))
	}
}

// garbage returns any JSON at all.
func (n near) garbage() string {
	return n.pick("null", "true", "false", `""`, `" "`, "0", "-1", "1.5", "1e400", "{}", "[]", "[[]]", `{"a":{"b":[null,{"c":1}]}}`, `{"":0}`, `{"A":1}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `["\ud800"]`, `["\udc00\ud800"]`, `"\ud83d\ude00"`, "\"\xff\"", "\"\u2028\"", "\"\x01\"", `"\x"`, "NaN", "'a'", "undefined",
		strings.Repeat("[", 50)+strings.Repeat("]", 50), `"`+strings.Repeat("é", 3000)+`"`)
}

func (n near) integer(s *Shape) string {
	least, most := bound(s.Minimum, 0), bound(s.Maximum, 1<<53)
	if !n.odd() {
		return n.pick(text(least), text(most), text(rapid.Int64Range(least, most).Draw(n.t, "integer")))
	}
	plain := text(rapid.Int64Range(least, most).Draw(n.t, "integer"))
	if n.one(2) { // an integer to a schema
		return n.pick(plain+".0", plain+".000", plain+"e0", plain+"E+0", plain+"0e-1", "1e3", "1.0e1", "0.1e1", "1E-0")
	}
	return n.pick(text(least-1), text(most+1), "-0", "-0.0", "0e0", plain+".5", "1e400", "1e-400",
		"9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"0"+plain, "00", "+"+plain, "-"+plain, plain+".", ".5", "0x1", "1_0", strings.Repeat("9", 400), "٣", `"`+plain+`"`, plain+" ", "- 1", "1e", "Infinity")
}

func bound(b *int64, otherwise int64) int64 {
	if b == nil {
		return otherwise
	}
	return *b
}

func text(i int64) string { return strconv.FormatInt(i, 10) }

// word returns one of words, or something like it.
func (n near) word(words []string) string {
	w := n.pick(words...)
	if !n.odd() {
		return w
	}
	return n.pick(strings.ToLower(w), w+" ", " "+w, w+"\n", w+"\x00", w[:len(w)-1], "", w+w, strings.Replace(w, "K", "\u212a", 1), strings.Replace(w, "S", "ſ", 1), w+"\u0301", "XAU", "XTS", "XXX")
}

// matching returns what a pattern takes, or something like it.
func (n near) matching(pattern string) string {
	if pattern == "" {
		return rapid.String().Draw(n.t, "string")
	}
	good := rapid.StringMatching(pattern).Draw(n.t, "string")
	if !n.odd() {
		return good
	}
	cut := rapid.IntRange(0, len(good)).Draw(n.t, "cut")
	strange := n.pick("", " ", "\n", "\x00", "é", "e\u0301", "😀", "ſ", "\u212a", "\u200b", "\ufeff", "０", "٣", "/", "-", ".", ":", "_", "A", "$", "\u007f", "\u0080", "\U0010ffff", "\ufffd")
	length := rapid.SampledFrom([]int{0, 1, 63, 64, 65, 254, 255, 256, 257, 10_000}).Draw(n.t, "length")
	return n.pick(good[:cut]+strange+good[cut:], strange, strings.Repeat(n.pick("a", "9", "é", "😀"), length), strings.ToUpper(good), good+good)
}

// times are the edges of RFC 3339, and of what may follow it in Go or in ISO 8601.
var times = []string{
	"2026-03-01T09:30:00Z", "2026-03-01T09:30:00.1Z", "2026-03-01T09:30:00.123456789Z", "2026-03-01T09:30:00.1234567890Z", "2026-03-01T09:30:00.Z", "2026-03-01T09:30:00,5Z",
	"2026-03-01T09:30:00.000000000Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
	"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
	"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T23:60:00Z", "2026-03-01T23:59:60Z", "2016-12-31T23:59:60Z", "2026-03-01T23:59:61Z", "2016-12-31T23:59:60.5Z",
	"2026-03-01T09:30:00+00:00", "2026-03-01T09:30:00-00:00", "2026-03-01T09:30:00+01:00", "2026-03-01T09:30:00+24:00", "2026-03-01T09:30:00z", "2026-03-01t09:30:00Z", "2026-03-01 09:30:00Z",
	"2026-03-01T09:30Z", "2026-03-01T9:30:00Z", "2026-3-1T09:30:00Z", "20260301T093000Z", "2026-03-01", "2026-W09-7T09:30:00Z", "2026-060T09:30:00Z", "2026-03-01T09:30:00", "2026-03-01T09:30:00ZZ",
	" 2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z\n", "2026-03-01T09:30:00Z ", "２026-03-01T09:30:00Z", "2026-03-01T09:30:0٣Z", "2026−03−01T09:30:00Z", "", "1772357400", "now",
}

func (n near) time(s *Shape) string {
	if n.odd() {
		return n.pick(times...)
	}
	if n.odd() {
		return rapid.StringMatching(s.Pattern).Draw(n.t, "time") // a month of 70 too
	}
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d%sZ", n.number(0, 9999), n.number(1, 12), n.number(1, 28), n.number(0, 23), n.number(0, 59), n.number(0, 59), n.pick("", ".5", ".123456789"))
}

func (n near) number(from, to int) int { return rapid.IntRange(from, to).Draw(n.t, "number") }

// text returns s as a JSON string, escaped in one of the ways there are.
func (n near) text(s string) string {
	if !n.one(12) {
		return quote(s, false)
	}
	return quote(s, true)
}

// quote writes a JSON string, with an escape for every UTF-16 unit if need be.
func quote(s string, escape bool) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r > 0xffff && escape:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case escape || r < ' ' || r == '"' || r == '\\':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func (n near) array(s *Shape) string {
	count := n.number(max(s.MinItems, 1), 3)
	if n.rarity > 0 && n.one(n.rarity/2) {
		count = rapid.SampledFrom([]int{s.MinItems - 1, s.MinItems - 1, s.MaxItems, s.MaxItems + 1}).Draw(n.t, "count")
	}
	items := make([]string, max(count, 0))
	for i := range items {
		if i < 4 {
			items[i] = n.value(s.Items)
			continue
		}
		items[i] = items[i-4]
	}
	end := ""
	if n.odd() {
		end = n.pick(",", "]", " ")
	}
	return "[" + strings.Join(items, ",") + end + "]"
}

func (n near) object(s *Shape) string {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(s.Required, name) && n.one(2) || n.odd() {
			continue
		}
		members = append(members, quote(n.name(name), n.one(20))+n.pick(":", " : ")+n.value(s.Properties[name]))
	}
	if n.odd() {
		members = append(members, n.pick(`""`, `"added_later"`, `"Added"`, `"a-b"`, `"a1_"`, `"_a"`, `"1a"`, `"é"`, `"a\n"`, `"data_base64"`, `"addedlater"`)+":"+n.garbage())
	}
	if n.odd() && len(members) > 0 {
		members = append(members, rapid.SampledFrom(members).Draw(n.t, "twice"))
	}
	members = rapid.Permutation(members).Draw(n.t, "members")
	return "{" + strings.Join(members, ",") + "}"
}

// name returns a member's name, or one that a careless reader takes for it.
func (n near) name(name string) string {
	if !n.odd() {
		return name
	}
	return n.pick(strings.ToUpper(name), strings.ToUpper(name[:1])+name[1:], name+" ", strings.Replace(name, "s", "ſ", 1), strings.Replace(name, "k", "\u212a", 1), strings.ReplaceAll(name, "_", ""),
		strings.ReplaceAll(name, "_", "-"), name+"\x00", name+"s")
}

// Seeds returns inputs for a fuzz target made by rapid.MakeFuzz, always the same.
func Seeds() [][]byte {
	random := rand.NewChaCha8([32]byte{})
	seeds := make([][]byte, 30)
	for i := range seeds {
		seeds[i] = make([]byte, 4<<10)
		_, _ = random.Read(seeds[i]) // never fails
	}
	return seeds
}
