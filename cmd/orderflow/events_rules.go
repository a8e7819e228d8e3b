package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/stack"
	"github.com/orderflow/orderflow/internal/tap"
)

// rule is a rule of a stage's bus.
type rule struct {
	name       string
	pattern    string
	disabled   bool
	takers     []string
	conditions []condition
}

// route says what a rule does with an event.
type route struct {
	Rule     string   `json:"rule"`
	Takers   []string `json:"takers"` // to whom it sends: stages, the saga, or the names of other targets
	Matches  bool     `json:"matches"`
	Disabled bool     `json:"disabled,omitempty"` // it sends nothing, whatever matches
	Reason   *reason  `json:"reason,omitempty"`   // why it does not match
}

// reason is the first field of an event that a rule does not take.
type reason struct {
	Field string          `json:"field,omitempty"` // empty where each field alone would do
	Takes json.RawMessage `json:"takes,omitempty"` // as the pattern has it
	Has   json.RawMessage `json:"has,omitempty"`   // what the event has there, where it may be shown
}

// router asks EventBridge what the rules of a bus do with events.
type router struct {
	client  *eventbridge.Client
	rules   []rule
	account string
	region  string
	now     time.Time // of events that have no time of EventBridge's
	asked   map[question]bool
}

type question struct{ pattern, event string }

// maxRules is how many rules a page has.
const maxRules = 100

// route reads the rules of the stage's bus, but for taps and for those that AWS manages, as an archive's.
func (d deployment) route(ctx context.Context, now time.Time) (*router, error) {
	r := &router{client: eventbridge.NewFromConfig(d.conf), region: d.conf.Region, now: now, asked: map[question]bool{}}
	in := &eventbridge.ListRulesInput{EventBusName: &d.stack.BusName, Limit: aws.Int32(maxRules)}
	for {
		page, err := r.client.ListRules(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list rules of %s: %w", d.stack.BusName, err)
		}
		for _, found := range page.Rules {
			if err := r.add(ctx, d, found); err != nil {
				return nil, fmt.Errorf("read rule %s: %w", aws.ToString(found.Name), err)
			}
		}
		if page.NextToken == nil {
			break
		}
		in.NextToken = page.NextToken
	}
	if len(r.rules) == 0 {
		return nil, fmt.Errorf("bus %s has no rules: deploy the stage again", d.stack.BusName)
	}
	return r, nil
}

func (r *router) add(ctx context.Context, d deployment, found types.Rule) error {
	name, pattern := aws.ToString(found.Name), aws.ToString(found.EventPattern)
	if pattern == "" || found.ManagedBy != nil || tap.Named(d.stack.BusName, name) {
		return nil
	}
	id, err := arn.Parse(aws.ToString(found.Arn))
	if err != nil {
		return err
	}
	asks, err := conditions(pattern)
	if err != nil {
		return err
	}
	takers, err := r.takers(ctx, d, name)
	if err != nil {
		return err
	}
	r.account = id.AccountID
	r.rules = append(r.rules, rule{name, pattern, found.State == types.RuleStateDisabled, takers, asks})
	return nil
}

func (r *router) takers(ctx context.Context, d deployment, name string) ([]string, error) {
	takers := []string{}
	in := &eventbridge.ListTargetsByRuleInput{EventBusName: &d.stack.BusName, Rule: &name}
	for {
		page, err := r.client.ListTargetsByRule(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Targets {
			takers = append(takers, d.taker(aws.ToString(t.Arn)))
		}
		if page.NextToken == nil {
			return takers, nil
		}
		in.NextToken = page.NextToken
	}
}

// taker names a target: a stage by its queue, the saga, or anything else by the last part of its ARN.
func (d deployment) taker(target string) string {
	if target == d.stack.SagaARN {
		return events.Saga
	}
	name := target[strings.LastIndexAny(target, ":/")+1:]
	return strings.TrimPrefix(name, stack.Name(d.stack.Stage)+"-")
}

// bridged is an event in EventBridge's envelope, by its members.
type bridged map[string]json.RawMessage

// enclose puts a CloudEvent in an envelope as publishing it would.
func enclose(e json.RawMessage, source, typ string) (bridged, error) {
	b := bridged{"detail": e}
	for name, value := range map[string]string{"source": source, "detail-type": typ} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		b[name] = text
	}
	return b, nil
}

