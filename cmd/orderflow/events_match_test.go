package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
)

// ruled is a stage whose bus has rules. It lists them one a page.
type ruled struct {
	*stage
	rules  []busRule
	asked  int
	refuse bool // questions about patterns
}

type busRule struct {
	name, pattern, target string
	disabled, managed     bool
}

const queuePrefix = "arn:aws:sqs:us-east-1:000000000000:orderflow-Stage-"

func newRuled(t *testing.T) *ruled {
	t.Helper()
	r := &ruled{stage: newStage(t), rules: []busRule{
		{name: "Events-Archive-all", pattern: `{"source":["orderflow.orders"]}`, target: "arn:aws:events:us-east-1:::", managed: true},
		{name: "BusName-tap-kim-20260301T080000Z-abcd", pattern: `{"source":["orderflow.orders"]}`, target: queuePrefix + "tap"},
		{name: "orderflow-Stage-saga", pattern: `{"source":["orderflow.orders"],"detail-type":["com.orderflow.OrderUpdated.v1"],"detail":{"data":{"status":["CANCELLING"]}}}`, target: "SagaArn"},
		{name: "orderflow-Stage-notify-user", pattern: `{"detail":{"data":{"status":["PAID","REFUNDED"]}},"detail-type":["com.orderflow.OrderUpdated.v1"],"source":["orderflow.orders"]}`, target: queuePrefix + "notify-user"},
		{name: "orderflow-Stage-query-user", pattern: `{"source":["orderflow.orders"],"detail-type":["com.orderflow.OrderRecorded.v1"]}`, target: queuePrefix + "query-user"},
		{name: "orderflow-Stage-process-payment", pattern: `{"source":["orderflow.users"],"detail-type":["com.orderflow.OrderVerified.v1"]}`, target: queuePrefix + "process-payment", disabled: true},
	}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (s *ruled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSEvents.")
	if !ours || operation == "PutEvents" {
		s.stage.ServeHTTP(w, r)
		return
	}
	raw, err := io.ReadAll(r.Body)
	var in struct{ Rule, EventPattern, Event, EventBusName, NextToken string }
	if err == nil {
		err = json.Unmarshal(raw, &in)
	}
	if err != nil {
		panic(err)
	}
	switch {
	case operation == "ListRules" && in.EventBusName == "BusName":
		page, _ := strconv.Atoi(in.NextToken)
		reply(w, http.StatusOK, s.page(page))
	case operation == "ListTargetsByRule" && in.EventBusName == "BusName":
		reply(w, http.StatusOK, s.target(in.Rule))
	case operation == "TestEventPattern" && s.refuse:
		reply(w, http.StatusBadRequest, map[string]string{"__type": "InvalidEventPatternException", "message": in.Event})
	case operation == "TestEventPattern":
		s.asked++
		reply(w, http.StatusOK, map[string]any{"Result": matches(in.EventPattern, in.Event)})
	default:
		panic("unexpected " + operation + " of " + in.EventBusName)
	}
}

func (s *ruled) page(number int) any {
	if len(s.rules) == 0 {
		return map[string]any{"Rules": []string{}}
	}
	r := s.rules[number]
	found := map[string]string{"Name": r.name, "Arn": "arn:aws:events:us-east-1:000000000000:rule/BusName/" + r.name, "EventPattern": r.pattern, "State": "ENABLED"}
	if r.disabled {
		found["State"] = "DISABLED"
	}
	if r.managed {
		found["ManagedBy"] = "prod.vhs.events.aws.internal"
	}
	page := map[string]any{"Rules": []any{found}}
	if number+1 < len(s.rules) {
		page["NextToken"] = strconv.Itoa(number + 1)
	}
	return page
}

func (s *ruled) target(rule string) any {
	for _, r := range s.rules {
		if r.name == rule {
			return map[string]any{"Targets": []any{map[string]string{"Id": "queue", "Arn": r.target}}}
		}
	}
	panic("there is no rule " + rule)
}

// matches is as much of EventBridge's matching as the rules above need. It insists on the members that the service wants.
func matches(pattern, event string) bool {
	var p, e map[string]any
	if json.Unmarshal([]byte(pattern), &p) != nil || json.Unmarshal([]byte(event), &e) != nil {
		panic("pattern or event is not JSON")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, there := e[name]; !there {
			panic("the event has no " + name)
		}
	}
	return takes(p, e)
}

func takes(pattern map[string]any, event any) bool {
	members, _ := event.(map[string]any)
	for name, want := range pattern {
		if below, nested := want.(map[string]any); nested {
			if !takes(below, members[name]) {
				return false
			}
			continue
		}
		one := false
		for _, value := range want.([]any) {
			one = one || reflect.DeepEqual(value, members[name])
		}
		if !one {
			return false
		}
	}
	return true
}

func encoded(t *testing.T, e event.Event) string {
	t.Helper()
	raw, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func paid(t *testing.T) event.Event {
	t.Helper()
	return eventstest.Example(t, "full", func(d *events.OrderUpdated) { d.PreviousStatus, d.Status = order.Recorded, order.Paid })
}

func TestAnEventIsToldWhoTakesItAndWhyNobodyElseDoes(t *testing.T) {
	s := newRuled(t)
	got := call(t, s.stage, encoded(t, paid(t)), "events", "test", "-")
	got.want(t, exitOK, "1. com.orderflow.OrderUpdated.v1 ", " of order order-1042 keeps the contract")
	var lines []string
	for line := range strings.Lines(got.out) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"reaches notify-user by the rule orderflow-Stage-notify-user",
		`not saga detail.data.status is "PAID", the rule takes ["CANCELLING"]`,
		`not query-user detail-type is "com.orderflow.OrderUpdated.v1", the rule takes ["com.orderflow.OrderRecorded.v1"]`,
		`not process-payment source is "orderflow.orders", the rule takes ["orderflow.users"]`,
	}
	if diff := cmp.Diff(want, lines[1:]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnEventIsTheSameInEventBridgesEnvelope(t *testing.T) {
	s := newRuled(t)
	raw := encoded(t, paid(t))
	enveloped := `{"id":"b","source":"orderflow.orders","detail-type":"com.orderflow.OrderUpdated.v1","detail":` + raw + `}`
	got := call(t, s.stage, raw+"\n"+enveloped, "events", "test", "-", "--json")
	got.want(t, exitOK)
	var all []tested
	for line := range strings.Lines(got.out) {
		var one tested
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if len(all) != 2 || all[0].Event != 1 || all[1].Event != 2 || !all[0].Accepted {
		t.Fatalf("got %+v, want two accepted events", all)
	}
	all[1].Event = 1
	if diff := cmp.Diff(all[0], all[1]); diff != "" {
		t.Errorf("(-bare +enveloped)\n%s", diff)
	}
	want := route{
		Rule: "orderflow-Stage-saga", Takers: []string{events.Saga},
		Reason: &reason{"detail.data.status", json.RawMessage(`["CANCELLING"]`), json.RawMessage(`"PAID"`)},
	}
	if diff := cmp.Diff(want, all[0].Rules[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnEventThatBreaksTheContractIsNamedByPlaceAndNotQuoted(t *testing.T) {
	raw := strings.NewReplacer(`"order_id"`, `"email":"kim@example.com","order_id"`, `"status":"PAID"`, `"status":"kim@example.com"`).Replace(encoded(t, paid(t)))
	for _, args := range [][]string{nil, {"--json"}} {
		got := call(t, newRuled(t).stage, raw, append([]string{"events", "test", "-"}, args...)...)
		got.want(t, exitDisagree, "/data/email", "/data/status", "the contract is broken by 1 of 1 events", "detail.data.status")
		if strings.Contains(got.out+got.err, "kim@") || strings.Contains(got.out, "/detail/data") {
			t.Errorf("got %s%s, want places in the CloudEvent, and no address", got.out, got.err)
		}
	}
}

func TestVariantsOfOneFactAreJudgedOneByOne(t *testing.T) {
	raw := encoded(t, paid(t))
	later := strings.Replace(raw, "2026-03-01T09:30:00.125Z", "2026-03-01T09:31:00Z", 1)
	if later == raw {
		t.Fatalf("the event has another time: %s", raw)
	}
	call(t, newRuled(t).stage, raw+later, "events", "test", "-").want(t, exitOK, "1. ", "2. ")
}

func TestARuleThatIsOffAndAnEventThatNobodyTakesAreSaid(t *testing.T) {
	s := newRuled(t)
	verified, disputed := encoded(t, eventstest.Example[events.OrderVerified](t, "full")), encoded(t, eventstest.Example[events.PaymentDisputed](t, "full"))
	call(t, s.stage, verified, "events", "test", "-").want(t, exitOK, "would reach  process-payment", "the rule orderflow-Stage-process-payment is disabled")
	call(t, s.stage, disputed, "events", "test", "-").want(t, exitOK, "reaches nobody")
}

func TestEventBridgeIsAskedOnceAboutTheSame(t *testing.T) {
	s := newRuled(t)
	one := encoded(t, paid(t))
	call(t, s.stage, one, "events", "test", "-").want(t, exitOK)
	before := s.asked
	s.asked = 0
	call(t, s.stage, one+one+one, "events", "test", "-").want(t, exitOK)
	if s.asked != before {
		t.Errorf("asked %d times about three of the same, %d times about one", s.asked, before)
	}
}

func TestAFileThatHoldsNoEventsIsUsageAndIsNotQuoted(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                         " \n",
		"no JSON":                       `{"secret" kim`,
		"cut off":                       `{"source":"secret`,
		"a list":                        `["secret"]`,
		"neither form":                  `{"secret":1}`,
		"no type":                       `{"specversion":"1.0","source":"secret"}`,
		"a detail that is text":         `{"source":"secret","detail-type":"t","detail":"{}"}`,
		"a source that is no text":      `{"source":1,"detail-type":"secret","detail":{}}`,
		"an event, then something else": encoded(t, paid(t)) + ` secret`,
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, nil, text, "events", "test", "-")
			got.want(t, exitUsage, "event")
			if strings.Contains(got.out+got.err, "secret") {
				t.Errorf("the file is quoted: %s", got.err)
			}
		})
	}
}

func TestWhatEventBridgeRefusesIsNamedByItsCode(t *testing.T) {
	s := newRuled(t)
	s.refuse = true
	got := call(t, s.stage, encoded(t, paid(t)), "events", "test", "-")
	got.want(t, exitFailure, "InvalidEventPatternException")
	if strings.Contains(got.err, "order-1042") {
		t.Errorf("the event is quoted: %s", got.err)
	}
}

func TestABusWithoutRulesIsAFailure(t *testing.T) {
	s := newRuled(t)
	s.rules = nil
	call(t, s.stage, encoded(t, paid(t)), "events", "test", "-").want(t, exitFailure, "bus BusName has no rules")
}

func TestADryRunTellsWhoWouldTakeTheEventAndPublishesNothing(t *testing.T) {
	s := newRuled(t)
	got := call(t, s.stage, "", "publish", "OrderRecorded", "--example", "--dry-run")
	got.want(t, exitOK, "com.orderflow.OrderRecorded.v1 ", "reaches  query-user", "not      process-payment", "nothing was published")
	got = call(t, s.stage, "", "publish", "OrderRecorded", "--example", "--dry-run", "--json")
	var told rehearsed
	if err := json.Unmarshal([]byte(got.out), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Rules) != 4 || told.OrderID != "order-1042" || !told.Rules[2].Matches || told.Rules[2].Takers[0] != "query-user" {
		t.Errorf("got %s", got.out)
	}
	call(t, s.stage, `{"order_id":"o"}`, "publish", "OrderRejected", "--dry-run").want(t, exitUsage, "/user_id", "nothing was published")
	if len(s.published) > 0 {
		t.Errorf("got %v on the bus", s.published)
	}
}
