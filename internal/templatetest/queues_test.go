package templatetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/sqsbatch"
)

type (
	queue    = cfn.Queue
	function = cfn.Function
	mapping  = cfn.Mapping
)

type alarm struct {
	Namespace, MetricName string
	Statistic             string
	Threshold             float64
	ComparisonOperator    string
	AlarmActions          []value
	Dimensions            []struct {
		Name  string
		Value value
	}
}

const day = 24 * 60 * 60

// readers returns the function that reads each queue, by the queue's name.
func readers(t *testing.T, in template) map[string]string {
	t.Helper()
	found := make(map[string]string)
	queues := all[queue](t, in, "AWS::SQS::Queue")
	for _, m := range all[mapping](t, in, "AWS::Lambda::EventSourceMapping") {
		if _, ok := queues[m.EventSourceArn.Ref]; ok {
			found[m.EventSourceArn.Ref] = m.FunctionName.Ref
		}
	}
	if len(found) == 0 {
		t.Fatal("no queue is read by a function")
	}
	return found
}

// Case: the visibility timeout was shorter than the function's; dead letters were kept too short (terraform-provider-aws#18099, wing#1507, support-service-lambdas#2288).
func TestQueuesKeepTheirMessages(t *testing.T) {
	held(t, (*gate.Template).Queues)
}

// Case: throttled messages filled the dead-letter queue (authentication-api#3053).
func TestQueuesOutlastAnHoursOutage(t *testing.T) {
	for name, q := range all[queue](t, load(t, "prod"), "AWS::SQS::Queue") {
		if !q.IsSource() {
			continue
		}
		var waited time.Duration
		for receive := 1; receive < q.RedrivePolicy.MaxReceiveCount; receive++ {
			waited += sqsbatch.Backoff(receive, 0)
		}
		if waited < time.Hour {
			t.Errorf("%s gives up after %v, want an hour or more", name, waited)
		}
		if keep := time.Duration(q.MessageRetentionPeriod) * time.Second; waited > keep {
			t.Errorf("%s drops a message after %v, before it gives up after %v", name, keep, waited)
		}
	}
}

// Case: partial answers were given and not switched on (indexing-service#159).
func TestQueueMappingsReportEachFailure(t *testing.T) {
	held(t, (*gate.Template).Mappings)
}

func TestCallsOfTheProviderAreBounded(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		checked := 0
		for name, m := range all[mapping](t, in, "AWS::Lambda::EventSourceMapping") {
			if m.FunctionName.Ref != logicalID("process-payment")+"LambdaFunction" {
				continue
			}
			checked++
			if m.ScalingConfig.MaximumConcurrency == 0 {
				t.Errorf("%s has no bound: the provider limits calls", name)
			}
		}
		if checked != 1 {
			t.Errorf("process-payment has %d mappings, want 1", checked)
		}
	})
}

// Case: one bad stream record blocked the shard (solita#376, wellcomecollection/platform#954).
func TestStreamMappingLosesNothingAndBlocksNothing(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		checked := 0
		for name, m := range all[mapping](t, in, "AWS::Lambda::EventSourceMapping") {
			if m.EventSourceArn.Attribute != "StreamArn" {
				continue
			}
			checked++
			if m.StartingPosition != "TRIM_HORIZON" || !m.BisectBatchOnFunctionError {
				t.Errorf("%s starts at %s, bisects %v", name, m.StartingPosition, m.BisectBatchOnFunctionError)
			}
			if m.MaximumRetryAttempts < 1 || m.MaximumRecordAgeInSeconds < 3600 || m.MaximumRecordAgeInSeconds >= day {
				t.Errorf("%s tries %d times within %d s, want a bound of an hour to a day", name, m.MaximumRetryAttempts, m.MaximumRecordAgeInSeconds)
			}
			if got, want := m.DestinationConfig.OnFailure.Destination, (value{Ref: "RelayOrderDeadLetterQueue", Attribute: "Arn"}); got != want {
				t.Errorf("%s fails to %v, want %v", name, got, want)
			}
			if len(m.FilterCriteria.Filters) != 1 || m.FilterCriteria.Filters[0].Pattern != `{"eventName":["INSERT"]}` {
				t.Errorf("%s filters by %v", name, m.FilterCriteria.Filters)
			}
			if !alarmed(t, in, "AWS/Lambda", "IteratorAge", value{Ref: m.FunctionName.Ref}) {
				t.Errorf("%s has no alarm on IteratorAge", m.FunctionName.Ref)
			}
		}
		if checked != 1 {
			t.Errorf("found %d stream mappings, want 1", checked)
		}
	})
}

func TestQueuesHaveAlarms(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		for name, q := range all[queue](t, in, "AWS::SQS::Queue") {
			metric := "ApproximateNumberOfMessagesVisible"
			if q.IsSource() {
				metric = "ApproximateAgeOfOldestMessage"
			}
			if !alarmed(t, in, "AWS/SQS", metric, value{Ref: name, Attribute: "QueueName"}) {
				t.Errorf("%s has no alarm on %s", name, metric)
			}
		}
	})
}

// alarmed tells whether an alarm watches the metric of the resource and tells somebody.
func alarmed(t *testing.T, in template, namespace, metric string, of value) bool {
	t.Helper()
	for _, a := range all[alarm](t, in, "AWS::CloudWatch::Alarm") {
		if a.Namespace == namespace && a.MetricName == metric && len(a.Dimensions) == 1 && a.Dimensions[0].Value == of {
			return a.Statistic == "Maximum" && a.ComparisonOperator == "GreaterThanOrEqualToThreshold" && a.Threshold > 0 &&
				len(a.AlarmActions) == 1 && a.AlarmActions[0] == value{Ref: "AlarmTopic"}
		}
	}
	return false
}

func TestValueReadsReferences(t *testing.T) {
	for raw, want := range map[string]value{
		`"x"`:                         {Text: "x"},
		`{"Ref":"A"}`:                 {Ref: "A"},
		`{"Fn::GetAtt":["A","Arn"]}`:  {Ref: "A", Attribute: "Arn"},
		`{"Fn::Join":["",["a","b"]]}`: {Text: `{"Fn::Join":["",["a","b"]]}`},
		`7`:                           {Text: "7"},
	} {
		var got value
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v, want %+v", raw, got, err, want)
		}
	}
}
