// Package strictjson decodes JSON without any of the liberties that encoding/json takes, and says with JSON pointers everything that is wrong.
//
// It refuses what a JSON Schema cannot see, or what two readers would
// understand in two ways: doubled names, names in another case than lower snake
// case, integers with a fraction or an exponent, text behind the value, invalid
// UTF-8, and null where a value is due. A member is required unless its field's
// tag says omitempty; an optional one that is there must not be empty.
package strictjson

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Violation names one thing that is wrong and where.
type Violation struct {
	Pointer string `json:"pointer"` // RFC 6901; empty means the whole value
	Detail  string `json:"detail"`  // never quotes the value
}

// Error lists all that is wrong with a value. It has at least one violation.
type Error struct {
	Violations []Violation
	// Unreadable says that the text is not exactly one JSON value, so that whatever stands behind the last violation was not looked at.
	Unreadable bool
}

func (e *Error) Error() string {
	parts := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		parts[i] = strings.TrimPrefix(v.Pointer+" ", " ") + v.Detail
	}
	return strings.Join(parts, "; ")
}

// Report returns an *Error with these violations, or nil where there are none.
func Report(violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	return &Error{Violations: violations}
}

// Complete adds, to what Decode said of a document, the rules that the decoded value breaks beyond those of reading.
// Nothing is added about a place of which err already speaks, nor where the document is unreadable.
func Complete(err error, broken []Violation) error {
	var found []Violation
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Unreadable {
			return err
		}
		found = slices.Clone(e.Violations)
	}
	said := len(found)
	for _, v := range broken {
		if !slices.ContainsFunc(found[:said], func(f Violation) bool { return related(f.Pointer, v.Pointer) }) {
			found = append(found, v)
		}
	}
	return Report(found)
}

// related reports whether one pointer leads to the other's place or into it.
func related(a, b string) bool {
	return jsontext.Pointer(a).Contains(jsontext.Pointer(b)) || jsontext.Pointer(b).Contains(jsontext.Pointer(a))
}

// Unknown says what to do with members that the Go type does not have.
type Unknown int

const (
	// Ignore passes over unknown members, so that a producer may add to an event.
	Ignore Unknown = iota
	// Refuse makes them violations, so that a client learns of a misspelt name.
	Refuse
)

// Decode reads the one JSON object in raw into the struct that dst points to.
// Fields may be strings, int64s, time.Time (RFC 3339 in UTC, with a Z), jsontext.Value
// (any JSON at all), structs, and slices of these. The error is an *[Error].
func Decode(raw []byte, dst any, unknown Unknown) error {
	d := decoder{dec: jsontext.NewDecoder(bytes.NewReader(raw)), unknown: unknown}
	if err := d.value(reflect.ValueOf(dst).Elem()); err != nil {
		return d.syntax(err)
	}
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return d.syntax(errTrailing)
	}
	return Report(d.violations)
}

var errTrailing = errors.New("text behind the value")

type decoder struct {
	dec        *jsontext.Decoder
	unknown    Unknown
	violations []Violation
}

// syntax turns an error of the tokenizer into a report that quotes nothing of the input.
func (d *decoder) syntax(err error) error {
	detail := "is not valid JSON"
	pointer := ""
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		pointer = string(e.JSONPointer)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		detail = "the same name stands twice in one object"
	case errors.Is(err, errTrailing):
		detail = "has text behind the JSON value"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		pointer, detail = "", "is empty or ends in the middle of a JSON value"
	}
	return &Error{Violations: append(d.violations, Violation{pointer, detail}), Unreadable: true}
}

func (d *decoder) violate(pointer, detail string) {
	d.violations = append(d.violations, Violation{pointer, detail})
}

