package events

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orderflow/orderflow/internal/strictjson"
)

// members are those of an event that the envelope reads itself.
var members = []string{"id", "source", "specversion", "type", "subject", "time", "dataschema", "datacontenttype", "data"}

// ours are the extension attributes that mean something here. A null is the same as none
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md, section 2.2).
var ours = []string{extCausationID, extTraceParent}

// extensionRules holds the members of an event that the envelope does not read against the rules of CloudEvents, so that the
// SDK's verdict, which names no place, is never the first, and no two readers see different data. The event must have been decoded strictly before.
func extensionRules(raw []byte) []strictjson.Violation {
	var c checker
	dec := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return nil
	}
	for dec.PeekKind() == '"' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return nil
		}
		name := nameOf(quoted)
		value, err := dec.ReadValue()
		if err != nil {
			return nil
		}
		if !slices.Contains(members, name) {
			c.extension(name, value)
		}
	}
	return c.violations
}

// nameOf returns the name that stands in quotes.
func nameOf(quoted jsontext.Value) string {
	for _, name := range members {
		if string(quoted[1:len(quoted)-1]) == name {
			return name
		}
	}
	name, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		return ""
	}
	return string(name)
}

// extension checks one extension attribute, or what stands in the place of one.
func (c *checker) extension(name string, value jsontext.Value) {
	at := string(jsontext.Pointer("").AppendToken(name))
	switch {
	case name == "data_base64":
		c.require(false, at, "must not be there: the data is JSON, and stands in data")
	case !isAttributeName(name):
		c.require(false, at, "is named with more than lower-case letters and digits")
	case value.Kind() == 'n':
	case slices.Contains(ours, name):
		c.require(value.Kind() == '"', at, "must be a string")
		c.require(value.Kind() != '"' || len(value) > len(`""`), at, "must not be empty: leave it out")
		c.require(isAttributeValue(value), at, "must have no control characters or noncharacters")
	default:
		c.require(isAttributeValue(value), at, "must be a boolean, an integer of 32 bits, or a string without control characters or noncharacters")
	}
}

// isAttributeName reports whether name is one that CloudEvents allows
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, naming conventions).
func isAttributeName(name string) bool {
	return name != "" && !slices.ContainsFunc([]byte(name), func(b byte) bool { return (b < 'a' || b > 'z') && (b < '0' || b > '9') })
}

// isAttributeValue reports whether value is of a type that attributes have
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md, type system).
func isAttributeValue(value jsontext.Value) bool {
	switch value.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, value)
		return err == nil && isText(string(text))
	case '0':
		_, err := strconv.ParseInt(string(value), 10, 32)
		return err == nil
	case 't', 'f':
		return true
	default:
		return false
	}
}

// isText reports whether s has only characters that an attribute of type String may have: no
// controls, no noncharacters, no half of a surrogate pair.
func isText(s string) bool {
	for _, r := range s {
		control := r < 0x20 || 0x7f <= r && r <= 0x9f
		noncharacter := 0xfdd0 <= r && r <= 0xfdef || r&0xfffe == 0xfffe
		if control || noncharacter {
			return false
		}
	}
	return utf8.ValidString(s)
}
