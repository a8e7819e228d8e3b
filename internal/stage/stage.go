// Package stage says what a queue-fed stage is: a handler of one event, that may first read what a whole batch needs.
package stage

import (
	"context"

	"github.com/cloudevents/sdk-go/v2/event"
)

// Handler handles one event and returns the events that follow from it. What an
// error means is said by package outcome.
type Handler interface {
	Handle(ctx context.Context, in event.Event) ([]event.Event, error)
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(ctx context.Context, in event.Event) ([]event.Event, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	return f(ctx, in)
}

// Preparer reads what a batch of events needs in as few calls as possible and
// returns the handler of that batch. An error is transient for the whole batch.
type Preparer interface {
	Prepare(ctx context.Context, batch []event.Event) (Handler, error)
}
