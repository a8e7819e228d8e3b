package sagatest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Visit is one stay of an execution in a state.
type Visit struct {
	State     string
	Input     string   // JSON
	Failures  []string // names of the errors of a task's attempts, in order
	Succeeded bool     // whether an attempt of a task succeeded
}

// Follow walks through the visits of an ended execution as the language says, and returns the transitions that it took.
// The error says where the execution did what the machine does not allow.
func (m Machine) Follow(visits []Visit) ([]Transition, error) {
	var taken []Transition
	next := m.StartAt
	for _, v := range visits {
		if v.State != next {
			return nil, fmt.Errorf("the execution went on to %s, want %q", v.State, next)
		}
		state, ok := m.States[v.State]
		if !ok {
			return nil, fmt.Errorf("there is no state %s", v.State)
		}
		steps, to, err := state.leave(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.State, err)
		}
		taken, next = append(taken, steps...), to
	}
	if next != "" {
		return nil, fmt.Errorf("the execution ended before %s", next)
	}
	return taken, nil
}

// leave returns the transitions of one visit and the state to which the last of them leads, which is none at the end.
func (s State) leave(v Visit) ([]Transition, string, error) {
	switch s.Type {
	case Succeed, Fail:
		return []Transition{{v.State, "end", 0}}, "", nil
	case Choice:
		return s.choose(v)
	case Task:
		return s.try(v)
	case Pass:
		return []Transition{{v.State, "next", 0}}, s.Next, nil
	default:
		return nil, "", fmt.Errorf("no rule for a state of type %s", s.Type)
	}
}

func (s State) choose(v Visit) ([]Transition, string, error) {
	var input map[string]any
	if err := json.Unmarshal([]byte(v.Input), &input); err != nil {
		return nil, "", err
	}
	for i, rule := range s.Choices {
		ok, err := rule.holds(input)
		if err != nil {
			return nil, "", err
		}
		if ok {
			return []Transition{{v.State, "choice", i}}, rule.Next, nil
		}
	}
	return []Transition{{v.State, "default", 0}}, s.Default, nil
}

// holds evaluates a rule. A variable that is not there is an error, as it is on AWS.
func (r Rule) holds(input map[string]any) (bool, error) {
	if len(r.And) > 0 {
		for _, part := range r.And {
			if ok, err := part.holds(input); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	}
	value, err := lookUp(r.Variable, input)
	if err != nil {
		return false, err
	}
	switch {
	case r.StringEquals != nil:
		text, ok := value.(string)
		return ok && text == *r.StringEquals, nil
	case r.NumericLessThan != nil:
		number, ok := value.(float64)
		return ok && number < *r.NumericLessThan, nil
	default:
		return false, errors.New("a rule compares with nothing")
	}
}

// lookUp follows a path of names, such as $.answer.next.
func lookUp(path string, input map[string]any) (any, error) {
	var value any = input
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "$."), ".") {
		object, _ := value.(map[string]any)
		var ok bool
		if value, ok = object[name]; !ok {
			return nil, fmt.Errorf("there is no %s", path)
		}
	}
	return value, nil
}

// try follows the attempts of a task: each failure is one retry or, as the last, the end of its retrier's patience and a catch.
func (s State) try(v Visit) ([]Transition, string, error) {
	var taken []Transition
	retries := make([]int, len(s.Retry))
	for n, failure := range v.Failures {
		last := n == len(v.Failures)-1 && !v.Succeeded
		i := slices.IndexFunc(s.Retry, func(r Retrier) bool { return matches(r.ErrorEquals, failure) })
		if i >= 0 && retries[i] < s.Retry[i].MaxAttempts {
			retries[i]++
			taken = append(taken, Transition{v.State, "retry", i})
			if last {
				return nil, "", fmt.Errorf("%s was not tried again after %d retries", failure, retries[i]-1)
			}
			continue
		}
		if i >= 0 {
			taken = append(taken, Transition{v.State, "give up", i})
		}
		if !last {
			return nil, "", fmt.Errorf("%s was tried again after its last retry", failure)
		}
		return s.catch(v, failure, taken)
	}
	if !v.Succeeded {
		return nil, "", errors.New("the task neither succeeded nor failed")
	}
	return append(taken, Transition{v.State, "next", 0}), s.Next, nil
}

func (s State) catch(v Visit, failure string, taken []Transition) ([]Transition, string, error) {
	i := slices.IndexFunc(s.Catch, func(c Catcher) bool { return matches(c.ErrorEquals, failure) })
	if i < 0 {
		return nil, "", fmt.Errorf("nothing catches %s", failure)
	}
	return append(taken, Transition{v.State, "catch", i}), s.Catch[i].Next, nil
}
