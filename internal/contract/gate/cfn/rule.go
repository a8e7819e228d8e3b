package cfn

import (
	"encoding/json"
	"slices"
	"strings"
)

// Rule is an AWS::Events::Rule.
type Rule struct {
	Name               string
	EventBusName       Value
	ScheduleExpression string
	EventPattern       Pattern
	Targets            []Target
}

// OfAWS tells whether a rule is about events of AWS's own services, which only the account's default bus has.
func (r Rule) OfAWS() bool {
	return r.EventBusName == Value{Text: "default"} && len(r.EventPattern.Source) > 0 &&
		!slices.ContainsFunc(r.EventPattern.Source, func(source string) bool { return !strings.HasPrefix(source, "aws.") })
}

// Target is one of a rule.
type Target struct {
	Arn              Value
	RoleArn          Value
	InputPath        string
	InputTransformer struct {
		InputPathsMap map[string]string
		InputTemplate string
	}
	RetryPolicy      struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
	DeadLetterConfig struct{ Arn Value }
}

// StartsTheSaga tells whether the target is the saga, which takes ids in place of the event.
func (t Target) StartsTheSaga() bool { return t.Arn == Value{Ref: "Saga"} }

// Pattern is what events a rule takes.
type Pattern struct {
	// Source, DetailType and the values of Data are the literals of each; of a matcher that is none, its JSON without white space.
	Source     []string
	DetailType []string
	// Data is what the pattern says of the events' data, by field.
	Data map[string][]string
	// Other names, in order, everything else that the pattern speaks of, such as "account" or "detail/mail".
	Other []string
	// Text is the pattern's JSON as it stands in the template.
	Text json.RawMessage
}

// UnmarshalJSON reads any pattern.
func (p *Pattern) UnmarshalJSON(raw []byte) error {
	*p = Pattern{Data: map[string][]string{}, Text: slices.Clone(raw)}
	var top, detail, data map[string]json.RawMessage
	if err := json.Unmarshal(raw, &top); err != nil {
		return err
	}
	p.Source, p.DetailType = matchers(top["source"]), matchers(top["detail-type"])
	if text, ok := top["detail"]; ok && json.Unmarshal(text, &detail) != nil {
		p.Other = append(p.Other, "detail")
	}
	if text, ok := detail["data"]; ok && json.Unmarshal(text, &data) != nil {
		p.Other = append(p.Other, "detail/data")
	}
	for field, text := range data {
		p.Data[field] = matchers(text)
	}
	p.Other = append(p.Other, others("", top, "source", "detail-type", "detail")...)
	p.Other = append(p.Other, others("detail/", detail, "data")...)
	slices.Sort(p.Other)
	return nil
}

func others(prefix string, object map[string]json.RawMessage, known ...string) []string {
	var names []string
	for name := range object {
		if !slices.Contains(known, name) {
			names = append(names, prefix+name)
		}
	}
	return names
}

// matchers returns the texts of a list. What is no list, or no text in it, is returned as JSON.
func matchers(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var list []Value
	if json.Unmarshal(raw, &list) != nil {
		return []string{compact(raw)}
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}
