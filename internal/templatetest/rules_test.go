package templatetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
)

type (
	rule      = cfn.Rule
	policy    = cfn.Policy
	statement = cfn.Statement
)

// held runs a part of the gate on every stage's template.
func held(t *testing.T, part func(*gate.Template) gate.Report) {
	t.Helper()
	eachStage(t, func(t *testing.T, stage string, _ template) {
		report := part(opened(t, stage))
		if len(report.Checked) == 0 {
			t.Error("nothing was checked")
		}
		for _, f := range report.Findings {
			t.Error(f)
		}
	})
}

func opened(t *testing.T, stage string) *gate.Template {
	t.Helper()
	text, err := os.ReadFile(templateFile(stage))
	if err != nil {
		t.Fatal(err)
	}
	in, err := gate.Open(root, text)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// Case: a rule could not reach its queue, and nobody noticed (buildkite/on-demand#26, bike4mind#96).
func TestRuleTargetsRetryAndKeepWhatTheyCannotDeliver(t *testing.T) {
	held(t, (*gate.Template).Targets)
}

// A sweep that fails is not repeated: the next one is at hand, and does the same.
func TestTheSweepGoesByTheClockAndIsNotRepeated(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		var scheduled []rule
		for _, r := range all[rule](t, in, "AWS::Events::Rule") {
			if r.ScheduleExpression != "" {
				scheduled = append(scheduled, r)
			}
		}
		if len(scheduled) != 1 || scheduled[0].ScheduleExpression != "rate(5 minutes)" || len(scheduled[0].Targets) != 1 ||
			!scheduled[0].Targets[0].Arn.IsARNOf("SweepDashordersLambdaFunction") {
			t.Errorf("got schedules %+v, want sweep-orders every five minutes", scheduled)
		}
		async := all[struct {
			FunctionName         value
			MaximumRetryAttempts *int
		}](t, in, "AWS::Lambda::EventInvokeConfig")
		for name, config := range async {
			if config.FunctionName != (value{Ref: "SweepDashordersLambdaFunction"}) || config.MaximumRetryAttempts == nil || *config.MaximumRetryAttempts != 0 {
				t.Errorf("%s is %+v, want no retries of sweep-orders", name, config)
			}
		}
		if len(async) != 1 {
			t.Errorf("%d functions say how often they are repeated, want sweep-orders alone", len(async))
		}
	})
}

// Case: a rule could not reach its own dead-letter queue (bike4mind#96).
func TestUndeliverableQueueTakesFromTheBussRulesOnly(t *testing.T) {
	in := load(t, "prod")
	const rules = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"
	// Rules of the account's default bus have no bus in their names, so ours are known by how their names begin.
	want := value{Text: `[{"Fn::Sub":"` + rules + `${Bus}/*"},{"Fn::Sub":"` + rules + `orderflow-prod-*"}]`}
	if !lets(policyOf(t, in, "UndeliverableQueue"), "UndeliverableQueue", "ArnLike", want) {
		t.Error("the rules of the bus, and ours of the default bus, are not let in")
	}
}

// Case: a rule could not reach its queue (buildkite/on-demand#26, cloudposse#46).
func TestQueuePoliciesLetInRulesAndNobodyElse(t *testing.T) {
	held(t, (*gate.Template).Policies)
}

func policyOf(t *testing.T, in template, queue string) policy {
	t.Helper()
	var found []policy
	for _, p := range all[policy](t, in, "AWS::SQS::QueuePolicy") {
		if slices.Contains(p.Queues, value{Ref: queue}) {
			found = append(found, p)
		}
	}
	// A second policy would replace the first.
	if len(found) != 1 {
		t.Fatalf("%s has %d policies, want 1", queue, len(found))
	}
	return found[0]
}

func lets(p policy, queue, operator string, source value) bool {
	return slices.ContainsFunc(p.PolicyDocument.Statement, func(s statement) bool {
		return s.Effect == "Allow" && s.Principal.Service == "events.amazonaws.com" &&
			slices.Equal(s.Action, []string{"sqs:SendMessage"}) && len(s.Resource) == 1 && s.Resource[0].IsARNOf(queue) &&
			len(s.Condition) == 1 && s.Condition[operator]["aws:SourceArn"] == source
	})
}

func TestRulesAgreeWithTheCatalog(t *testing.T) {
	held(t, (*gate.Template).Rules)
}

func TestFunctionsAreGivenWhatTheirBootstrapsAskFor(t *testing.T) {
	held(t, (*gate.Template).Environments)
}

func TestCustomersHearOfEndsOnly(t *testing.T) {
	got := all[rule](t, load(t, "prod"), "AWS::Events::Rule")["NotifyUserRule"].EventPattern.Data["status"]
	if diff := cmp.Diff(strings.Join(got, " "), "PAID REJECTED CANCELLED REFUNDED"); diff != "" {
		t.Error(diff)
	}
}
