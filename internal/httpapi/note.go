package httpapi

import (
	"context"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Note is what a handler has to say for the log line of its request. It belongs to the request's goroutine.
type Note struct {
	Order order.ID     // that the request is about
	Code  outcome.Code // why it did not succeed
}

type noteKey struct{}

// WithNote returns a context in which a handler can write on n.
func WithNote(ctx context.Context, n *Note) context.Context {
	return context.WithValue(ctx, noteKey{}, n)
}

func noteFrom(ctx context.Context) (*Note, bool) {
	n, ok := ctx.Value(noteKey{}).(*Note)
	return n, ok
}

// NoteOrder notes which order the request is about. Without a [Note] in ctx it does nothing.
func NoteOrder(ctx context.Context, id order.ID) {
	if n, ok := noteFrom(ctx); ok {
		n.Order = id
	}
}

// NoteCode notes why the request did not succeed. Without a [Note] in ctx it does nothing.
func NoteCode(ctx context.Context, code outcome.Code) {
	if n, ok := noteFrom(ctx); ok {
		n.Code = code
	}
}
