// Package cfn reads packaged CloudFormation templates as Go types, with the properties that the project's rules are about.
package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Template is a packaged CloudFormation template.
type Template struct {
	Resources map[string]Resource
	Outputs   map[string]struct{ Value Value }
}

// Resource is one of a template, by its logical id.
type Resource struct {
	Type           string
	Condition      string
	DeletionPolicy string
	Properties     json.RawMessage
}

// Parse reads a template's JSON.
func Parse(text []byte) (Template, error) {
	var t Template
	if err := json.Unmarshal(text, &t); err != nil {
		return Template{}, fmt.Errorf("parse template: %w", err)
	}
	return t, nil
}

// All returns the properties of the resources of a type by their logical ids; none where there are none. The error names the resource that P cannot hold.
func All[P any](in Template, kind string) (map[string]P, error) {
	found := make(map[string]P)
	for name, r := range in.Resources {
		if r.Type != kind {
			continue
		}
		var properties P
		if err := json.Unmarshal(r.Properties, &properties); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[name] = properties
	}
	return found, nil
}

// Value is a property that is written out, or refers to another resource.
type Value struct {
	// Text is a text or number as written; of any other function than Ref and GetAtt, its JSON without white space.
	Text string
	// Ref is a resource's logical id; Attribute is set where it was GetAtt.
	Ref, Attribute string
}

// UnmarshalJSON reads any JSON value.
func (v *Value) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*v = Value{Text: text}
		return nil
	}
	var call struct {
		Ref    string
		GetAtt []string `json:"Fn::GetAtt"`
	}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &call); err != nil {
			return err
		}
	}
	switch {
	case call.Ref != "":
		*v = Value{Ref: call.Ref}
	case len(call.GetAtt) == 2:
		*v = Value{Ref: call.GetAtt[0], Attribute: call.GetAtt[1]}
	default:
		*v = Value{Text: compact(raw)}
	}
	return nil
}

// compact returns JSON without white space.
func compact(raw []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return string(raw)
	}
	return out.String()
}

// String returns v as a person would name it.
func (v Value) String() string {
	switch {
	case v.Attribute != "":
		return v.Ref + "." + v.Attribute
	case v.Ref != "":
		return v.Ref
	case v.Text == "":
		return "nothing"
	default:
		return v.Text
	}
}

// IsARNOf tells whether v is the ARN of the resource with this logical id.
func (v Value) IsARNOf(name string) bool { return v == Value{Ref: name, Attribute: "Arn"} }

// Values is a value or a list of values.
type Values []Value

// UnmarshalJSON reads a value or a list of them.
func (v *Values) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]Value)(v))
	}
	*v = make(Values, 1)
	return json.Unmarshal(raw, &(*v)[0])
}

// OneOrMore is a text or a list of texts.
type OneOrMore []string

// UnmarshalJSON reads a text or a list of texts.
func (o *OneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = OneOrMore{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// LogicalID is how osls begins the logical ids of what belongs to the function with this key: process-payment has a ProcessDashpaymentLambdaFunction.
func LogicalID(key string) string {
	name := strings.ReplaceAll(key, "-", "Dash")
	return strings.ToUpper(name[:1]) + name[1:]
}

// FunctionID is the logical id of the function with this key.
func FunctionID(key string) string { return LogicalID(key) + "LambdaFunction" }

// PascalCase is how the deploy files begin the logical ids of what belongs to the function with this key: process-payment has a ProcessPaymentQueue.
func PascalCase(key string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(key, "-") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
