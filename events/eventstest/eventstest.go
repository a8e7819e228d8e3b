// Package eventstest builds events out of the published examples, so that no test invents a field.
package eventstest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/schemas"
)

// At is the time of the events that [Example] makes.
var At = time.Date(2026, 3, 1, 9, 30, 0, 125e6, time.UTC)

// Data returns the data of a valid example, such as Data[events.OrderRecorded](t, "full").
func Data[T events.Data](t testing.TB, example string) T {
	t.Helper()
	var d T
	schema := d.Type().Schema()
	for _, ex := range schemas.Examples(schema, schemas.Valid) {
		if ex.Name != example {
			continue
		}
		if err := json.Unmarshal(ex.Text, &d); err != nil {
			t.Fatalf("example %s of %s: %v", example, schema, err)
		}
		return d
	}
	t.Fatalf("%s has no valid example %s", schema, example)
	return d
}

// Example returns an event with the data of a valid example, after changing it by the given functions.
func Example[T events.Data](t testing.TB, example string, changes ...func(*T)) event.Event {
	t.Helper()
	d := Data[T](t, example)
	for _, change := range changes {
		change(&d)
	}
	return New(t, d)
}

// New returns the event that states d at [At], or ends the test.
func New(t testing.TB, d events.Data) event.Event {
	t.Helper()
	e, err := events.New(d, At, events.Cause{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
