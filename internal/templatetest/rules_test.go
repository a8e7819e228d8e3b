package templatetest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
)

type rule struct {
	Name               string
	EventBusName       value
	ScheduleExpression string
	EventPattern       struct {
		Source     []string
		DetailType []string `json:"detail-type"`
		Detail     struct {
			Data struct{ Status []string }
		}
	}
	Targets []ruleTarget
}

type ruleTarget struct {
	Arn              value
	RoleArn          value
	InputPath        string
	InputTransformer struct {
		InputPathsMap map[string]string
		InputTemplate string
	}
	RetryPolicy      struct{ MaximumEventAgeInSeconds, MaximumRetryAttempts int }
	DeadLetterConfig struct{ Arn value }
}

type policy struct {
	Queues         []value
	PolicyDocument struct{ Statement []statement }
}

// statement is one of a policy; If is set where it stands below a condition.
type statement struct {
	Sid, Effect string
	Principal   principal
	Action      oneOrMore
	Resource    values
	Condition   map[string]map[string]value
	If          []json.RawMessage `json:"Fn::If"`
}

// principal is who a statement speaks of: a service, or "*" for everyone.
type principal struct{ Service string }

func (p *principal) UnmarshalJSON(raw []byte) error {
	if string(raw) == `"*"` {
		p.Service = "*"
		return nil
	}
	var named struct{ Service string }
	err := json.Unmarshal(raw, &named)
	p.Service = named.Service
	return err
}

// oneOrMore is a text or a list of texts.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// values is a value or a list of values.
type values []value

func (v *values) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]value)(v))
	}
	*v = make(values, 1)
	return json.Unmarshal(raw, &(*v)[0])
}

// Case: a rule could not reach its queue, and nobody noticed (buildkite/on-demand#26, bike4mind#96).
func TestRuleTargetsRetryAndKeepWhatTheyCannotDeliver(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		for name, r := range reacting(t, in) {
			want := "$.detail" // the CloudEvent; what AWS says stays in EventBridge's envelope
			if ofAWS(r) {
				want = ""
			} else if (r.EventBusName != value{Ref: "Bus"}) {
				t.Errorf("%s listens on %v", name, r.EventBusName)
			}
			if len(r.Targets) != 1 {
				t.Errorf("%s has %d targets, want 1", name, len(r.Targets))
			}
			for _, target := range r.Targets {
				if target.InputPath != want && !target.startsTheSaga() {
					t.Errorf("%s hands on %q, want %q", name, target.InputPath, want)
				}
				if target.RetryPolicy.MaximumEventAgeInSeconds == 0 || target.RetryPolicy.MaximumRetryAttempts == 0 {
					t.Errorf("%s has no retry policy", name)
				}
				if !target.DeadLetterConfig.Arn.isARNOf("UndeliverableQueue") {
					t.Errorf("%s has dead letters go to %v", name, target.DeadLetterConfig.Arn)
				}
				if target.startsTheSaga() {
					continue
				}
				if !lets(policyOf(t, in, target.Arn.Ref), target.Arn.Ref, "ArnEquals", value{Ref: name, Attribute: "Arn"}) {
					t.Errorf("the policy of %s does not let %s in", target.Arn.Ref, name)
				}
			}
		}
	})
}

// reacting returns the rules that react to events, without those that go by the clock.
func reacting(t *testing.T, in template) map[string]rule {
	t.Helper()
	rules := all[rule](t, in, "AWS::Events::Rule")
	maps.DeleteFunc(rules, func(_ string, r rule) bool { return r.ScheduleExpression != "" })
	return rules
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
			!scheduled[0].Targets[0].Arn.isARNOf("SweepDashordersLambdaFunction") {
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

// ofAWS tells whether a rule is about events of AWS's own services, which only the account's default bus has.
func ofAWS(r rule) bool {
	return r.EventBusName == value{Text: "default"} && len(r.EventPattern.Source) > 0 &&
		!slices.ContainsFunc(r.EventPattern.Source, func(source string) bool { return !strings.HasPrefix(source, "aws.") })
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
	eachStage(t, func(t *testing.T, _ string, in template) {
		for name, p := range all[policy](t, in, "AWS::SQS::QueuePolicy") {
			var allowed, deniedInClear int
			for _, s := range p.PolicyDocument.Statement {
				switch {
				case len(s.If) == 3:
					if overTLSOnly(t, s, p.Queues[0].Ref) {
						deniedInClear++
					}
				case s.Effect == "Allow" && s.Principal.Service == "events.amazonaws.com":
					allowed++
				default:
					t.Errorf("%s has an unforeseen statement %q", name, s.Sid)
				}
			}
			if allowed != 1 || deniedInClear != 1 || len(p.Queues) != 1 {
				t.Errorf("%s: %d statements let in, %d keep out what is not TLS, %d queues, want one each", name, allowed, deniedInClear, len(p.Queues))
			}
		}
	})
}

// overTLSOnly tells whether a conditional statement denies, on AWS, what comes in the clear.
func overTLSOnly(t *testing.T, s statement, queue string) bool {
	t.Helper()
	var condition string
	var deny statement
	for i, into := range []any{&condition, &deny} {
		if err := json.Unmarshal(s.If[i], into); err != nil {
			t.Fatal(err)
		}
	}
	return condition == "OnAws" && deny.Effect == "Deny" && deny.Principal.Service == "*" && deny.Resource[0].isARNOf(queue) &&
		slices.Equal(deny.Action, []string{"sqs:*"}) && deny.Condition["Bool"]["aws:SecureTransport"] == value{Text: "false"}
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
			slices.Equal(s.Action, []string{"sqs:SendMessage"}) && len(s.Resource) == 1 && s.Resource[0].isARNOf(queue) &&
			len(s.Condition) == 1 && s.Condition[operator]["aws:SourceArn"] == source
	})
}

func TestRulesAgreeWithTheCatalog(t *testing.T) {
	types, sources := make(map[string][]string), make(map[string][]string)
	for _, entry := range events.Catalog() {
		for _, key := range entry.Consumers {
			types[key] = append(types[key], string(entry.Type))
			if !slices.Contains(sources[key], string(entry.Source)) {
				sources[key] = append(sources[key], string(entry.Source))
			}
		}
	}
	in := load(t, "prod")
	rules := reacting(t, in)
	maps.DeleteFunc(rules, func(_ string, r rule) bool { return ofAWS(r) })
	if len(types) != len(rules) {
		t.Errorf("the catalog knows %v as consumers, the template has the rules %v", sortedKeys(types), sortedKeys(rules))
	}
	for key, want := range types {
		slices.Sort(want)
		slices.Sort(sources[key])
		got := rules[pascalCase(key)+"Rule"].EventPattern
		if diff := cmp.Diff(slices.Sorted(slices.Values(got.DetailType)), want); diff != "" {
			t.Errorf("%s's types: %s", key, diff)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(got.Source)), sources[key]); diff != "" {
			t.Errorf("%s's sources: %s", key, diff)
		}
	}
}

func TestCustomersHearOfEndsOnly(t *testing.T) {
	got := all[rule](t, load(t, "prod"), "AWS::Events::Rule")["NotifyUserRule"].EventPattern.Detail.Data.Status
	if diff := cmp.Diff(strings.Join(got, " "), "PAID REJECTED CANCELLED REFUNDED"); diff != "" {
		t.Error(diff)
	}
}
