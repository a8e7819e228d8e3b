package witness_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/witness"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/schemas"
)

func newWitness(t *testing.T) *witness.Witness {
	t.Helper()
	w, err := witness.New()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// onBus is an event as EventBridge hands it out.
func onBus(t *testing.T, e event.Event) string {
	t.Helper()
	detail, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"version":"0","id":"b","detail-type":%q,"source":%q,"account":"0","time":"2026-03-01T09:30:00Z","region":"r","resources":[],"detail":%s}`,
		e.Type(), e.Source(), detail)
}

func rejected(t *testing.T) string {
	t.Helper()
	return onBus(t, eventstest.Example[events.OrderRejected](t, "full"))
}

func TestEveryValidExampleKeepsTheContract(t *testing.T) {
	w, seen := newWitness(t), 0
	for _, entry := range events.Catalog() {
		for i, ex := range schemas.Examples(entry.Type.Schema(), schemas.Valid) {
			// One order may state a fact once; each example is another order's.
			var data map[string]json.RawMessage
			if err := json.Unmarshal(ex.Text, &data); err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("%s-%d", entry.Type.Name(), i)
			data["order_id"] = json.RawMessage(`"` + id + `"`)
			text, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			d, err := events.DataOf(event.Event{Context: &event.EventContextV1{Type: string(entry.Type), Subject: &id}, DataEncoded: text})
			if err != nil {
				t.Fatal(err)
			}
			if got := w.See(onBus(t, eventstest.New(t, d))); len(got) > 0 {
				t.Errorf("%s %s: got %+v", entry.Type, ex.Name, got)
			}
			seen++
		}
	}
	if counts := w.Counts(); len(counts) != len(events.Catalog()) || seen < 20 {
		t.Errorf("saw %d events, got counts %+v, want every type of the catalog", seen, counts)
	}
}

// TestEachBrokenPromiseIsNamed changes one thing in a good event at a time.
func TestEachBrokenPromiseIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		pointer  string
	}{
		"another source on the bus":     {`"source":"orderflow.users","account"`, `"source":"orderflow.orders","account"`, "/source"},
		"another type on the bus":       {`"detail-type":"com.orderflow.OrderRejected.v1"`, `"detail-type":"com.orderflow.OrderRecorded.v1"`, "/detail-type"},
		"an unknown type":               {`OrderRejected.v1","subject"`, `OrderRejected.v2","subject"`, "/detail/type"},
		"another source in the event":   {`"source":"orderflow.users","type"`, `"source":"orderflow.orders","type"`, "/detail/source"},
		"a random id":                   {`"id":"05ea9247`, `"id":"15ea9247`, "/detail/id"},
		"another specversion":           {`"specversion":"1.0"`, `"specversion":"1.1"`, "/detail/specversion"},
		"no time":                       {`"time":"2026-03-01T09:30:00.125Z",`, ``, "/detail/time"},
		"another order as the subject":  {`"subject":"order-1042"`, `"subject":"order-1043"`, "/detail/subject"},
		"a minor nobody released":       {`OrderRejected:1.0`, `OrderRejected:1.9`, "/detail/dataschema"},
		"no data":                       {`"data":`, `"dat":`, "/detail/data"},
		"a field missing":               {`"user_id":"user-7",`, ``, "/detail/data/user_id"},
		"a code that is not in the set": {`"unknown_user"`, `"bored_user"`, "/detail/data/reason"},
		"a doubled name":                {`"reason":`, `"reason":"blocked_user","reason":`, "/detail/data/reason"},
		"a forbidden field":             {`"reason":`, `"e_mail":"x","reason":`, "/detail/data/e_mail"},
		"a forbidden field, deep":       {`"reason":`, `"more":[{"lastName":"x"}],"reason":`, "/detail/data/more/0/lastName"},
		"an address as a value":         {`"reason":`, `"note":"to kim@example.com","reason":`, "/detail/data/note"},
		"an address as a name":          {`"reason":`, `"kim@example.com":1,"reason":`, "/detail/data/?"},
		"an address in an extension":    {`"datacontenttype"`, `"owner":"kim@example.com","datacontenttype"`, "/detail/owner"},
		"too many bytes":                {`"reason":`, `"pad":"` + strings.Repeat("x", events.MaxSize) + `","reason":`, "/detail"},
		"the detail as a string":        {`"detail":{`, `"detail":"x","rest":{`, "/detail"},
		"no detail":                     {`"detail":{`, `"rest":{`, ""},
		"no JSON":                       {`{"version"`, `"version"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			good := rejected(t)
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatal("the case changes nothing")
			}
			found := newWitness(t).See(bad)
			named := false
			for _, v := range found {
				named = named || v.Pointer == c.pointer
				if strings.Contains(fmt.Sprint(v), "kim@") {
					t.Errorf("got %+v, which quotes the address", v)
				}
			}
			if !named {
				t.Errorf("got %+v, want one at %q", found, c.pointer)
			}
		})
	}
}

func TestAViolationSaysWhichOrder(t *testing.T) {
	w := newWitness(t)
	got := w.See(strings.Replace(rejected(t), `"unknown_user"`, `"bored_user"`, 1))
	want := []witness.Violation{{
		Type: "com.orderflow.OrderRejected.v1", OrderID: "order-1042", EventID: "05ea9247-96ba-5404-87a1-c7ea787512c7",
		Pointer: "/detail/data/reason", Detail: `breaks "enum" of schemas/OrderRejected.v1.json`,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]witness.Count{{Type: "com.orderflow.OrderRejected.v1", Events: 1, Violations: 1}}, w.Counts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAFactStatedAgainIsTheSame(t *testing.T) {
	w := newWitness(t)
	good := onBus(t, eventstest.Example[events.OrderUpdated](t, "full"))
	for range 2 {
		if got := w.See(good); len(got) > 0 {
			t.Errorf("got %+v", got)
		}
	}
	changed := onBus(t, eventstest.Example(t, "full", func(d *events.OrderUpdated) { d.Reason = order.LatePayment }))
	if got := w.See(changed); len(got) != 1 || got[0].Pointer != "/detail/id" {
		t.Errorf("got %+v, want one at /detail/id", got)
	}
}

func TestWhatNobodyStoresMayDiffer(t *testing.T) {
	w := newWitness(t)
	for _, customer := range []string{"cus_1", "cus_2"} {
		e := eventstest.Example(t, "full", func(d *events.OrderVerified) { d.Customer = customer })
		if got := w.See(onBus(t, e)); len(got) > 0 {
			t.Errorf("got %+v", got)
		}
	}
}
