package sagatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Types of states.
const (
	Task    = "Task"
	Pass    = "Pass"
	Choice  = "Choice"
	Succeed = "Succeed"
	Fail    = "Fail"
)

// All is the error name that stands for every other (https://states-language.net/#error-names).
const All = "States.ALL"

// Machine is a state machine in the Amazon States Language, as far as the saga uses the language.
type Machine struct {
	Comment        string
	StartAt        string
	TimeoutSeconds int
	States         map[string]State
}

// State is a state of a machine. Which fields are set depends on its type.
type State struct {
	Comment        string
	Type           string
	Resource       string
	Parameters     json.RawMessage
	ResultPath     string
	TimeoutSeconds int
	Retry          []Retrier
	Catch          []Catcher
	Choices        []Rule
	Default        string
	Error, Cause   string
	Next           string
}

// Retrier says how often and when a task is tried again.
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int // before the first retry
	BackoffRate     float64
	MaxDelaySeconds int // 0 stands for no bound
	MaxAttempts     int
	JitterStrategy  string
}

// Catcher says where the machine goes when a task has failed for good.
type Catcher struct {
	ErrorEquals []string
	ResultPath  string
	Next        string
}

// Rule is a condition of a Choice. Next is empty in one that stands below And.
type Rule struct {
	Variable        string
	StringEquals    *string
	NumericLessThan *float64
	And             []Rule
	Next            string
}

// Read reads a machine from a file.
func Read(file string) (Machine, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Machine{}, fmt.Errorf("read state machine: %w", err)
	}
	return Parse(text)
}

// Parse reads a machine. What it does not know is an error.
func Parse(text []byte) (Machine, error) {
	var m Machine
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return Machine{}, fmt.Errorf("parse state machine: %w", err)
	}
	return m, nil
}

// Delay returns how long a retrier waits at most before each retry, counted from 0. With full jitter it waits between nothing and that.
func (r Retrier) Delay(retry int) time.Duration {
	seconds := float64(r.IntervalSeconds)
	for range retry {
		seconds *= r.BackoffRate
		if r.MaxDelaySeconds > 0 && seconds > float64(r.MaxDelaySeconds) {
			seconds = float64(r.MaxDelaySeconds)
			break
		}
	}
	return time.Duration(seconds * float64(time.Second))
}

// MeanPatience returns how long the retries of a failing task wait altogether, on average: each waits half its delay where the jitter is full.
func (r Retrier) MeanPatience() time.Duration {
	var sum time.Duration
	for retry := range r.MaxAttempts {
		sum += r.Delay(retry)
	}
	if r.JitterStrategy == "FULL" {
		return sum / 2
	}
	return sum
}

func matches(names []string, failure string) bool {
	return slices.Contains(names, failure) || slices.Contains(names, All)
}

// Transition is one way out of a state, or one way to stay in it: a retry.
type Transition struct {
	State string
	Kind  string // "next", "choice", "default", "retry", "give up", "catch" or "end"
	Index int    // of the choice, retrier or catcher
}

// Transitions returns all that a machine can do. A retrier can both retry and give up, unless it never retries.
func (m Machine) Transitions() []Transition {
	var all []Transition
	for name, s := range m.States {
		add := func(kind string, n int) {
			for i := range n {
				all = append(all, Transition{name, kind, i})
			}
		}
		switch s.Type {
		case Succeed, Fail:
			add("end", 1)
		case Choice:
			add("choice", len(s.Choices))
			add("default", 1)
		default:
			add("next", 1)
		}
		add("give up", len(s.Retry))
		add("catch", len(s.Catch))
		for i, r := range s.Retry {
			if r.MaxAttempts > 0 {
				all = append(all, Transition{name, "retry", i})
			}
		}
	}
	return all
}