// value reads the next value into v. The error is one of syntax; what is merely wrong is noted and passed over.
func (d *decoder) value(v reflect.Value) error {
	switch v.Interface().(type) {
	case time.Time:
		return d.time(v)
	case jsontext.Value:
		return d.raw(v)
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.object(v)
	case reflect.Slice:
		return d.array(v)
	case reflect.String:
		return d.scalar('"', "must be a string", func(t jsontext.Token) string {
			v.SetString(t.String())
			return ""
		})
	case reflect.Int64:
		return d.scalar('0', "must be an integer", func(t jsontext.Token) string {
			n, err := strconv.ParseInt(t.String(), 10, 64)
			if errors.Is(err, strconv.ErrRange) {
				return "must be an integer that fits in 64 bits"
			}
			if err != nil {
				return "must be an integer, written without fraction or exponent"
			}
			v.SetInt(n)
			return ""
		})
	default:
		panic("strictjson: no rule for " + v.Type().String())
	}
}

// scalar reads one token of the given kind and hands it to set, which says what is wrong with it.
func (d *decoder) scalar(kind jsontext.Kind, wrongKind string, set func(jsontext.Token) string) error {
	if d.dec.PeekKind() != kind {
		return d.skip(wrongKind)
	}
	t, err := d.dec.ReadToken()
	if err != nil {
		return err
	}
	if detail := set(t); detail != "" {
		d.violate(string(d.dec.StackPointer()), detail)
	}
	return nil
}

// utcTime is RFC 3339 in UTC, without leap seconds and with at most nine decimals: what time.Time can hold.
var utcTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)

func (d *decoder) time(v reflect.Value) error {
	const detail = "must be a time as in RFC 3339, in UTC and ending in Z"
	return d.scalar('"', detail, func(t jsontext.Token) string {
		s := t.String()
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || !utcTime.MatchString(s) {
			return detail
		}
		v.Set(reflect.ValueOf(at))
		return ""
	})
}

func (d *decoder) raw(v reflect.Value) error {
	raw, err := d.dec.ReadValue()
	if err != nil {
		return err
	}
	v.SetBytes(bytes.Clone(raw))
	return nil
}

func (d *decoder) array(v reflect.Value) error {
	if d.dec.PeekKind() != '[' {
		return d.skip("must be an array")
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for d.dec.PeekKind() != ']' {
		item := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(item); err != nil {
			return err
		}
		v.Set(reflect.Append(v, item))
	}
	_, err := d.dec.ReadToken()
	return err
}

func (d *decoder) object(v reflect.Value) error {
	if d.dec.PeekKind() != '{' {
		return d.skip("must be an object")
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	pointer := d.dec.StackPointer()
	seen := make([]bool, v.NumField())
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := d.member(v, name.String(), seen); err != nil {
			return err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for i, present := range seen {
		if name, optional := member(v.Type().Field(i)); !present && !optional {
			d.violate(string(pointer.AppendToken(name)), "is required")
		}
	}
	return nil
}

func (d *decoder) member(v reflect.Value, name string, seen []bool) error {
	for i := range seen {
		known, optional := member(v.Type().Field(i))
		if known != name {
			continue
		}
		seen[i] = true
		before := len(d.violations)
		if err := d.value(v.Field(i)); err != nil {
			return err
		}
		if optional && isEmpty(v.Field(i)) && len(d.violations) == before {
			d.violate(string(d.dec.StackPointer()), "must not be empty: leave it out")
		}
		return nil
	}
	if !isSnakeCase(name) {
		return d.skip("has a name that is not lower snake case")
	}
	if d.unknown == Refuse {
		return d.skip("is not a member that this object has")
	}
	return d.dec.SkipValue()
}

// skip passes over the next value and notes why.
func (d *decoder) skip(detail string) error {
	if err := d.dec.SkipValue(); err != nil {
		return err
	}
	d.violate(string(d.dec.StackPointer()), detail)
	return nil
}

// member returns the JSON name of a field and whether it may be left out.
func member(f reflect.StructField) (name string, optional bool) {
	name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, rest == "omitempty" || rest == "omitzero"
}

// isEmpty reports whether v is what an absent member would leave behind, so that the two could not be told apart.
func isEmpty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// isSnakeCase reports whether s matches ^[a-z][a-z0-9_]*$, as propertyNames in the schemas says.
func isSnakeCase(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return s != ""
}
