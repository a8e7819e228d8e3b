package describe

import (
	"encoding/json"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
)

// What the examples have beside their data.
const (
	exampleCause = "5f0c4a31-0ac8-5d8c-9c4f-5a2f6f1f9d11"
	exampleTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

var exampleTime = time.Date(2026, 3, 1, 9, 30, 0, 125e6, time.UTC)

// dataOf decodes an example of a type's data.
func dataOf(e events.Entry, text []byte) (events.Data, error) {
	var ids struct {
		OrderID string `json:"order_id"`
	}
	if err := json.Unmarshal(text, &ids); err != nil {
		return nil, err
	}
	var in event.Event
	in.SetSpecVersion(event.CloudEventsVersionV1)
	in.SetType(string(e.Type))
	in.SetSubject(ids.OrderID)
	in.DataEncoded = text
	return events.DataOf(in)
}

// encoded returns an example of a type's data as an event on the bus.
func encoded(e events.Entry, text []byte) ([]byte, error) {
	d, err := dataOf(e, text)
	if err != nil {
		return nil, err
	}
	out, err := events.New(d, exampleTime, events.Cause{ID: exampleCause, TraceParent: exampleTrace})
	if err != nil {
		return nil, err
	}
	return events.Encode(out)
}
