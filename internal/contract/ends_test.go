package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/bus"
	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// statement is an event in structured mode, with whatever stands in Data.
type statement struct {
	entry events.Entry
	data  string
}

// statements draws an event of any type with data near its schema.
func statements(j *contracttest.Judge) *rapid.Generator[statement] {
	return rapid.Custom(func(t *rapid.T) statement {
		entry := rapid.SampledFrom(events.Catalog()).Draw(t, "type")
		return statement{entry, contracttest.Near(j.Shape(entry.Type.Schema())).Draw(t, "data")}
	})
}

// subject returns the order in the data. Data without an order is refused for that.
func (s statement) subject() string {
	var ids struct {
		OrderID string `json:"order_id"`
	}
	_ = json.Unmarshal([]byte(s.data), &ids)
	return ids.OrderID
}

// text returns the event as it stands in a queue.
func (s statement) text() string {
	subject, _ := json.Marshal(s.subject()) // never fails
	return `{"specversion":"1.0","id":"id","type":"` + string(s.entry.Type) + `","source":"` + string(s.entry.Source) + `","subject":` + string(subject) +
		`,"time":"2026-03-01T09:30:00Z","datacontenttype":"application/json","dataschema":"` + s.entry.DataSchema() + `","data":` + s.data + `}`
}

// event returns what a stage would hand over that went past events.New.
func (s statement) event() event.Event {
	var e event.Event
	e.SetSpecVersion(event.CloudEventsVersionV1)
	e.SetID("id")
	e.SetType(string(s.entry.Type))
	e.SetSource(string(s.entry.Source))
	e.SetTime(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
	e.SetDataSchema(s.entry.DataSchema())
	e.SetSubject(s.subject())
	contentType := event.ApplicationJSON
	e.Context.(*event.EventContextV1).DataContentType = &contentType
	e.DataEncoded = []byte(s.data)
	return e
}

func eventJudge(t *testing.T) *contracttest.Judge {
	t.Helper()
	var names []string
	for _, entry := range events.Catalog() {
		names = append(names, entry.Type.Schema())
	}
	return contracttest.NewJudge(t, names...)
}

// putEvents is an EventBridge that takes all it gets.
func putEvents(t *testing.T) *bus.Publisher {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Entries []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("PutEvents: %v", err)
		}
		type result struct{ EventId string } //nolint:revive // the name on the wire
		out := struct{ Entries []result }{make([]result, len(in.Entries))}
		for i := range out.Entries {
			out.Entries[i].EventId = "e"
		}
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Errorf("PutEvents: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	settings := map[string]string{awsenv.Region: "eu-central-1", awsenv.AccessKeyID: "id", awsenv.SecretKey: "secret", awsenv.EndpointURL: server.URL}
	client := eventbridge.NewFromConfig(awsenv.Config(func(name string) string { return settings[name] }))
	return bus.NewWithPause(client, "orderflow", func(context.Context, int) error { return errors.New("nothing is tried again") })
}

func TestTheBusGetsExactlyWhatTheSchemaAccepts(t *testing.T) {
	j, publisher := eventJudge(t), putEvents(t)
	published, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		batch := rapid.SliceOfN(statements(j), 1, 10).Draw(t, "batch")
		out := make([]event.Event, len(batch))
		for i, s := range batch {
			out[i] = s.event()
		}
		for i, err := range publisher.Publish(context.Background(), out) {
			if errors.Is(err, events.ErrTooLarge) {
				continue
			}
			if j.Agree(t, batch[i].entry.Type.Schema(), []byte(batch[i].data), err) {
				published++
			} else {
				refused++
			}
		}
	})
	if published < 30 || refused < 30 {
		t.Errorf("got %d published and %d refused, want at least 30 of each", published, refused)
	}
}

// consumer is a stage that notes what it acts on, and the ports of its runner.
type consumer struct{ acted, parked int }

func (c *consumer) Prepare(context.Context, []event.Event) (stage.Handler, error) {
	return stage.HandlerFunc(func(context.Context, event.Event) ([]event.Event, error) {
		c.acted++
		return nil, nil
	}), nil
}

func (c *consumer) Park(context.Context, deadletter.Letter) error {
	c.parked++
	return nil
}

func (*consumer) Publish(_ context.Context, batch []event.Event) []error {
	return make([]error, len(batch))
}

func TestAConsumerActsOnExactlyWhatTheSchemaAccepts(t *testing.T) {
	j := eventJudge(t)
	acted, parked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := statements(j).Draw(t, "event")
		body := s.text()
		if len(body) > events.MaxSize {
			return
		}
		c := new(consumer)
		runner := &sqsbatch.Runner{Function: "query-user", Stage: c, Publisher: c, DeadLetters: c, Log: telemetry.New(io.Discard, "query-user", time.Now)}
		out, err := runner.HandleBatch(context.Background(), lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", ReceiptHandle: "r", Body: body}}})
		if err != nil || len(out.BatchItemFailures) > 0 || c.acted+c.parked != 1 {
			t.Fatalf("%q: got %+v %v, acted on %d and parked %d times; want it acknowledged after one of these", body, out, err, c.acted, c.parked)
		}
		if accepted := j.Verdict(t, s.entry.Type.Schema(), []byte(s.data)).Accepts(); accepted != (c.acted == 1) {
			t.Fatalf("%q: valid %v, acted on %d times", body, accepted, c.acted)
		}
		acted, parked = acted+c.acted, parked+c.parked
	})
	if acted < 10 || parked < 10 {
		t.Errorf("got %d acted on and %d parked, want at least 10 of each", acted, parked)
	}
}
