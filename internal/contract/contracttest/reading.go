package contracttest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// Rule is one of the rules of reading: what a JSON Schema accepts, or cannot see, and every reader refuses all the same.
// The list is complete. A reader that refuses a valid document for any other reason is wrong.
type Rule string

// The rules of reading.
const (
	// DoubledName forbids the same name twice in one object, at any depth and however it is escaped.
	DoubledName Rule = "doubled name"
	// InvalidUTF8 forbids bytes that are no UTF-8.
	InvalidUTF8 Rule = "invalid UTF-8"
	// LoneSurrogate forbids half of a surrogate pair among the escapes.
	LoneSurrogate Rule = "lone surrogate"
	// IntegerForm forbids a fraction or an exponent where the schema asks for an integer: 1.0 and 1e3 are integers to it.
	IntegerForm Rule = "integer form"
)

// Rules returns all rules of reading.
func Rules() []Rule { return []Rule{DoubledName, InvalidUTF8, LoneSurrogate, IntegerForm} }

// Broken returns the rules of reading that a document breaks which is JSON and
// should be of the given shape. It looks at the text alone, with the standard library's tokenizer, and so knows nothing of the reader that it judges.
func Broken(s *Shape, text []byte) []Rule {
	var broken []Rule
	if !utf8.Valid(text) {
		broken = append(broken, InvalidUTF8)
	}
	if hasLoneSurrogate(text) {
		broken = append(broken, LoneSurrogate)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	w := walk{dec: dec}
	if err := w.value(s); err != nil {
		return broken // no JSON: the schema's own reader says so
	}
	if w.doubled {
		broken = append(broken, DoubledName)
	}
	if w.oddInteger {
		broken = append(broken, IntegerForm)
	}
	return broken
}

// walk goes through a document together with its shape, which is nil where the schema says nothing.
type walk struct {
	dec                 *json.Decoder
	doubled, oddInteger bool
}

var plainInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func (w *walk) value(s *Shape) error {
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Number:
		if s != nil && s.Type == "integer" && !plainInteger.MatchString(t.String()) {
			w.oddInteger = true
		}
	case json.Delim:
		if t == '{' {
			return w.object(s)
		}
		return w.array(s)
	}
	return nil
}

func (w *walk) object(s *Shape) error {
	seen := map[string]bool{}
	for w.dec.More() {
		t, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		w.doubled = w.doubled || seen[name]
		seen[name] = true
		if err := w.value(s.property(name)); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func (w *walk) array(s *Shape) error {
	for w.dec.More() {
		if err := w.value(s.items()); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

// hasLoneSurrogate looks at the escapes of a JSON text. Outside of strings there are none.
func hasLoneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		switch high := escaped(text[i:]); {
		case high >= 0xd800 && high < 0xdc00:
			if low := escaped(text[min(i+6, len(text)):]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 11
		case high >= 0xd800 && high <= 0xdfff:
			return true
		default:
			i++ // what stands behind the backslash, itself a backslash perhaps
		}
	}
	return false
}

// escaped returns the number in an escape such as \ud83d at the start of text, or -1.
func escaped(text []byte) int64 {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int64(n)
}
