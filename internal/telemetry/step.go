package telemetry

import (
	"log/slog"
	"time"

	"github.com/orderflow/orderflow/internal/outcome"
)

// Step is what is said of one step of the saga.
type Step struct {
	Order     string
	Version   int64  // of the order, that started the saga
	Round     int    // how often the saga was sent back
	Next      string // what the step answered, empty where it failed
	Outcome   outcome.Kind
	Code      outcome.Code
	Duration  time.Duration // of the step, without publishing
	Published int           // events published by it
}

// Step writes the line of one step: at level warn if it is done again, error if it never can succeed.
func (l *Logger) Step(s Step) {
	l.write(levelOf(s.Outcome), "step", line{
		text("order", s.Order),
		slog.Int64("version", s.Version),
		slog.Int("round", s.Round),
		text("next", s.Next),
		text("outcome", string(s.Outcome)),
		text("code", string(s.Code)),
		milliseconds(s.Duration),
		slog.Int("published", s.Published),
	})
}
