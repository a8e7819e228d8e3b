package sagatest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/sagatest"
)

const small = `{"StartAt": "Try", "States": {
  "Try": {"Type": "Task", "Next": "Look",
    "Retry": [{"ErrorEquals": ["Never"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxDelaySeconds": 30, "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}]},
  "Look": {"Type": "Choice", "Default": "Broken",
    "Choices": [{"And": [{"Variable": "$.a.word", "StringEquals": "go"}, {"Variable": "$.a.n", "NumericLessThan": 3}], "Next": "Good"}]},
  "Good": {"Type": "Succeed"},
  "Broken": {"Type": "Fail"}}}`

func parse(t *testing.T, text string) sagatest.Machine {
	t.Helper()
	m, err := sagatest.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFollowNamesTheTransitions(t *testing.T) {
	look := func(input string) sagatest.Visit { return sagatest.Visit{State: "Look", Input: input} }
	for _, row := range []struct {
		promise string
		visits  []sagatest.Visit
		want    []sagatest.Transition
	}{
		{
			"a rule that holds",
			[]sagatest.Visit{{State: "Try", Succeeded: true}, look(`{"a": {"word": "go", "n": 2}}`), {State: "Good"}},
			[]sagatest.Transition{{"Try", "next", 0}, {"Look", "choice", 0}, {"Good", "end", 0}},
		},
		{
			"no rule that holds",
			[]sagatest.Visit{{State: "Try", Succeeded: true}, look(`{"a": {"word": "go", "n": 3}}`), {State: "Broken"}},
			[]sagatest.Transition{{"Try", "next", 0}, {"Look", "default", 0}, {"Broken", "end", 0}},
		},
		{
			"a retry that helps",
			[]sagatest.Visit{{State: "Try", Failures: []string{"X"}, Succeeded: true}, look(`{"a": {"word": "no"}}`), {State: "Broken"}},
			[]sagatest.Transition{{"Try", "retry", 1}, {"Try", "next", 0}, {"Look", "default", 0}, {"Broken", "end", 0}},
		},
		{
			"retries used up",
			[]sagatest.Visit{{State: "Try", Failures: []string{"X", "Y", "X"}}, {State: "Broken"}},
			[]sagatest.Transition{{"Try", "retry", 1}, {"Try", "retry", 1}, {"Try", "give up", 1}, {"Try", "catch", 0}, {"Broken", "end", 0}},
		},
		{
			"no retry",
			[]sagatest.Visit{{State: "Try", Failures: []string{"Never"}}, {State: "Broken"}},
			[]sagatest.Transition{{"Try", "give up", 0}, {"Try", "catch", 0}, {"Broken", "end", 0}},
		},
	} {
		t.Run(row.promise, func(t *testing.T) {
			got, err := parse(t, small).Follow(row.visits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFollowRefusesWhatTheMachineDoesNotAllow(t *testing.T) {
	tried := sagatest.Visit{State: "Try", Succeeded: true}
	for _, row := range []struct {
		promise string
		visits  []sagatest.Visit
		want    string
	}{
		{"another start", []sagatest.Visit{{State: "Good"}}, "went on to Good"},
		{"another branch", []sagatest.Visit{tried, {State: "Look", Input: `{"a": {"word": "go", "n": 1}}`}, {State: "Broken"}}, "went on to Broken"},
		{"an end in the middle", []sagatest.Visit{tried}, "ended before Look"},
		{"nothing", nil, "ended before Try"},
		{"a retry too few", []sagatest.Visit{{State: "Try", Failures: []string{"X", "X"}}, {State: "Broken"}}, "X was not tried again after 1 retries"},
		{"a retry too many", []sagatest.Visit{{State: "Try", Failures: []string{"X", "X", "X"}, Succeeded: true}}, "tried again after its last retry"},
		{"a retry of what is never retried", []sagatest.Visit{{State: "Try", Failures: []string{"Never", "Never"}}}, "tried again after its last retry"},
		{"a task without an end", []sagatest.Visit{{State: "Try"}}, "neither succeeded nor failed"},
		{"a variable that is not there", []sagatest.Visit{tried, {State: "Look", Input: `{"a": {"word": "go"}}`}}, "there is no $.a.n"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			_, err := parse(t, small).Follow(row.visits)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want an error with %q", err, row.want)
			}
		})
	}
}

func TestNothingInADefinitionEscapesTheReader(t *testing.T) {
	if _, err := sagatest.Parse([]byte(`{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1}}}`)); err == nil {
		t.Error("a field that the reader does not know was passed over")
	}
}

func TestEveryTransitionIsCounted(t *testing.T) {
	if got, want := len(parse(t, small).Transitions()), 9; got != want {
		t.Errorf("got %d transitions, want %d", got, want)
	}
}

func TestPatienceIsTheSumOfTheDelays(t *testing.T) {
	r := sagatest.Retrier{IntervalSeconds: 5, BackoffRate: 2, MaxDelaySeconds: 30, MaxAttempts: 5}
	if got, want := r.MeanPatience(), (5+10+20+30+30)*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	r.JitterStrategy = "FULL"
	if got, want := r.MeanPatience(), 47500*time.Millisecond; got != want {
		t.Errorf("with full jitter: got %v, want %v", got, want)
	}
}
