package gate

import (
	"maps"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/order"
)

// takes says of a consumer which values of a field of the data it takes; the field is a pattern's detail/data/<field>.
type takes map[string][]string

// subscription is what a consumer wants of the bus.
type subscription struct {
	types   []string
	sources []string
	data    takes
}

// subscriptions are what the catalog's consumers want, by their keys. What some of them do not take is said here and nowhere else.
func subscriptions() map[string]subscription {
	found := map[string]subscription{}
	for _, e := range events.Catalog() {
		for _, key := range e.Consumers {
			s := found[key]
			s.types = append(s.types, string(e.Type))
			if !slices.Contains(s.sources, string(e.Source)) {
				s.sources = append(s.sources, string(e.Source))
			}
			found[key] = s
		}
	}
	narrow := map[string]takes{
		"notify-user": {"status": told()},                     // customers hear of ends only
		events.Saga:   {"status": {string(order.Cancelling)}}, // only such an order has something to undo
	}
	for key, data := range narrow {
		if s, ok := found[key]; ok {
			s.data = data
			found[key] = s
		}
	}
	return found
}

func told() []string {
	var statuses []string
	for _, s := range order.Statuses() {
		if s.Told() {
			statuses = append(statuses, string(s))
		}
	}
	return statuses
}

// wants tells whether the consumer takes an event of this type and source whose data has these texts.
func (s subscription) wants(typ, source string, texts map[string]string) bool {
	for field, values := range s.data {
		if !slices.Contains(values, texts[field]) {
			return false
		}
	}
	return slices.Contains(s.types, typ) && slices.Contains(s.sources, source)
}

func ruleOf(key string) string { return cfn.PascalCase(key) + "Rule" }

// reacting are the rules that react to events of ours: not to the clock, and not to AWS.
func (t *Template) reacting() map[string]cfn.Rule {
	rules := maps.Clone(t.rules)
	maps.DeleteFunc(rules, func(_ string, r cfn.Rule) bool { return r.ScheduleExpression != "" || r.OfAWS() })
	return rules
}

// Rules holds the rules against the catalog: each consumer has one, with exactly its types, sources and values, and nobody else has.
func (t *Template) Rules() Report {
	var r Report
	wanted := subscriptions()
	rules := t.reacting()
	r.checked("rules", len(rules), "serverless.yml")
	for _, key := range sortedKeys(wanted) {
		rule, ok := rules[ruleOf(key)]
		if !ok {
			r.find(t.ofConsumer(key), "write the rule, or take "+key+" out of "+catalogFile, "the catalog's consumer %s of %s has no rule", key, strings.Join(wanted[key].types, ", "))
			continue
		}
		t.checkPattern(key, wanted[key], rule.EventPattern, &r)
		delete(rules, ruleOf(key))
	}
	for _, id := range sortedKeys(rules) {
		r.find(t.at(id, ""), "name its consumer in "+catalogFile+", or delete the rule", "the rule is of no consumer in the catalog")
	}
	return r
}

// ofConsumer is where the rule of a consumer belongs.
func (t *Template) ofConsumer(key string) place {
	if key == events.Saga {
		return t.at("Saga", "").atPath(ruleOf(key))
	}
	return t.at(cfn.LogicalID(key), "").atPath(ruleOf(key))
}

func (p place) atPath(path string) place { return place{p.file, path} }

func (t *Template) checkPattern(key string, want subscription, p cfn.Pattern, r *Report) {
	at := t.at(ruleOf(key), "EventPattern")
	for _, typ := range p.DetailType {
		if _, ok := events.Lookup(events.Type(typ)); !ok {
			r.find(at.below("/detail-type"), "write a type of the catalog", "%s is no type of the catalog", typ)
		}
	}
	same(at.below("/detail-type"), "types that "+key+" consumes", p.DetailType, want.types, r)
	same(at.below("/source"), "sources of what "+key+" consumes", p.Source, want.sources, r)
	for _, field := range sortedKeys(p.Data) {
		t.checkValues(at.below("/detail/data/"+field), field, p, r)
		if _, ok := want.data[field]; !ok {
			r.find(at.below("/detail/data/"+field), "take it out, or say in the gate that "+key+" takes some only", "the rule is narrower than the catalog says")
		}
	}
	for _, field := range sortedKeys(want.data) {
		same(at.below("/detail/data/"+field), "values that "+key+" takes", p.Data[field], want.data[field], r)
	}
	for _, other := range p.Other {
		r.find(at.below("/"+other), "take it out", "the gate does not know what the rule means by it")
	}
}

