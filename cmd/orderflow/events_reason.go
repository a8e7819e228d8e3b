package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// condition is what a pattern asks of one field.
type condition struct {
	path  []string
	takes json.RawMessage
}

// orConditions joins patterns of which one has to match
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html). It is taken as one condition.
const orConditions = "$or"

// conditions takes a pattern apart: an event that matches all of them matches the pattern, unless they are of one list's members.
// Source and detail-type come first, the detail last.
func conditions(pattern string) ([]condition, error) {
	all, err := appendConditions(nil, nil, json.RawMessage(pattern))
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b condition) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.field(), b.field()))
	})
	return all, nil
}

func appendConditions(all []condition, path []string, pattern json.RawMessage) ([]condition, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(pattern, &members); err != nil {
		return nil, fmt.Errorf("read pattern: %w", err)
	}
	for name, value := range members {
		below := append(slices.Clone(path), name)
		if name == orConditions || !strings.HasPrefix(strings.TrimSpace(string(value)), "{") {
			all = append(all, condition{below, value})
			continue
		}
		var err error
		if all, err = appendConditions(all, below, value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func rank(c condition) int {
	switch c.path[0] {
	case "source":
		return 0
	case "detail-type":
		return 1
	case "detail":
		return 3
	default:
		return 2
	}
}

func (c condition) field() string { return strings.Join(c.path, ".") }

// pattern is the condition alone.
func (c condition) pattern() (string, error) {
	text := c.takes
	for _, name := range slices.Backward(c.path) {
		var err error
		if text, err = json.Marshal(map[string]json.RawMessage{name: text}); err != nil {
			return "", err
		}
	}
	return string(text), nil
}

// longestValue is how much of a value people are shown.
const longestValue = 128

// valueAt returns the string, number or literal that an event has in a field, or nothing where there is none or it is too long to show.
func valueAt(event json.RawMessage, path []string) json.RawMessage {
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(event, &members) != nil {
			return nil
		}
		event = members[name]
	}
	if len(event) == 0 || len(event) > longestValue || strings.ContainsRune("{[", rune(event[0])) {
		return nil
	}
	return harmless(event)
}