// complete adds the members that EventBridge wants of an event that it tests
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html).
func (r *router) complete(b bridged) (json.RawMessage, error) {
	full := bridged{"resources": json.RawMessage("[]")}
	for name, value := range map[string]string{
		"version": "0", "id": "00000000-0000-0000-0000-000000000000", "account": r.account, "region": r.region,
		"time": r.now.UTC().Format(time.RFC3339),
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		full[name] = text
	}
	maps.Copy(full, b)
	return json.Marshal(full)
}

// routes says what each rule does with the event. Values of the event are shown only if open.
func (r *router) routes(ctx context.Context, event json.RawMessage, open bool) ([]route, error) {
	all := make([]route, len(r.rules))
	for i, rule := range r.rules {
		matches, err := r.ask(ctx, rule.pattern, event)
		if err != nil {
			return nil, fmt.Errorf("ask about rule %s: %w", rule.name, err)
		}
		all[i] = route{Rule: rule.name, Takers: rule.takers, Matches: matches, Disabled: rule.disabled}
		if matches {
			continue
		}
		if all[i].Reason, err = r.reason(ctx, rule, event, open); err != nil {
			return nil, fmt.Errorf("ask about rule %s: %w", rule.name, err)
		}
	}
	return all, nil
}

// reason finds the first condition of a rule that the event does not meet.
func (r *router) reason(ctx context.Context, rule rule, event json.RawMessage, open bool) (*reason, error) {
	for _, c := range rule.conditions {
		pattern, err := c.pattern()
		if err != nil {
			return nil, err
		}
		met, err := r.ask(ctx, pattern, event)
		if err != nil {
			return nil, err
		}
		if met {
			continue
		}
		found := &reason{Field: c.field(), Takes: c.takes}
		if open {
			found.Has = valueAt(event, c.path)
		}
		return found, nil
	}
	return &reason{}, nil
}

// ask has EventBridge say whether a pattern matches an event. It is asked once.
func (r *router) ask(ctx context.Context, pattern string, event json.RawMessage) (bool, error) {
	q := question{pattern, string(event)}
	if answer, ok := r.asked[q]; ok {
		return answer, nil
	}
	out, err := r.client.TestEventPattern(ctx, &eventbridge.TestEventPatternInput{EventPattern: &q.pattern, Event: &q.event})
	if err != nil {
		return false, withoutEvent(err)
	}
	r.asked[q] = out.Result
	return out.Result, nil
}

// withoutEvent keeps of an answer its code alone, since its message may quote the event.
func withoutEvent(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return fmt.Errorf("EventBridge answered %s", answer.ErrorCode())
	}
	return err
}

// printRoutes tells people what the rules do, those that match first.
func (s *session) printRoutes(all []route) error {
	var rows, others [][]string
	for _, r := range all {
		takers := term.Plain(cmp.Or(strings.Join(r.Takers, ", "), "nobody"))
		switch {
		case r.Matches && r.Disabled:
			rows = append(rows, []string{"", term.Warn("would reach"), takers, term.Warn("but the rule " + term.Plain(r.Rule) + " is disabled")})
		case r.Matches:
			rows = append(rows, []string{"", term.Good("reaches"), takers, term.Faint("by the rule " + term.Plain(r.Rule))})
		default:
			others = append(others, []string{"", term.Faint("not"), takers, term.Faint(term.Plain(r.Reason.String()))})
		}
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"", term.Warn("reaches nobody")})
	}
	return term.Table(s.stdout, make([]term.Column, 4), append(rows, others...))
}

func (r reason) String() string {
	switch {
	case r.Field == "":
		return "each field would do, but not together"
	case r.Has == nil:
		return fmt.Sprintf("%s: the rule takes %s", r.Field, r.Takes)
	default:
		return fmt.Sprintf("%s is %s, the rule takes %s", r.Field, r.Has, r.Takes)
	}
}
