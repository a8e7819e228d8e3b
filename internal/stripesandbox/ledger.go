package stripesandbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Ledger holds payment intents with their refunds and disputes, moves them from state to state as Stripe does, and makes an
// event of each move. It knows no HTTP, no idempotency keys and no faults, takes time from the clock it was given and ids from a
// counter, so that one history of calls gives one history of objects. It is safe for concurrent use. Every error of what Stripe's API
// offers is an *Error.
type Ledger struct {
	now  func() time.Time
	seed uint32
	tell func(Event) // hears of each event in turn, with the ledger locked; nil if nobody listens

	mu       sync.Mutex
	serial   uint64
	intents  *shelf[Intent]
	refunds  *shelf[Refund]
	disputes *shelf[Dispute]
	events   *shelf[Event]

	byOrder    map[string][]*Intent
	refundsOf  map[string][]*Refund  // by intent
	disputesOf map[string][]*Dispute // by intent
	failing    map[string]int        // by order: how many refunds are still to fail; all if negative
}

// NewLedger returns an empty ledger. The seed is part of every id, so that the ids of two ledgers never meet.
func NewLedger(now func() time.Time, seed uint32) *Ledger {
	return &Ledger{
		now: now, seed: seed,
		intents: newShelf[Intent]("payment_intent"), refunds: newShelf[Refund]("refund"),
		disputes: newShelf[Dispute]("dispute"), events: newShelf[Event]("event"),
		byOrder: map[string][]*Intent{}, refundsOf: map[string][]*Refund{}, disputesOf: map[string][]*Dispute{},
		failing: map[string]int{},
	}
}

// Reset forgets everything. Ids go on counting: one that was forgotten never names another object.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intents.clear()
	l.refunds.clear()
	l.disputes.clear()
	l.events.clear()
	clear(l.byOrder)
	clear(l.refundsOf)
	clear(l.disputesOf)
	clear(l.failing)
}

// Create makes an unconfirmed intent. Amounts are in Stripe's unit and bounded by the currency's minimum and eight digits.
func (l *Ledger) Create(p CreateParams) (Intent, error) {
	in, err := newIntent(p)
	if err != nil {
		return Intent{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	in.ID, in.Created = l.newID("pi"), l.now()
	l.intents.put(in.ID, in)
	l.byOrder[in.Order()] = append(l.byOrder[in.Order()], in)
	l.emitIntent(IntentCreated, in)
	return *in, nil
}

// Retrieve returns the intent as it stands.
func (l *Ledger) Retrieve(id string) (Intent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in, err := l.intents.find(id, "intent")
	if err != nil {
		return Intent{}, err
	}
	return *in, nil
}

// Confirm charges the payment method of p, else the intent's own. A decline is an error of type CardError and puts the intent
// back to RequiresPaymentMethod; a further confirm must then name a payment method.
func (l *Ledger) Confirm(id string, p ConfirmParams) (Intent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in, err := l.intents.find(id, "intent")
	if err != nil {
		return Intent{}, err
	}
	name, m, err := in.toConfirm(p)
	if err != nil {
		return Intent{}, err
	}
	if err := l.attempt(in, name, m, p); err != nil {
		return Intent{}, err
	}
	return *in, nil
}

// Cancel ends an intent that has not succeeded. One that is processing can't be cancelled, unless by a payment method that
// stays processing for ever; a cancelled one can't be cancelled again.
func (l *Ledger) Cancel(id, reason string) (Intent, error) {
	if reason != "" && !slices.Contains(cancelReasons, reason) {
		return Intent{}, badParam("cancellation_reason", "", "Invalid cancellation_reason: must be one of %s", strings.Join(cancelReasons, ", "))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	in, err := l.intents.find(id, "intent")
	if err != nil {
		return Intent{}, err
	}
	if !in.cancelable() {
		return Intent{}, wrongState(*in, "You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.", in.Status)
	}
	in.Status, in.CancellationReason, in.CanceledAt = Canceled, reason, l.now()
	l.emitIntent(IntentCanceled, in)
	return *in, nil
}

// List returns up to limit intents, newest first, that are older than the one named after ("" starts at the newest), and whether
// there are more.
func (l *Ledger) List(limit int, after string) ([]Intent, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.intents.page(Page{Limit: limit, After: after}, func(*Intent) bool { return true })
}

// Settle brings what waits for a bank to its end, all of it or that of one order: intents that are processing and refunds that
// are pending or are to fail yet. It returns how many moved.
func (l *Ledger) Settle(order string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	moved := 0
	for _, in := range l.intents.all {
		if (order == "" || in.Order() == order) && l.settle(in) {
			moved++
		}
	}
	for _, r := range l.refunds.all {
		if (order == "" || r.Order == order) && r.Settles != "" {
			l.settleRefund(r)
			moved++
		}
	}
	return moved
}

// settle ends an intent that is processing, and reports whether it did.
func (l *Ledger) settle(in *Intent) bool {
	m, _ := methodNamed(in.PaymentMethod)
	if in.Status != Processing || m.stuck {
		return false
	}
	if m.decline != nil {
		l.fail(in, *m.decline, m)
	} else {
		l.capture(in, m)
	}
	return true
}

// orderOf is the order to which the object belongs.
func (l *Ledger) orderOf(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in, err := l.intents.find(id, ""); err == nil {
		return in.Order()
	}
	if r, err := l.refunds.find(id, ""); err == nil {
		return r.Order
	}
	if d, err := l.disputes.find(id, ""); err == nil {
		return d.Order
	}
	if e, err := l.events.find(id, ""); err == nil {
		return e.Order
	}
	return ""
}

func (l *Ledger) newID(prefix string) string {
	l.serial++
	return fmt.Sprintf("%s_%08x%016x", prefix, l.seed, l.serial)
}

// attempt tries once to take the money.
func (l *Ledger) attempt(in *Intent, name string, m method, p ConfirmParams) error {
	in.PaymentMethod = name
	if m.authenticate && !p.OffSession && !p.ErrorOnRequiresAction {
		in.Status = RequiresAction
		l.emitIntent(IntentRequiresAction, in)
		return nil
	}
	in.LatestCharge = l.newID("ch")
	switch {
	case m.authenticate:
		l.fail(in, authenticationRequired, m)
	case m.delayed:
		in.Status = Processing
		l.emitIntent(IntentProcessing, in)
		return nil
	case m.decline != nil:
		l.fail(in, *m.decline, m)
	default:
		l.capture(in, m)
		return nil
	}
	return in.declined()
}

func (l *Ledger) fail(in *Intent, d decline, m method) {
	in.fail(d, m)
	l.emitIntent(IntentFailed, in)
}

func (l *Ledger) capture(in *Intent, m method) {
	in.capture(l.now())
	l.emitIntent(IntentSucceeded, in)
	l.emit(Event{Type: ChargeSucceeded, Order: in.Order(), Charge: l.charge(in)})
	if m.dispute != "" {
		l.dispute(in, m.dispute, m.disputeReason)
	}
}
