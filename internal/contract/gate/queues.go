package gate

import (
	"encoding/json"
	"slices"

	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
)

// Bounds of queues. Retention is in seconds; SQS counts a dead letter's age from when it came to the source queue.
const (
	day               = 24 * 60 * 60
	sourceRetention   = 4 * day
	deadRetention     = 14 * day
	leastReceives     = 5
	leastVisibilities = 6 // of the function's timeout (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)
	batchSize         = 10
)

// lets tells whether a policy lets EventBridge send to the queue for the source that the condition names.
func lets(p cfn.Policy, queue, operator string, source cfn.Value) bool {
	return slices.ContainsFunc(p.PolicyDocument.Statement, func(s cfn.Statement) bool {
		return s.Effect == "Allow" && s.Principal.Service == "events.amazonaws.com" &&
			slices.Equal(s.Action, []string{"sqs:SendMessage"}) && len(s.Resource) == 1 && s.Resource[0].IsARNOf(queue) &&
			len(s.Condition) == 1 && s.Condition[operator]["aws:SourceArn"] == source
	})
}

// Policies looks at who may send to the queues: the rules, over TLS on AWS, and nobody else.
func (t *Template) Policies() Report {
	var r Report
	r.checked("queue policies", len(t.policies), "serverless.yml")
	for _, id := range sortedKeys(t.policies) {
		p := t.policies[id]
		if len(p.Queues) != 1 {
			r.find(t.at(id, "Queues"), "write one policy a queue", "the policy is of %d queues", len(p.Queues))
			continue
		}
		var allowed, inClear int
		for _, s := range p.PolicyDocument.Statement {
			switch {
			case len(s.If) == 3 && deniesInClear(s, p.Queues[0].Ref):
				inClear++
			case s.Effect == "Allow" && s.Principal.Service == "events.amazonaws.com":
				allowed++
			default:
				r.find(t.at(id, "PolicyDocument"), "take it out", "the statement %q lets in somebody else", s.Sid)
			}
		}
		if allowed != 1 {
			r.find(t.at(id, "PolicyDocument"), "write one statement for events.amazonaws.com", "%d statements let rules in", allowed)
		}
		if inClear != 1 {
			r.find(t.at(id, "PolicyDocument"), "deny sqs:* where aws:SecureTransport is false, if OnAws", "%d statements keep out what does not come over TLS", inClear)
		}
	}
	return r
}

// deniesInClear tells whether a conditional statement denies, on AWS, what comes in the clear.
func deniesInClear(s cfn.Statement, queue string) bool {
	var condition string
	var deny cfn.Statement
	if json.Unmarshal(s.If[0], &condition) != nil || json.Unmarshal(s.If[1], &deny) != nil {
		return false
	}
	return condition == "OnAws" && deny.Effect == "Deny" && deny.Principal.Service == "*" && len(deny.Resource) == 1 && deny.Resource[0].IsARNOf(queue) &&
		slices.Equal(deny.Action, []string{"sqs:*"}) && deny.Condition["Bool"]["aws:SecureTransport"] == cfn.Value{Text: "false"}
}

// readers returns the function that reads each queue, by the queue's logical id.
func (t *Template) readers() map[string]string {
	found := make(map[string]string)
	for _, m := range t.mappings {
		if _, ok := t.queues[m.EventSourceArn.Ref]; ok {
			found[m.EventSourceArn.Ref] = m.FunctionName.Ref
		}
	}
	return found
}

// Queues looks whether the queues keep their messages: long enough, hidden while they are worked on, and with a dead-letter queue of their own.
func (t *Template) Queues() Report {
	var r Report
	reader, owner := t.readers(), map[string]string{}
	r.checked("queues", len(t.queues), "serverless.yml")
	for _, id := range sortedKeys(t.queues) {
		q := t.queues[id]
		if !q.SqsManagedSseEnabled {
			r.find(t.at(id, "SqsManagedSseEnabled"), "write true", "the queue is not encrypted")
		}
		if q.IsSource() {
			t.checkSource(id, q, reader[id], &r)
			owner[q.RedrivePolicy.DeadLetterTargetArn.Ref] = id
			continue
		}
		if reader[id] != "" {
			r.find(t.at(id, "RedrivePolicy"), "write deadLetterTargetArn and maxReceiveCount", "the queue is read by %s and has no dead-letter queue", reader[id])
		} else if q.MessageRetentionPeriod != deadRetention {
			r.find(t.at(id, "MessageRetentionPeriod"), "write 1209600, a fortnight", "messages are kept for %d s", q.MessageRetentionPeriod)
		}
	}
	t.checkOwners(owner, &r)
	return r
}

func (t *Template) checkSource(id string, q cfn.Queue, reader string, r *Report) {
	if q.MessageRetentionPeriod != sourceRetention {
		r.find(t.at(id, "MessageRetentionPeriod"), "write 345600, four days", "messages are kept for %d s", q.MessageRetentionPeriod)
	}
	if got := q.RedrivePolicy.MaxReceiveCount; got < leastReceives {
		r.find(t.at(id, "RedrivePolicy.maxReceiveCount"), "write 20, which with the runner's backoff outlasts an hour's outage", "the queue gives up after %d receives, fewer than %d", got, leastReceives)
	}
	if dead, ok := t.queues[q.RedrivePolicy.DeadLetterTargetArn.Ref]; !ok || dead.IsSource() {
		r.find(t.at(id, "RedrivePolicy.deadLetterTargetArn"), "name a queue of its own", "%v is no dead-letter queue", q.RedrivePolicy.DeadLetterTargetArn)
	}
	f, ok := t.lambdas[reader]
	if !ok {
		r.find(t.at(id, ""), "write the function's sqs event", "nothing reads the queue")
		return
	}
	if got, want := q.VisibilityTimeout, leastVisibilities*f.Timeout; got < want {
		r.find(t.at(id, "VisibilityTimeout"), "write six times the function's timeout or more", "a message is hidden for %d s, fewer than %d: %s may still be at it", got, want, reader)
	}
}

// checkOwners looks whether dead-letter queues serve one stage each: whoever replays one knows what function the messages failed in.
func (t *Template) checkOwners(owner map[string]string, r *Report) {
	serves := map[string]int{}
	for _, q := range t.queues {
		serves[q.RedrivePolicy.DeadLetterTargetArn.Ref]++
	}
	for _, dead := range sortedKeys(owner) {
		if serves[dead] > 1 {
			r.find(t.at(owner[dead], "RedrivePolicy.deadLetterTargetArn"), "give each queue a dead-letter queue of its own", "%s serves %d queues", dead, serves[dead])
		}
	}
}

// Mappings looks whether the functions take batches from their queues as the batch runner answers them.
func (t *Template) Mappings() Report {
	var r Report
	checked := 0
	for _, id := range sortedKeys(t.mappings) {
		m := t.mappings[id]
		if _, ok := t.queues[m.EventSourceArn.Ref]; !ok {
			continue
		}
		checked++
		if !slices.Equal(m.FunctionResponseTypes, []string{"ReportBatchItemFailures"}) {
			r.find(t.at(id, "FunctionResponseTypes"), "write functionResponseType: ReportBatchItemFailures below the function's sqs event",
				"the function's partial answers are not taken, so what failed is deleted with the rest")
		}
		if m.BatchSize != batchSize {
			r.find(t.at(id, "BatchSize"), "write batchSize: 10", "the function takes %d messages at once", m.BatchSize)
		}
	}
	r.checked("queue mappings", checked, "serverless.yml")
	return r
}