// same finds what of two lists, in any order, stands in one only.
func same(at place, what string, got, want []string, r *Report) {
	for _, w := range want {
		if !slices.Contains(got, w) {
			r.find(at, "add it", "%s is missing among the %s", w, what)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			r.find(at, "take it out, or correct it", "%s is not among the %s", g, what)
		}
	}
}

// checkValues finds values that no event of the rule's types can have.
func (t *Template) checkValues(at place, field string, p cfn.Pattern, r *Report) {
	for _, typ := range p.DetailType {
		s, ok := t.schemas[events.Type(typ).Schema()]
		if !ok {
			continue // found already
		}
		property, ok := s.root.at("/properties/" + field)
		if !ok {
			r.find(at, "name a property of "+s.file(), "%s has no property %s", typ, field)
			continue
		}
		in, holder := t.schemas.follow(s, property)
		allowed := textsOf(holder.member("enum"))
		for _, value := range p.Data[field] {
			if len(allowed) > 0 && !slices.Contains(allowed, value) {
				r.find(at, "write one of "+strings.Join(allowed, ", "), "%s is no value that %s#%s allows", value, in.file(), holder.pointer)
			}
		}
	}
}

// Targets looks at where the rules lead: to one queue or the saga, with the CloudEvent alone, with retries and a place for what cannot be delivered.
func (t *Template) Targets() Report {
	var r Report
	checked := 0
	for _, id := range sortedKeys(t.rules) {
		rule := t.rules[id]
		if rule.ScheduleExpression != "" {
			continue
		}
		checked++
		if !rule.OfAWS() && rule.EventBusName != (cfn.Value{Ref: "Bus"}) {
			r.find(t.at(id, "EventBusName"), "write { Ref: Bus }", "the rule listens on %v", rule.EventBusName)
		}
		if len(rule.Targets) != 1 {
			r.find(t.at(id, "Targets"), "give it one target", "the rule has %d targets", len(rule.Targets))
		}
		for _, target := range rule.Targets {
			t.checkTarget(id, rule, target, &r)
		}
	}
	r.checked("rules with a target", checked, "serverless.yml")
	return r
}

func (t *Template) checkTarget(id string, rule cfn.Rule, target cfn.Target, r *Report) {
	at := t.at(id, "Targets/0")
	want := "$.detail" // the CloudEvent; what AWS says stays in EventBridge's envelope
	if rule.OfAWS() {
		want = ""
	}
	if target.InputPath != want && !target.StartsTheSaga() {
		r.find(at.below("/InputPath"), "write InputPath: "+want, "the rule hands on %q, and the consumer reads a CloudEvent alone", target.InputPath)
	}
	if target.RetryPolicy.MaximumEventAgeInSeconds == 0 || target.RetryPolicy.MaximumRetryAttempts == 0 {
		r.find(at.below("/RetryPolicy"), "write MaximumEventAgeInSeconds and MaximumRetryAttempts", "the target has no retry policy")
	}
	if !target.DeadLetterConfig.Arn.IsARNOf("UndeliverableQueue") {
		r.find(at.below("/DeadLetterConfig"), "name UndeliverableQueue", "what cannot be delivered goes to %v", target.DeadLetterConfig.Arn)
	}
	if target.StartsTheSaga() {
		return
	}
	queue := target.Arn.Ref
	if _, ok := t.queues[queue]; !ok {
		r.find(at.below("/Arn"), "name the consumer's queue", "the target is %v, which is no queue", target.Arn)
		return
	}
	t.checkEntry(queue, id, r)
}

// checkEntry looks whether a queue has one policy, which lets the rule in.
func (t *Template) checkEntry(queue, rule string, r *Report) {
	var found []string
	for _, id := range sortedKeys(t.policies) {
		if slices.Contains(t.policies[id].Queues, cfn.Value{Ref: queue}) {
			found = append(found, id)
		}
	}
	if len(found) != 1 { // a second policy would replace the first
		r.find(t.at(queue, ""), "give the queue one AWS::SQS::QueuePolicy that lets "+rule+" send", "the queue has %d policies, so %s cannot reach it", len(found), rule)
		return
	}
	if !lets(t.policies[found[0]], queue, "ArnEquals", cfn.Value{Ref: rule, Attribute: "Arn"}) {
		r.find(t.at(found[0], "PolicyDocument"), "allow events.amazonaws.com to sqs:SendMessage where aws:SourceArn equals the rule's ARN", "the policy of %s does not let %s in", queue, rule)
	}
}
