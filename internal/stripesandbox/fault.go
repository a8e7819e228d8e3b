package stripesandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Operation is a call of the API that a fault can single out.
type Operation string

// The operations. AnyOperation, the zero value, stands for all of them.
const (
	AnyOperation Operation = ""
	CreateIntent Operation = "create"
	Confirm      Operation = "confirm"
	Retrieve     Operation = "retrieve"
	Cancel       Operation = "cancel"
	List         Operation = "list"

	CreateRefund Operation = "refund"
	GetRefund    Operation = "retrieve_refund"
	ListRefunds  Operation = "list_refunds"
	GetDispute   Operation = "retrieve_dispute"
	ListDisputes Operation = "list_disputes"
	GetEvent     Operation = "retrieve_event"
	ListEvents   Operation = "list_events"
)

var operations = []Operation{
	AnyOperation, CreateIntent, Confirm, Retrieve, Cancel, List,
	CreateRefund, GetRefund, ListRefunds, GetDispute, ListDisputes, GetEvent, ListEvents,
}

// FaultKind is a way to go wrong.
type FaultKind string

// The kinds. "Kept" and "free" say what becomes of the request's idempotency key.
const (
	Hang        FaultKind = "hang"         // takes effect, then never answers; key kept with the true answer
	FailAfter   FaultKind = "fail_after"   // takes effect, then answers 500; key kept with the 500
	FailBefore  FaultKind = "fail_before"  // no effect, answers 500; key kept with the 500
	Unavailable FaultKind = "unavailable"  // no effect, answers 503; key free
	RateLimited FaultKind = "rate_limited" // no effect, answers 429 rate_limit; key free
	LockTimeout FaultKind = "lock_timeout" // no effect, answers 429 lock_timeout; key free
	KeyInUse    FaultKind = "key_in_use"   // no effect, answers 409 idempotency_key_in_use; key free
	Slow        FaultKind = "slow"         // waits, then works as ever, even if the client has gone; key in use meanwhile
	Down        FaultKind = "down"         // no effect, the connection is closed without an answer; key free
)

var faultKinds = []FaultKind{Hang, FailAfter, FailBefore, Unavailable, RateLimited, LockTimeout, KeyInUse, Slow, Down}

// ErrFault means that a fault's description makes no sense.
var ErrFault = errors.New("not a fault")

// Fault is a rule by which calls go wrong. Of several rules that fit a call, the one added first is used.
//
// Count with the transport's own retries: net/http sends a request with an idempotency key again when a kept-alive connection
// closes under it, so that one call by Down may use up two.
type Fault struct {
	Kind        FaultKind `json:"kind"`
	Operation   Operation `json:"operation,omitempty"`   // only this operation
	Order       string    `json:"order,omitempty"`       // only calls for this order (metadata order_id)
	Calls       int       `json:"calls,omitempty"`       // only the next so many calls; 0 is no limit
	Probability float64   `json:"probability,omitempty"` // of going wrong, per fitting call; 0 is always
	Seed        uint64    `json:"seed,omitempty"`        // of the probability
	Until       time.Time `json:"until,omitzero"`        // by the sandbox's clock; zero is for ever
	DelayMillis int       `json:"delay_ms,omitempty"`    // of Slow
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("%w: kind must be one of %v", ErrFault, faultKinds)
	case !slices.Contains(operations, f.Operation):
		return fmt.Errorf("%w: operation must be one of %v or left out", ErrFault, operations[1:])
	case newTurn(f.Calls, f.Probability, f.Seed).check() != "":
		return fmt.Errorf("%w: %s", ErrFault, newTurn(f.Calls, f.Probability, f.Seed).check())
	case (f.Kind == Slow) != (f.DelayMillis > 0):
		return fmt.Errorf("%w: delay_ms goes with kind slow, and with no other", ErrFault)
	}
	return nil
}

func (f Fault) fits(op Operation, order string, now time.Time) bool {
	return (f.Operation == AnyOperation || f.Operation == op) &&
		(f.Order == "" || f.Order == order) &&
		(f.Until.IsZero() || now.Before(f.Until))
}

// refusal is what a fault answers instead of letting the call reach the idempotency layer; nil if it lets it.
func (f Fault) refusal(key string) error {
	switch f.Kind {
	case Unavailable:
		return &Error{HTTPStatus: http.StatusServiceUnavailable, Type: APIError, Message: "The service is temporarily unavailable."}
	case RateLimited:
		return &Error{
			HTTPStatus: http.StatusTooManyRequests, Type: InvalidRequest, Code: "rate_limit",
			Message: "Request rate limit exceeded.",
		}
	case LockTimeout:
		return &Error{
			HTTPStatus: http.StatusTooManyRequests, Type: InvalidRequest, Code: lockTimeout,
			Message: "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request.",
		}
	case KeyInUse:
		return keyInUse(key)
	default:
		return nil
	}
}

const lockTimeout = "lock_timeout"

// faultList is the rules in force.
type faultList struct {
	now   func() time.Time
	mu    sync.Mutex
	rules []*faultRule
}

type faultRule struct {
	Fault
	turn turn
}

// turn says when it is a rule's turn.
type turn struct {
	calls       int     // only so many times; 0 is no limit
	probability float64 // of it, each time; 0 is always
	used        int
	random      *rand.Rand
}

func newTurn(calls int, probability float64, seed uint64) turn {
	return turn{calls: calls, probability: probability, random: rand.New(rand.NewPCG(seed, 0))}
}

// check is what is wrong with it; "" if nothing is.
func (t turn) check() string {
	switch {
	case t.calls < 0:
		return "calls is negative"
	case t.probability < 0 || t.probability > 1:
		return "probability is not between 0 and 1"
	default:
		return ""
	}
}

// comes reports whether it is the rule's turn now, and counts that.
func (t *turn) comes() bool {
	if t.calls > 0 && t.used == t.calls || t.probability > 0 && t.random.Float64() >= t.probability {
		return false
	}
	t.used++
	return true
}

func (l *faultList) add(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rules = append(l.rules, &faultRule{f, newTurn(f.Calls, f.Probability, f.Seed)})
	return nil
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rules = nil
}

// take returns the fault that befalls this call; its kind is "" when none does.
func (l *faultList) take(op Operation, order string) Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.rules {
		if r.fits(op, order, l.now()) && r.turn.comes() {
			return r.Fault
		}
	}
	return Fault{}
}
