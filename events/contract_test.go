package events_test

import (
	"encoding/json"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/schemas"
)

// with returns an event of the given type whose data is text.
func with(entry events.Entry, text []byte) event.Event {
	var e event.Event
	e.SetSpecVersion(event.CloudEventsVersionV1)
	e.SetID("id")
	e.SetType(string(entry.Type))
	e.SetSource(string(entry.Source))
	e.SetTime(eventstest.At)
	e.SetDataSchema(entry.DataSchema())
	var ids struct {
		OrderID string `json:"order_id"`
	}
	_ = json.Unmarshal(text, &ids) // a document without an order is refused for that
	e.SetSubject(ids.OrderID)
	contentType := event.ApplicationJSON
	e.Context.(*event.EventContextV1).DataContentType = &contentType
	e.DataEncoded = text
	return e
}

func TestTheCatalogAgreesWithTheSchemas(t *testing.T) {
	entries := events.Catalog()
	if len(entries) != 10 {
		t.Errorf("got %d types, want 10", len(entries))
	}
	for _, entry := range entries {
		text, err := schemas.Schema(entry.Type.Schema())
		if err != nil {
			t.Errorf("%s: %v", entry.Type, err)
			continue
		}
		var schema struct {
			ID    string `json:"$id"`
			Title string `json:"title"`
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		if schema.ID != entry.DataSchema() || schema.Title != entry.Type.Name() || entry.Type.Major() != 1 {
			t.Errorf("%s: got $id %s and title %s, want %s and %s", entry.Type, schema.ID, schema.Title, entry.DataSchema(), entry.Type.Name())
		}
	}
}

func TestEverySchemaOfAnEventIsInTheCatalog(t *testing.T) {
	for _, name := range schemas.Names() {
		if name == schemas.Definitions || name == schemas.PlaceOrder {
			continue
		}
		if _, ok := events.Lookup(events.Type("com.orderflow." + name)); !ok {
			t.Errorf("schema %s is of no type in the catalog", name)
		}
	}
}

func TestWhatTheSchemaAcceptsDecodesAndIsStated(t *testing.T) {
	for _, entry := range events.Catalog() {
		examples := schemas.Examples(entry.Type.Schema(), schemas.Valid)
		if len(examples) == 0 {
			t.Fatalf("%s has no valid examples", entry.Type)
		}
		for _, ex := range examples {
			d, err := events.DataOf(with(entry, ex.Text))
			if err != nil {
				t.Errorf("%s %s: %v", entry.Type, ex.Name, err)
				continue
			}
			if _, err := events.New(d, eventstest.At, events.Cause{}); err != nil {
				t.Errorf("%s %s: %v", entry.Type, ex.Name, err)
			}
		}
	}
}

func TestWhatTheSchemaRefusesIsRefused(t *testing.T) {
	for _, entry := range events.Catalog() {
		examples := schemas.Examples(entry.Type.Schema(), schemas.Invalid)
		if len(examples) == 0 {
			t.Fatalf("%s has no invalid examples", entry.Type)
		}
		for _, ex := range examples {
			if d, err := events.DataOf(with(entry, ex.Text)); err == nil {
				t.Errorf("%s %s: got %+v, want an error", entry.Type, ex.Name, d)
			}
		}
	}
}

// Case: doubled names, trailing text, schema-valid numbers that Go refuses (golang/go#48298, golang/go#14750).
func TestWhatTwoReadersCouldReadInTwoWaysIsRefused(t *testing.T) {
	examples := schemas.Examples(events.TypeOrderRecorded.Schema(), schemas.Unreadable)
	if len(examples) < 10 {
		t.Fatalf("got %d unreadable examples, want at least 10", len(examples))
	}
	entry, _ := events.Lookup(events.TypeOrderRecorded)
	for _, ex := range examples {
		if d, err := events.DataOf(with(entry, ex.Text)); err == nil {
			t.Errorf("%s: got %+v, want an error", ex.Name, d)
		}
	}
}
