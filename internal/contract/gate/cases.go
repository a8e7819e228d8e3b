package gate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/schemas"
)

// Case is an event on the bus and whether a rule takes it, by the catalog. Whoever evaluates patterns can be asked to agree.
type Case struct {
	Name    string          `json:"name"`
	Rule    string          `json:"rule"` // logical id
	Pattern json.RawMessage `json:"pattern"`
	Event   json.RawMessage `json:"event"` // inside EventBridge's envelope
	Want    bool            `json:"want"`
}

// Cases returns, for each rule of a consumer, the events made of all valid examples of the checkout, and some that are
// like them but of another source, another major version or no version at all.
func (t *Template) Cases() ([]Case, error) {
	var r Report
	examples := readExamples(t.root, t.schemas, &r)
	if len(r.Findings) > 0 {
		return nil, fmt.Errorf("cases: %s", r.Findings[0])
	}
	wanted := subscriptions()
	var cases []Case
	for _, key := range sortedKeys(wanted) {
		rule, ok := t.rules[ruleOf(key)]
		if !ok {
			return nil, fmt.Errorf("cases: %s has no rule", key)
		}
		for _, entry := range events.Catalog() {
			for _, ex := range examples.of(entry.Type.Schema(), schemas.Valid) {
				for _, m := range messages(entry, ex) {
					c, err := m.caseOf(key, wanted[key])
					if err != nil {
						return nil, err
					}
					c.Rule, c.Pattern = ruleOf(key), rule.EventPattern.Text
					cases = append(cases, c)
				}
			}
		}
	}
	return cases, nil
}

// message is an event as somebody may put it on the bus.
type message struct {
	name        string
	typ, source string
	data        json.RawMessage
	entry       events.Entry
}

// messages returns the event that an example makes and, of the one called full, some that nobody subscribed to.
func messages(entry events.Entry, ex example) []message {
	own := message{name: ex.schema + " " + ex.name, typ: string(entry.Type), source: string(entry.Source), data: ex.text, entry: entry}
	all := []message{own}
	if ex.name != "full" {
		return all
	}
	bare := "com.orderflow." + entry.Type.Name()
	for _, foreign := range []struct{ what, typ, source string }{
		{"of another source", own.typ, "orderflow.others"},
		{"of the beginning of its source", own.typ, "orderflow"},
		{"of the next major version", bare + ".v" + strconv.Itoa(entry.Type.Major()+1), own.source},
		{"of a version that begins alike", own.typ + "0", own.source},
		{"of its type without version", bare, own.source},
		{"of its type in lower case", strings.ToLower(own.typ), own.source},
	} {
		m := own
		m.name, m.typ, m.source = own.name+" "+foreign.what, foreign.typ, foreign.source
		all = append(all, m)
	}
	return all
}

// caseOf returns the case that m is to a subscriber.
func (m message) caseOf(key string, s subscription) (Case, error) {
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(m.data, &texts); err != nil {
		return Case{}, fmt.Errorf("case %s: %w", m.name, err)
	}
	values := map[string]string{}
	for field, raw := range texts {
		values[field] = textOf(raw)
	}
	event, err := m.encode(values["order_id"])
	if err != nil {
		return Case{}, fmt.Errorf("case %s: %w", m.name, err)
	}
	return Case{Name: key + ": " + m.name, Event: event, Want: s.wants(m.typ, m.source, values)}, nil
}

// cloudEvent is an event as it stands in EventBridge's detail.
type cloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            string          `json:"time"`
	DataSchema      string          `json:"dataschema"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// delivered is an event inside EventBridge's envelope
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html).
type delivered struct {
	Version    string     `json:"version"`
	ID         string     `json:"id"`
	DetailType string     `json:"detail-type"`
	Source     string     `json:"source"`
	Account    string     `json:"account"`
	Time       string     `json:"time"`
	Region     string     `json:"region"`
	Resources  []string   `json:"resources"`
	Detail     cloudEvent `json:"detail"`
}

// exampleTime is when the events of the cases are of.
var exampleTime = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func (m message) encode(subject string) ([]byte, error) {
	const id = "6f1d3c1e-8a51-5b0f-9d8e-2f6f0e7c1a42"
	at := exampleTime.Format(time.RFC3339)
	return json.Marshal(delivered{
		Version: "0", ID: id, DetailType: m.typ, Source: m.source, Account: "000000000000", Time: at, Region: "us-east-1", Resources: []string{},
		Detail: cloudEvent{
			SpecVersion: "1.0", ID: id, Source: m.source, Type: m.typ, Subject: subject, Time: at,
			DataSchema: m.entry.DataSchema(), DataContentType: "application/json", Data: m.data,
		},
	})
}
