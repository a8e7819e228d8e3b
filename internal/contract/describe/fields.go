package describe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/schemas"
)

// field is what the page says of a property, from the property's schema and the definition that it refers to.
type field struct {
	Ref         string   `yaml:"$ref"`
	Description string   `yaml:"description"`
	Type        string   `yaml:"type"`
	Enum        []string `yaml:"enum"`
	Const       string   `yaml:"const"`
	Pattern     string   `yaml:"pattern"`
	Format      string   `yaml:"format"`
	Minimum     *int64   `yaml:"minimum"`
	Maximum     *int64   `yaml:"maximum"`
	MinItems    *int64   `yaml:"minItems"`
	MaxItems    *int64   `yaml:"maxItems"`
}

// manyValues is how long an enumeration may be to be written out.
const manyValues = 12

// resolve reads a property's schema. What stands beside a $ref wins over what it refers to.
func resolve(n, defs *yaml.Node) (field, *yaml.Node, error) {
	var f field
	target := n
	if ref := member(n, "$ref"); ref != nil {
		target = member(defs, ref.Value[strings.LastIndexByte(ref.Value, '/')+1:])
		if target == nil {
			return f, nil, fmt.Errorf("no definition %s", ref.Value)
		}
		if err := target.Decode(&f); err != nil {
			return f, nil, err
		}
	}
	return f, target, n.Decode(&f)
}

// fields writes a row for each property of an object, and of the objects in it.
func fields(b *bytes.Buffer, object, defs *yaml.Node, prefix string) error {
	var required []string
	if r := member(object, "required"); r != nil {
		if err := r.Decode(&required); err != nil {
			return err
		}
	}
	properties := member(object, "properties")
	for pair := range slices.Chunk(properties.Content, 2) {
		name := pair[0].Value
		f, target, err := resolve(pair[1], defs)
		if err != nil {
			return fmt.Errorf("%s%s: %w", prefix, name, err)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", code(prefix+name), f.kind(), yes(slices.Contains(required, name)), f.constraints(), f.Description)
		items := member(target, "items")
		if items == nil {
			continue
		}
		_, inner, err := resolve(items, defs)
		if err != nil {
			return fmt.Errorf("%s%s: %w", prefix, name, err)
		}
		if err := fields(b, inner, defs, prefix+name+"[]."); err != nil {
			return err
		}
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func (f field) kind() string {
	if f.Type == "" {
		return "string"
	}
	return f.Type
}

func (f field) constraints() string {
	var out []string
	switch {
	case len(f.Enum) > manyValues:
		out = append(out, fmt.Sprintf("one of %d codes", len(f.Enum)))
	case len(f.Enum) > 0:
		out = append(out, "one of "+codes(f.Enum))
	case f.Const != "":
		out = append(out, code(f.Const))
	}
	if f.Format != "" {
		out = append(out, f.Format)
	}
	if f.Pattern != "" {
		out = append(out, code(strings.ReplaceAll(f.Pattern, "|", `\|`)))
	}
	out = append(out, bounds(f.Minimum, f.Maximum, ""), bounds(f.MinItems, f.MaxItems, " entries"))
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), ", ")
}

func bounds(low, high *int64, of string) string {
	switch {
	case low != nil && high != nil:
		return strconv.FormatInt(*low, 10) + " to " + strconv.FormatInt(*high, 10) + of
	case low != nil:
		return "at least " + strconv.FormatInt(*low, 10) + of
	case high != nil:
		return "at most " + strconv.FormatInt(*high, 10) + of
	default:
		return ""
	}
}

// idRule returns the fields that the id of an event is made over. It finds them by changing each
// field of an example and looking whether the id changes, so that it cannot say anything but what is so.
func idRule(e events.Entry) ([]string, error) {
	root, err := source(e.Type.Schema())
	if err != nil {
		return nil, err
	}
	var told []string
	for pair := range slices.Chunk(member(root, "properties").Content, 2) {
		name := pair[0].Value
		matters, err := inID(e, name)
		if err != nil {
			return nil, fmt.Errorf("id by %s: %w", name, err)
		}
		if matters {
			told = append(told, name)
		}
	}
	return told, nil
}

var errNoOther = errors.New("no example can be changed")

// inID reports whether an event whose field has another value has another id.
func inID(e events.Entry, name string) (bool, error) {
	for _, ex := range schemas.Examples(e.Type.Schema(), schemas.Valid) {
		before, err := dataOf(e, ex.Text)
		if err != nil {
			return false, fmt.Errorf("example %s: %w", ex.Name, err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(ex.Text, &members); err != nil {
			return false, fmt.Errorf("example %s: %w", ex.Name, err)
		}
		was, found := members[name]
		if !found {
			continue
		}
		for _, other := range others(e, name, was) {
			members[name] = other
			text, err := json.Marshal(members)
			if err != nil {
				return false, err
			}
			if after, err := dataOf(e, text); err == nil {
				return events.IDOf(before) != events.IDOf(after), nil
			}
		}
	}
	return false, errNoOther
}

// others returns values that a field might have instead: those of all examples' fields, and some that are near.
func others(e events.Entry, name string, was json.RawMessage) []json.RawMessage {
	var own, rest []json.RawMessage
	for _, ex := range schemas.Examples(e.Type.Schema(), schemas.Valid) {
		var members map[string]json.RawMessage
		if json.Unmarshal(ex.Text, &members) != nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(members)) {
			if key == name {
				own = append(own, members[key])
			} else {
				rest = append(rest, members[key])
			}
		}
	}
	own = append(own, near(was)...)
	return slices.DeleteFunc(append(own, rest...), func(v json.RawMessage) bool { return bytes.Equal(v, was) })
}

// near returns values of the same kind as v.
func near(v json.RawMessage) []json.RawMessage {
	var text string
	var number int64
	switch {
	case json.Unmarshal(v, &number) == nil:
		return []json.RawMessage{json.RawMessage(strconv.FormatInt(number+1, 10))}
	case json.Unmarshal(v, &text) == nil:
		return []json.RawMessage{
			json.RawMessage(strconv.Quote(text + "1")),
			json.RawMessage(strconv.Quote(exampleTime.Format(time.RFC3339))),
			json.RawMessage(strconv.Quote(string(money.Currencies()[0]))),
		}
	default: // the lines of an order
		return []json.RawMessage{json.RawMessage(`[{"sku":"other","quantity":1,"unit_amount":1}]`)}
	}
}
