package consumers

import (
	"encoding/json"
	"slices"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/schemas"
)

// wants is how a consumer's handling of a type has to end.
type wants struct {
	unknown outcome.Kind // where there are neither the order nor the user
	known   outcome.Kind // where the order is RECORDED and the user may buy
}

var (
	always    = wants{outcome.KindDone, outcome.KindDone}
	needsRow  = wants{outcome.KindPermanent, outcome.KindDone}
	tooEarly  = wants{outcome.KindPermanent, outcome.KindTransient}
	tooLate   = wants{outcome.KindPermanent, outcome.KindStale}
	notTold   = wants{outcome.KindStale, outcome.KindStale}
	nothingOf = wants{outcome.KindStale, outcome.KindStale} // the order is not CANCELLING, so no saga is due
)

// expected says how each consumer ends, by type. What the catalog has and this has not fails the test.
var expected = map[string]map[events.Type]wants{
	"query-user":      {events.TypeOrderRecorded: always},
	"process-payment": {events.TypeOrderVerified: needsRow},
	"update-order": {
		events.TypeOrderRejected:        needsRow,
		events.TypePaymentProcessed:     needsRow,
		events.TypePaymentFailed:        needsRow,
		events.TypePaymentRefunded:      tooEarly,
		events.TypePaymentRefundFailed:  tooLate,
		events.TypeOrderCancelRequested: needsRow,
	},
	"notify-user": {events.TypeOrderUpdated: always},
	events.Saga:   {events.TypeOrderUpdated: nothingOf},
}

func TestEveryConsumerTakesEveryReleasedExample(t *testing.T) {
	for _, entry := range events.Catalog() {
		for _, consumer := range entry.Consumers {
			t.Run(consumer+" takes "+entry.Type.Name(), func(t *testing.T) {
				want, ok := expected[consumer][entry.Type]
				if !ok {
					t.Fatalf("nothing says how %s ends for %s", consumer, entry.Type)
				}
				ran := 0
				for _, r := range schemas.Released() {
					if r.Schema() != entry.Type.Schema() {
						continue
					}
					for _, ex := range r.Examples(schemas.Valid) {
						raw, d := encoded(t, entry, ex)
						if reaches(consumer, d) {
							check(t, consumer, want, ex, raw)
							ran++
						}
					}
				}
				if ran == 0 {
					t.Error("no example is released")
				}
			})
		}
	}
}

// reaches tells whether the consumer's rule lets the event through. Notify-user gets them all here: it decides by itself, too.
func reaches(consumer string, d events.Data) bool {
	u, ok := d.(events.OrderUpdated)
	return !ok || consumer != events.Saga || u.Status == order.Cancelling
}

func check(t *testing.T, consumer string, want wants, ex schemas.Example, raw []byte) {
	t.Helper()
	e, err := events.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := events.As[events.OrderUpdated](e); err == nil && consumer == "notify-user" && !u.Status.Told() {
		want = notTold
	}
	empty, ready := newWorld(t), newWorld(t)
	ready.place(t, ex.Text)
	for in, row := range map[*world]struct {
		what string
		want outcome.Kind
	}{
		empty: {"an unknown order", want.unknown},
		ready: {"a recorded order", want.known},
	} {
		if got := in.take(t, consumer, raw); got != row.want {
			t.Errorf("%s of %s: ends as %s, want %s", ex.Name, row.what, got, row.want)
		}
		if got := len(in.parked); got != 0 != (row.want == outcome.KindPermanent) {
			t.Errorf("%s of %s: %d dead letters", ex.Name, row.what, got)
		}
	}
}

// encoded returns the bytes that the consumer's queue holds: the example itself, with whatever fields it has, inside a CloudEvent.
func encoded(t *testing.T, entry events.Entry, ex schemas.Example) ([]byte, events.Data) {
	t.Helper()
	var ids struct {
		OrderID string `json:"order_id"`
	}
	if err := json.Unmarshal(ex.Text, &ids); err != nil {
		t.Fatal(err)
	}
	d, err := events.DataOf(event.Event{
		Context: &event.EventContextV1{Type: string(entry.Type), Subject: &ids.OrderID}, DataEncoded: ex.Text,
	})
	if err != nil {
		t.Fatalf("%s: %v", ex.Name, err)
	}
	e := eventstest.New(t, d)
	e.DataEncoded = ex.Text
	raw, err := events.Encode(e)
	if err != nil {
		t.Fatalf("%s: %v", ex.Name, err)
	}
	return raw, d
}

// message is what SQS hands to the function.
func message(body []byte) lambdaevents.SQSEvent {
	return lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m-1", ReceiptHandle: "r-1", Body: string(body)}}}
}

func TestEveryExpectationIsOfAConsumerInTheCatalog(t *testing.T) {
	for consumer, types := range expected {
		for typ := range types {
			entry, ok := events.Lookup(typ)
			if !ok || !slices.Contains(entry.Consumers, consumer) {
				t.Errorf("%s does not take %s", consumer, typ)
			}
		}
	}
}

// ids are what an example says of its order.
type ids struct {
	OrderID  order.ID        `json:"order_id"`
	UserID   order.UserID    `json:"user_id"`
	Amount   int64           `json:"amount"`
	Currency events.Currency `json:"currency"`
	Version  int64           `json:"version"`
}
