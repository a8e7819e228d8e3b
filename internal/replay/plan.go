package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/order"
)

// Place is where dead letters lie.
type Place struct {
	Name        string // the function's key, or Undeliverable
	DeadLetters string // URL of the dead-letter queue
	Queue       string // URL of the stage's queue; empty for Undeliverable and for a stage that a stream feeds
}

// Undeliverable is the name of the place of events that a rule's target did not take.
const Undeliverable = "undeliverable"

// Places finds, by name, the dead-letter queues in the outputs of a stage's stack.
func Places(outputs map[string]string) []Place {
	var found []Place
	for output, url := range outputs {
		if output == "UndeliverableQueueUrl" {
			found = append(found, Place{Name: Undeliverable, DeadLetters: url})
		}
		if stage, ok := strings.CutSuffix(output, "DeadLetterQueueUrl"); ok {
			found = append(found, Place{key(stage), url, outputs[stage+"QueueUrl"]})
		}
	}
	slices.SortFunc(found, func(a, b Place) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// key is the function key that a name of the deploy files stands for: ProcessPayment is process-payment.
func key(pascal string) string {
	var b strings.Builder
	for i, r := range pascal {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Filter says which dead letters are meant. The zero value means all.
type Filter struct {
	Order  order.ID      `json:"order,omitempty"`
	Type   string        `json:"type,omitempty"`   // full type
	Reason string        `json:"reason,omitempty"` // what reason or error code contain, in any case
	Older  time.Duration `json:"older,omitempty"`  // at least so old
}

// Match reports whether l is meant.
func (f Filter) Match(l Letter, now time.Time) bool {
	contains := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(f.Reason)) }
	return (f.Order == "" || l.OrderID == f.Order) &&
		(f.Type == "" || l.Type == f.Type) &&
		(contains(l.Reason) || contains(l.Code)) &&
		now.Sub(l.SentAt) >= f.Older
}

// Way is how a dead letter is replayed.
type Way string

// The ways.
const (
	ToQueue  Way = "queue"    // its payload is sent to a stage's queue
	Announce Way = "announce" // its order is announced again, from the table
	Saga     Way = "saga"     // an execution of the saga is started
	Leave    Way = "leave"    // it stays where it is
)

// Step is what is to be done with a letter.
type Step struct {
	Letter Letter
	Way    Way
	To     string // of ToQueue: the stage
	Queue  string // of ToQueue: the queue's URL
	Why    string // of Leave
}

// Planner plans the replay of one place. All fields are required.
type Planner struct {
	From Place
	All  []Place
	// MaxReplays is how often a letter may be replayed; above that something is wrong that a replay does not mend.
	MaxReplays int
}

// Plan says what is to be done with l.
func (p Planner) Plan(l Letter) Step {
	switch {
	case l.Replays >= p.MaxReplays:
		return leave(l, "it was replayed %d times already", l.Replays)
	case l.Shape == StreamNote:
		return leave(l, "it holds positions in the stream alone; the sweep announces the orders")
	case l.Shape == Pointer && l.OrderID == "":
		return leave(l, "it names no order")
	case l.Shape == Pointer:
		return Step{Letter: l, Way: Announce}
	case l.Shape == Unknown:
		return leave(l, "it is neither an event nor a known note")
	case l.Target != "":
		return p.planTarget(l)
	case p.From.Queue == "":
		return leave(l, "it does not say which target it is for")
	default:
		return Step{Letter: l, Way: ToQueue, To: p.From.Name, Queue: p.From.Queue}
	}
}

// planTarget plans for an event that a rule's target did not take, which goes to that target and to no other.
func (p Planner) planTarget(l Letter) Step {
	if strings.Contains(l.Target, ":states:") {
		if l.OrderID == "" || l.Version == 0 {
			return leave(l, "the saga needs an order and its version")
		}
		return Step{Letter: l, Way: Saga}
	}
	name := lastPart(l.Target)
	for _, place := range p.All {
		if place.Queue != "" && lastPart(place.Queue) == name {
			return Step{Letter: l, Way: ToQueue, To: place.Name, Queue: place.Queue}
		}
	}
	return leave(l, "its target is not of this stage")
}

// lastPart is the name at the end of an ARN or a URL.
func lastPart(name string) string { return name[strings.LastIndexAny(name, ":/")+1:] }

func leave(l Letter, why string, args ...any) Step {
	return Step{Letter: l, Way: Leave, Why: fmt.Sprintf(why, args...)}
}

// maxAttributes is how many attributes SQS lets a message have
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const maxAttributes = 10

// attributesOfDeath say why a message is a dead letter. It leaves them behind when it goes back.
var attributesOfDeath = []string{
	deadletter.AttributeReason, deadletter.AttributeFunction, deadletter.AttributeErrorCode,
	attributeRule, attributeTarget, attributeErrorCode, attributeError, attributeExhausted, attributeAttempts,
}

// attributes are those that the message is sent again with: its own, whatever their kind, and where there is room how often and by whom it was replayed.
func (s Step) attributes(by string) map[string]deadletter.Attribute {
	out := map[string]deadletter.Attribute{}
	for name, a := range s.Letter.Attributes {
		if !slices.Contains(attributesOfDeath, name) {
			out[name] = a
		}
	}
	put(out, AttributeCount, deadletter.Attribute{DataType: "Number", String: strconv.Itoa(s.Letter.Replays + 1)})
	put(out, AttributeBy, deadletter.Attribute{DataType: "String", String: deadletter.Reason(by)})
	return out
}

func put(out map[string]deadletter.Attribute, name string, a deadletter.Attribute) {
	if _, there := out[name]; there || len(out) < maxAttributes {
		out[name] = a
	}
}
