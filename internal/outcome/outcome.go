// Package outcome says how a handler ended when it ended without an event to show for it: never again, come again, or too late to matter.
//
// A handler returns an ordinary error for everything it does not understand,
// and the batch runner takes that as transient: the queue delivers the message
// again. The constructors here are for the cases in which the handler knows
// better.
package outcome

import (
	"errors"
	"fmt"
)

// Kind is how a record that was handled is to be treated.
type Kind string

const (
	// KindDone means handled: acknowledge.
	KindDone Kind = "done"
	// KindStale means too late to matter: acknowledge, count and log.
	KindStale Kind = "stale"
	// KindTransient means that the same message may succeed later: deliver again.
	KindTransient Kind = "transient"
	// KindPermanent means that the same message can never succeed: dead-letter queue at once, then acknowledge.
	KindPermanent Kind = "permanent"
)

// A Code names a cause in a stable, machine-readable way, such as
// "amount_mismatch". It goes into log lines and dead-letter attributes, so it
// must not hold anything of a customer's.
type Code string

// CodeInvalidEvent is the code of an event that the schema or the envelope refuses.
const CodeInvalidEvent Code = "invalid_event"

// CodeUnknown is the code of an error that nobody classified.
const CodeUnknown Code = "unclassified"

// Error is an error that knows its kind.
type Error struct {
	Kind Kind
	Code Code
	Err  error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Kind, e.Code)
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Code, e.Err)
}

// Unwrap returns the cause, which may be nil.
func (e *Error) Unwrap() error { return e.Err }

// Permanent marks err as one that no repetition can mend.
func Permanent(code Code, err error) error { return &Error{KindPermanent, code, err} }

// Transient marks err as one that may be gone when the message comes again, and gives it a code.
func Transient(code Code, err error) error { return &Error{KindTransient, code, err} }

// Stale says that the message came too late to change anything.
func Stale(code Code) error { return &Error{KindStale, code, nil} }

// Of returns the kind and code of err: done for nil, transient and
// [CodeUnknown] for an error without a kind.
func Of(err error) (Kind, Code) {
	if err == nil {
		return KindDone, ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind, e.Code
	}
	return KindTransient, CodeUnknown
}
