package templatetest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/sagatest"
)

// sagaFile is the state machine's definition, within the checkout.
const sagaFile = "functions/closeorder/saga.asl.json"

type stateMachine struct {
	StateMachineName        string
	StateMachineType        string
	RoleArn                 value
	Definition              json.RawMessage
	DefinitionSubstitutions map[string]value
	LoggingConfiguration    json.RawMessage
}

// steps are the substitutions of the machine and the functions that they stand for.
func steps() map[string]value {
	arn := func(key string) value { return value{Ref: logicalID(key) + "LambdaFunction", Attribute: "Arn"} }
	return map[string]value{
		"ResolvePaymentArn": arn("resolve-payment"), "RefundPaymentArn": arn("refund-payment"), "CloseOrderArn": arn("close-order"),
	}
}

func theSaga(t *testing.T, in template) (stateMachine, sagatest.Machine) {
	t.Helper()
	machines := all[stateMachine](t, in, "AWS::StepFunctions::StateMachine")
	saga, ok := machines["Saga"]
	if !ok || len(machines) != 1 {
		t.Fatalf("the state machines are %v, want Saga", sortedKeys(machines))
	}
	machine, err := sagatest.Parse(saga.Definition)
	if err != nil {
		t.Fatal(err)
	}
	return saga, machine
}

func TestTheSagaIsTheFileThatTheTestsExecute(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(root, sagaFile))
	if err != nil {
		t.Fatal(err)
	}
	eachStage(t, func(t *testing.T, stage string, in template) {
		saga, _ := theSaga(t, in)
		if saga.StateMachineType != "STANDARD" || saga.StateMachineName != "orderflow-"+stage+"-saga" {
			t.Errorf("%s is of type %s", saga.StateMachineName, saga.StateMachineType)
		}
		if diff := cmp.Diff(compact(t, file), compact(t, saga.Definition)); diff != "" {
			t.Errorf("the definition is not the file's: %s", diff)
		}
		if diff := cmp.Diff(steps(), saga.DefinitionSubstitutions); diff != "" {
			t.Errorf("substitutions (-want +got):\n%s", diff)
		}
	})
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTheSagaPassesTheLinter(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/asl-validator/dist/bin/asl-validator.js", "--json-path", sagaFile)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("asl-validator (is everything installed by make deps?): %v\n%s", err, said)
	}
}

func TestEveryTaskOfTheSagaEndsByItself(t *testing.T) {
	in := load(t, "prod")
	_, machine := theSaga(t, in)
	functions := all[function](t, in, "AWS::Lambda::Function")
	if machine.TimeoutSeconds != day {
		t.Errorf("an execution may take %d s, want a day", machine.TimeoutSeconds)
	}
	tasks := 0
	for name, s := range machine.States {
		if s.Type != sagatest.Task {
			continue
		}
		tasks++
		f := functions[steps()[strings.Trim(s.Resource, "${}")].Ref]
		if s.TimeoutSeconds <= f.Timeout || s.TimeoutSeconds > f.Timeout+15 {
			t.Errorf("%s times out after %d s, want a little more than its function's %d s", name, s.TimeoutSeconds, f.Timeout)
		}
		checkRetries(t, name, s.Retry)
		if len(s.Catch) != 1 || !slices.Equal(s.Catch[0].ErrorEquals, []string{sagatest.All}) || !strings.HasPrefix(s.Catch[0].ResultPath, "$.") {
			t.Errorf("%s catches %+v, want all and ids kept", name, s.Catch)
			continue
		}
		// Nothing parks an order that could not be parked.
		if next := s.Catch[0].Next; next != "Park" && (name != "Park" || machine.States[next].Type != sagatest.Fail) {
			t.Errorf("%s is caught by %s", name, next)
		}
	}
	if tasks != 4 {
		t.Errorf("found %d tasks, want resolve, refund, close and park", tasks)
	}
}

// checkRetries checks that nothing is retried which can't succeed, and that all else is retried with jitter for an hour or more, on average.
func checkRetries(t *testing.T, task string, retriers []sagatest.Retrier) {
	t.Helper()
	if len(retriers) < 2 {
		t.Errorf("%s has the retriers %+v", task, retriers)
		return
	}
	never, always := retriers[0], retriers[len(retriers)-1]
	if !slices.Equal(never.ErrorEquals, []string{sagatask.Permanent}) || never.MaxAttempts != 0 {
		t.Errorf("%s retries what can't succeed: %+v", task, never)
	}
	if !slices.Equal(always.ErrorEquals, []string{sagatest.All}) || always.MeanPatience() < time.Hour {
		t.Errorf("%s gives up on %v after %v, want all and an hour or more", task, always.ErrorEquals, always.MeanPatience())
	}
	for _, r := range retriers[1:] {
		if r.JitterStrategy != "FULL" {
			t.Errorf("%s retries %v without full jitter", task, r.ErrorEquals)
		}
	}
	between := retriers[1 : len(retriers)-1]
	if task != "RefundPayment" {
		if len(between) > 0 {
			t.Errorf("%s has retriers of its own: %+v", task, between)
		}
		return
	}
	want := []sagatest.Retrier{{ErrorEquals: []string{sagatask.RefundFailed}, IntervalSeconds: 10, BackoffRate: 3, MaxAttempts: 5, JitterStrategy: "FULL"}}
	if diff := cmp.Diff(want, between); diff != "" {
		t.Errorf("%s (-want +got):\n%s", task, diff)
	}
}

