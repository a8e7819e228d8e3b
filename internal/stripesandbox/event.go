package stripesandbox

import (
	"slices"
	"strings"
	"time"
)

// EventType says what happened (https://docs.stripe.com/api/events/types).
type EventType string

// The types that the sandbox knows.
const (
	IntentCreated        EventType = "payment_intent.created"
	IntentRequiresAction EventType = "payment_intent.requires_action"
	IntentProcessing     EventType = "payment_intent.processing"
	IntentSucceeded      EventType = "payment_intent.succeeded"
	IntentFailed         EventType = "payment_intent.payment_failed"
	IntentCanceled       EventType = "payment_intent.canceled"
	ChargeSucceeded      EventType = "charge.succeeded"
	ChargeRefunded       EventType = "charge.refunded"
	ChargeRefundUpdated  EventType = "charge.refund.updated"
	RefundCreated        EventType = "refund.created"
	RefundUpdated        EventType = "refund.updated"
	RefundHasFailed      EventType = "refund.failed"
	DisputeCreated       EventType = "charge.dispute.created"
	DisputeUpdated       EventType = "charge.dispute.updated"
	DisputeClosed        EventType = "charge.dispute.closed"
)

// matches reports whether a pattern names the type: by itself, or as a group with * at its end.
func (t EventType) matches(pattern string) bool {
	group, wild := strings.CutSuffix(pattern, "*")
	return pattern == string(t) || wild && strings.HasPrefix(string(t), group)
}

// Event says that something happened to one object, which it shows as it stood then. Just one of Intent, Charge, Refund and Dispute
// is not nil.
type Event struct {
	ID      string
	Type    EventType
	Created time.Time
	Order   string
	Intent  *Intent
	Charge  *Charge
	Refund  *Refund
	Dispute *Dispute
}

// Charge is the part of a charge that events show (https://docs.stripe.com/api/charges/object): that of a succeeded intent.
type Charge struct {
	Intent   Intent
	Returned int64 // in Stripe's unit; what its refunds account for
	Disputed bool
}

// EventPage says which part of the list of events is wanted.
type EventPage struct {
	Page
	Types    []string // only these, or groups with * at the end; none is all
	From, To time.Time
	Keep     func(id string) bool // only those for which it is true; nil is all
}

func (p EventPage) keeps(e *Event) bool {
	return (p.From.IsZero() || !e.Created.Before(p.From)) &&
		(p.To.IsZero() || e.Created.Before(p.To)) &&
		(len(p.Types) == 0 || slices.ContainsFunc(p.Types, e.Type.matches)) &&
		(p.Keep == nil || p.Keep(e.ID))
}

// Events returns a page of events, newest first, and whether there are more.
func (l *Ledger) Events(p EventPage) ([]Event, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events.page(p.Page, p.keeps)
}

// Event returns one event.
func (l *Ledger) Event(id string) (Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.events.find(id, "id")
	if err != nil {
		return Event{}, err
	}
	return *e, nil
}

// emit notes what has just happened and tells whoever listens.
func (l *Ledger) emit(e Event) {
	e.ID, e.Created = l.newID("evt"), l.now()
	l.events.put(e.ID, &e)
	if l.tell != nil {
		l.tell(e)
	}
}

func (l *Ledger) emitIntent(kind EventType, in *Intent) {
	l.emit(Event{Type: kind, Order: in.Order(), Intent: snapshot(in)})
}

func (l *Ledger) charge(in *Intent) *Charge {
	return &Charge{Intent: *in, Returned: l.returned(in), Disputed: len(l.disputesOf[in.ID]) > 0}
}
