package stripesandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// Ledger holds the payment intents and moves them from state to state as Stripe does. It knows no HTTP, no idempotency keys and
// no faults, takes time from the clock it was given and ids from a counter, so that one history of calls gives one history of
// intents. It is safe for concurrent use. Every error it returns is an *Error.
type Ledger struct {
	now  func() time.Time
	seed uint32

	mu      sync.Mutex
	serial  uint64
	intents []*Intent      // oldest first
	byID    map[string]int // index into intents
	byOrder map[string][]int
}

// NewLedger returns an empty ledger. The seed is part of every id, so that the ids of two ledgers never meet.
func NewLedger(now func() time.Time, seed uint32) *Ledger {
	return &Ledger{now: now, seed: seed, byID: map[string]int{}, byOrder: map[string][]int{}}
}

// Reset forgets all intents. Ids go on counting: one that was forgotten never names another intent.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intents = nil
	clear(l.byID)
	clear(l.byOrder)
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
	at := len(l.intents)
	l.intents = append(l.intents, in)
	l.byID[in.ID] = at
	l.byOrder[in.Order()] = append(l.byOrder[in.Order()], at)
	return *in, nil
}

// Retrieve returns the intent as it stands.
func (l *Ledger) Retrieve(id string) (Intent, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in, err := l.find(id)
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
	in, err := l.find(id)
	if err != nil {
		return Intent{}, err
	}
	name, m, err := in.toConfirm(p)
	if err != nil {
		return Intent{}, err
	}
	if err := l.charge(in, name, m, p); err != nil {
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
	in, err := l.find(id)
	if err != nil {
		return Intent{}, err
	}
	if !in.cancelable() {
		return Intent{}, wrongState(*in, "You cannot cancel this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.", in.Status)
	}
	in.Status, in.CancellationReason, in.CanceledAt = Canceled, reason, l.now()
	return *in, nil
}

// List returns up to limit intents, newest first, that are older than the one named after ("" starts at the newest), and whether
// there are more.
func (l *Ledger) List(limit int, after string) ([]Intent, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := len(l.intents)
	if after != "" {
		at, ok := l.byID[after]
		if !ok {
			return nil, false, missing(http.StatusBadRequest, "payment_intent", "starting_after", after)
		}
		end = at
	}
	from := max(end-limit, 0)
	page := make([]Intent, 0, end-from)
	for _, in := range slices.Backward(l.intents[from:end]) {
		page = append(page, *in)
	}
	return page, from > 0, nil
}

// Settle brings the intents that are processing to their end, all of them or those of one order, and returns how many moved.
func (l *Ledger) Settle(order string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	moved := 0
	for _, in := range l.intents {
		if in.Status != Processing || order != "" && in.Order() != order {
			continue
		}
		m, _ := methodNamed(in.PaymentMethod)
		switch {
		case m.stuck:
			continue
		case m.decline != nil:
			in.fail(*m.decline, m)
		default:
			in.capture()
		}
		moved++
	}
	return moved
}

func (l *Ledger) orderOf(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.byID[id]; ok {
		return l.intents[at].Order()
	}
	return ""
}

func (l *Ledger) find(id string) (*Intent, error) {
	at, ok := l.byID[id]
	if !ok {
		return nil, missing(http.StatusNotFound, "payment_intent", "intent", id)
	}
	return l.intents[at], nil
}

func (l *Ledger) newID(prefix string) string {
	l.serial++
	return fmt.Sprintf("%s_%08x%016x", prefix, l.seed, l.serial)
}

// charge makes one attempt to take the money.
func (l *Ledger) charge(in *Intent, name string, m method, p ConfirmParams) error {
	in.PaymentMethod = name
	if m.authenticate && !p.OffSession && !p.ErrorOnRequiresAction {
		in.Status = RequiresAction
		return nil
	}
	in.LatestCharge = l.newID("ch")
	switch {
	case m.authenticate:
		in.fail(authenticationRequired, m)
	case m.delayed:
		in.Status = Processing
		return nil
	case m.decline != nil:
		in.fail(*m.decline, m)
	default:
		in.capture()
		return nil
	}
	return in.declined()
}

// newIntent checks the parameters in the order in which Stripe complains of them.
func newIntent(p CreateParams) (*Intent, error) {
	c := money.Currency(strings.ToUpper(p.Currency))
	if strings.ToLower(p.Currency) != p.Currency || !c.TakenByStripe() {
		return nil, unknownCurrency(p.Currency)
	}
	minor, err := chargeable(p.Amount, c)
	if err != nil {
		return nil, err
	}
	if p.Customer != "" && !strings.HasPrefix(p.Customer, "cus_") {
		return nil, missing(http.StatusBadRequest, "customer", "customer", p.Customer)
	}
	in := &Intent{
		Status: RequiresPaymentMethod, Amount: p.Amount, Minor: minor, Currency: c,
		Customer: p.Customer, Description: p.Description, Metadata: map[string]string{},
		PaymentMethodTypes: slices.Clone(p.PaymentMethodTypes), AllowRedirects: len(p.PaymentMethodTypes) == 0 && !p.NoRedirects,
	}
	maps.Copy(in.Metadata, p.Metadata)
	if p.PaymentMethod == "" {
		return in, nil
	}
	if _, err := in.takes(p.PaymentMethod); err != nil {
		return nil, err
	}
	in.PaymentMethod, in.Status = p.PaymentMethod, RequiresConfirmation
	return in, nil
}

// chargeable checks an amount in Stripe's unit and returns it in minor units.
func chargeable(amount int64, c money.Currency) (int64, error) {
	code := strings.ToLower(string(c))
	if amount < 1 {
		return 0, badParam("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	}
	if amount > money.StripeMaximum {
		return 0, badParam("amount", "amount_too_large", "Amount must be no more than %d in the smallest unit of %s", money.StripeMaximum, code)
	}
	minor, err := money.FromStripe(amount, c)
	if err == nil {
		_, err = money.ToStripe(minor, c)
	}
	if err != nil {
		return 0, badParam("amount", "parameter_invalid_integer", "Invalid amount: it has a fraction that %s does not allow.", code)
	}
	if least, ok := money.StripeMinimum(c); ok && minor < least {
		return 0, badParam("amount", "amount_too_small", "Amount must be at least %s %s", money.Format(least, c), code)
	}
	return minor, nil
}
