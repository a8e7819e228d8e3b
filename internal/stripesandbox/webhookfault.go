package stripesandbox

import (
	"fmt"
	"slices"
	"time"
)

// WebhookFaultKind is a way in which a webhook does not arrive as it should.
type WebhookFaultKind string

// The kinds.
const (
	DropWebhook   WebhookFaultKind = "drop"   // is never sent, and counts as undelivered
	DelayWebhook  WebhookFaultKind = "delay"  // is sent later
	RepeatWebhook WebhookFaultKind = "repeat" // is sent several times, all at once
	HoldWebhook   WebhookFaultKind = "hold"   // is kept back until ReleaseWebhooks
	ForgeWebhook  WebhookFaultKind = "forge"  // is sent, and besides it one that claims the opposite, with a wrong signature
)

var webhookFaultKinds = []WebhookFaultKind{DropWebhook, DelayWebhook, RepeatWebhook, HoldWebhook, ForgeWebhook}

// WebhookFault is a rule by which webhooks go wrong, looked at when their event happens. Of several rules that fit, the one added
// first is used.
type WebhookFault struct {
	Kind        WebhookFaultKind `json:"kind"`
	Type        string           `json:"type,omitempty"`        // only this type, or group with * at the end
	Order       string           `json:"order_id,omitempty"`    // only events of this order
	Calls       int              `json:"calls,omitempty"`       // only the next so many events; 0 is no limit
	Probability float64          `json:"probability,omitempty"` // of going wrong, per fitting event; 0 is always
	Seed        uint64           `json:"seed,omitempty"`        // of the probability
	DelayMillis int              `json:"delay_ms,omitempty"`    // of DelayWebhook
	Times       int              `json:"times,omitempty"`       // of RepeatWebhook; at least 2
}

func (f WebhookFault) check() error {
	switch {
	case !slices.Contains(webhookFaultKinds, f.Kind):
		return fmt.Errorf("%w: kind must be one of %v", ErrFault, webhookFaultKinds)
	case f.turn().check() != "":
		return fmt.Errorf("%w: %s", ErrFault, f.turn().check())
	case (f.Kind == DelayWebhook) != (f.DelayMillis > 0):
		return fmt.Errorf("%w: delay_ms goes with kind delay, and with no other", ErrFault)
	case (f.Kind == RepeatWebhook) != (f.Times > 1):
		return fmt.Errorf("%w: times goes with kind repeat, and with no other; it is at least 2", ErrFault)
	}
	return nil
}

func (f WebhookFault) turn() turn { return newTurn(f.Calls, f.Probability, f.Seed) }

func (f WebhookFault) delay() time.Duration { return time.Duration(f.DelayMillis) * time.Millisecond }

func (f WebhookFault) fits(e Event) bool {
	return (f.Type == "" || e.Type.matches(f.Type)) && (f.Order == "" || f.Order == e.Order)
}

type webhookRule struct {
	WebhookFault
	turn turn
}

// webhookFaults are the rules in force.
type webhookFaults []*webhookRule

// take returns the fault that befalls this event; its kind is "" when none does.
func (rules webhookFaults) take(e Event) WebhookFault {
	for _, r := range rules {
		if r.fits(e) && r.turn.comes() {
			return r.WebhookFault
		}
	}
	return WebhookFault{}
}