func TestTheStepsOfTheSagaAreToldIdsOnly(t *testing.T) {
	_, machine := theSaga(t, load(t, "prod"))
	for name, s := range machine.States {
		if s.Type != sagatest.Task && s.Type != sagatest.Pass {
			continue
		}
		var told map[string]any
		if err := json.Unmarshal(s.Parameters, &told); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		delete(told, "park")
		delete(told, "round")
		delete(told, "round.$")
		want := map[string]any{"order_id.$": "$.order_id", "version.$": "$.version"}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s is told (-want +got):\n%s", name, diff)
		}
	}
}

func TestACancellingOrderStartsTheSagaWithIdsOnly(t *testing.T) {
	eachStage(t, func(t *testing.T, stage string, in template) {
		r := all[rule](t, in, "AWS::Events::Rule")["SagaRule"]
		if got, want := r.EventPattern.Data["status"], []string{"CANCELLING"}; !slices.Equal(got, want) || r.Name != "orderflow-"+stage+"-saga" {
			t.Errorf("%s is about the statuses %v, want %v", r.Name, got, want)
		}
		if len(r.Targets) != 1 || !r.Targets[0].StartsTheSaga() {
			t.Fatalf("the rule has the targets %+v", r.Targets)
		}
		target := r.Targets[0]
		if got, want := target.RoleArn, (value{Ref: "SagaRuleRole", Attribute: "Arn"}); got != want {
			t.Errorf("the rule acts as %v, want %v", got, want)
		}
		paths := map[string]string{"order_id": "$.detail.data.order_id", "version": "$.detail.data.version"}
		if diff := cmp.Diff(paths, target.InputTransformer.InputPathsMap); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
		if got, want := target.InputTransformer.InputTemplate, `{"order_id": <order_id>, "version": <version>}`; got != want {
			t.Errorf("the saga is told %s, want %s", got, want)
		}
	})
}

func TestTheSagasLogHoldsNoDataAndIsWrittenOnAWSOnly(t *testing.T) {
	in := load(t, "prod")
	saga, _ := theSaga(t, in)
	want := `{"Fn::If":["OnAws",{"Level":"ERROR","IncludeExecutionData":false,"Destinations":[{"CloudWatchLogsLogGroup":` +
		`{"LogGroupArn":{"Fn::GetAtt":["SagaLogGroup","Arn"]}}}]},{"Ref":"AWS::NoValue"}]}`
	if diff := cmp.Diff(want, compact(t, saga.LoggingConfiguration)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	group := all[struct {
		LogGroupName    string
		RetentionInDays int
	}](t, in, "AWS::Logs::LogGroup")["SagaLogGroup"]
	if in.Resources["SagaLogGroup"].Condition != "OnAws" || group.RetentionInDays == 0 || group.LogGroupName != "/aws/vendedlogs/states/orderflow-prod-saga" {
		t.Errorf("the log group is %+v, made under %q", group, in.Resources["SagaLogGroup"].Condition)
	}
}

func TestAFailedSagaTellsSomebodyWhatToDo(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		alarms := all[struct {
			alarm
			AlarmDescription  string
			EvaluationPeriods int
			TreatMissingData  string
		}](t, in, "AWS::CloudWatch::Alarm")
		for _, metric := range []string{"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"} {
			found := 0
			for name, a := range alarms {
				if a.Namespace != "AWS/States" || a.MetricName != metric {
					continue
				}
				found++
				if a.Statistic != "Sum" || a.ComparisonOperator != "GreaterThanOrEqualToThreshold" || a.Threshold != 1 || a.EvaluationPeriods != 1 {
					t.Errorf("%s is %+v, want one execution to be enough", name, a)
				}
				if len(a.Dimensions) != 1 || a.Dimensions[0].Name != "StateMachineArn" || a.Dimensions[0].Value != (value{Ref: "Saga"}) {
					t.Errorf("%s watches %+v", name, a.Dimensions)
				}
				if !slices.Equal(a.AlarmActions, []value{{Ref: "AlarmTopic"}}) || !strings.Contains(a.AlarmDescription, "docs/runbooks/failed-saga.md") {
					t.Errorf("%s tells %v: %s", name, a.AlarmActions, a.AlarmDescription)
				}
			}
			if found != 1 {
				t.Errorf("found %d alarms on %s, want 1", found, metric)
			}
		}
	})
}
