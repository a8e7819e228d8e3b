package templatetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/sqsbatch"
)

type queue struct {
	QueueName              string
	MessageRetentionPeriod int
	VisibilityTimeout      int
	SqsManagedSseEnabled   bool
	RedrivePolicy          struct {
		DeadLetterTargetArn value `json:"deadLetterTargetArn"`
		MaxReceiveCount     int   `json:"maxReceiveCount"`
	}
}

func (q queue) isSource() bool { return q.RedrivePolicy.DeadLetterTargetArn != value{} }

type function struct {
	FunctionName  string
	Handler       string
	Runtime       string
	Timeout       int
	Architectures []string
	Role          value
	Environment   struct{ Variables map[string]value }
}

type mapping struct {
	EventSourceArn             value
	FunctionName               value
	BatchSize                  int
	FunctionResponseTypes      []string
	StartingPosition           string
	BisectBatchOnFunctionError bool
	MaximumRetryAttempts       int
	MaximumRecordAgeInSeconds  int
	ScalingConfig              struct{ MaximumConcurrency int }
	DestinationConfig          struct{ OnFailure struct{ Destination value } }
	FilterCriteria             struct{ Filters []struct{ Pattern string } }
}

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
	eachStage(t, func(t *testing.T, _ string, in template) {
		reader := readers(t, in)
		functions := all[function](t, in, "AWS::Lambda::Function")
		queues := all[queue](t, in, "AWS::SQS::Queue")
		for name, q := range queues {
			if !q.SqsManagedSseEnabled {
				t.Errorf("%s is not encrypted", name)
			}
			if !q.isSource() {
				if got, want := q.MessageRetentionPeriod, 14*day; got != want {
					t.Errorf("%s keeps messages %d s, want %d", name, got, want)
				}
				if reader[name] != "" {
					t.Errorf("%s is read by %s and has no dead-letter queue", name, reader[name])
				}
				continue
			}
			if got, want := q.MessageRetentionPeriod, 4*day; got != want {
				t.Errorf("%s keeps messages %d s, want %d", name, got, want)
			}
			if got := q.RedrivePolicy.MaxReceiveCount; got < 5 {
				t.Errorf("%s gives up after %d receives, want 5 or more", name, got)
			}
			if dead, ok := queues[q.RedrivePolicy.DeadLetterTargetArn.Ref]; !ok || dead.isSource() {
				t.Errorf("%s has %q as its dead-letter queue", name, q.RedrivePolicy.DeadLetterTargetArn.Ref)
			}
			f, ok := functions[reader[name]]
			if !ok {
				t.Errorf("nothing reads %s", name)
			}
			if got, want := q.VisibilityTimeout, 6*f.Timeout; got < want {
				t.Errorf("%s hides a message for %d s, want six times %s's timeout, %d", name, got, reader[name], want)
			}
		}
	})
}

// Case: throttled messages filled the dead-letter queue (authentication-api#3053).
func TestQueuesOutlastAnHoursOutage(t *testing.T) {
	for name, q := range all[queue](t, load(t, "prod"), "AWS::SQS::Queue") {
		if !q.isSource() {
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

func TestDeadLetterQueuesServeOneStage(t *testing.T) {
	in := load(t, "prod")
	owner := make(map[string]string)
	for name, q := range all[queue](t, in, "AWS::SQS::Queue") {
		if !q.isSource() {
			continue
		}
		dead := q.RedrivePolicy.DeadLetterTargetArn.Ref
		if owner[dead] != "" {
			t.Errorf("%s serves %s and %s", dead, owner[dead], name)
		}
		owner[dead] = name
	}
}

// Case: partial answers were given and not switched on (indexing-service#159).
func TestQueueMappingsReportEachFailure(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		queues := all[queue](t, in, "AWS::SQS::Queue")
		checked := 0
		for name, m := range all[mapping](t, in, "AWS::Lambda::EventSourceMapping") {
			if _, ok := queues[m.EventSourceArn.Ref]; !ok {
				continue
			}
			checked++
			if len(m.FunctionResponseTypes) != 1 || m.FunctionResponseTypes[0] != "ReportBatchItemFailures" {
				t.Errorf("%s answers with %v, want ReportBatchItemFailures", name, m.FunctionResponseTypes)
			}
			if m.BatchSize != 10 {
				t.Errorf("%s takes %d messages, want 10", name, m.BatchSize)
			}
			if m.FunctionName.Ref == logicalID("process-payment")+"LambdaFunction" && m.ScalingConfig.MaximumConcurrency == 0 {
				t.Errorf("%s has no bound: the provider limits calls", name)
			}
		}
		if checked != len(readers(t, in)) {
			t.Errorf("checked %d mappings of %d queues", checked, len(readers(t, in)))
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
			if q.isSource() {
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
