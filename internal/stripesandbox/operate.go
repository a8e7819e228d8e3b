package stripesandbox

import (
	"fmt"
	"time"
)

// What tests do to a Sandbox; the control API offers the same.

// AddFault puts a fault in force after those that are there. The error is ErrFault.
func (s *Sandbox) AddFault(f Fault) error { return s.faults.add(f) }

// ClearFaults ends all faults of calls; calls that hang go on hanging.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// Advance moves the sandbox's clock ahead, by which objects are dated, idempotency keys expire and faults end.
func (s *Sandbox) Advance(d time.Duration) { s.clock.advance(d) }

// SetWebhook sends events to an endpoint from now on, in place of any other. The error is ErrWebhook.
func (s *Sandbox) SetWebhook(w WebhookEndpoint) error {
	if err := w.check(); err != nil {
		return err
	}
	s.courier.setEndpoint(&w)
	return nil
}

// RemoveWebhook ends the endpoint: nothing more is sent, and what was not delivered stays undelivered.
func (s *Sandbox) RemoveWebhook() { s.courier.setEndpoint(nil) }

// Webhooks says how it stands with the webhooks.
func (s *Sandbox) Webhooks() Webhooks { return s.courier.state() }

// AddWebhookFault puts a fault in force after those that are there. The error is ErrFault.
func (s *Sandbox) AddWebhookFault(f WebhookFault) error {
	if err := f.check(); err != nil {
		return err
	}
	s.courier.setFaults(func(all webhookFaults) webhookFaults { return append(all, &webhookRule{f, f.turn()}) })
	return nil
}

// ClearWebhookFaults ends all faults of webhooks. What is held stays held, and what was dropped is not sent.
func (s *Sandbox) ClearWebhookFaults() {
	s.courier.setFaults(func(webhookFaults) webhookFaults { return nil })
}

// ReleaseWebhooks sends what a fault holds back, one after the other as it happened or the other way round, and returns how many
// webhooks that is.
func (s *Sandbox) ReleaseWebhooks(reverse bool) int { return s.courier.release(reverse) }

// ResendWebhook sends an event again, delivered or not. The error is ErrWebhook.
func (s *Sandbox) ResendWebhook(event string) error {
	e, err := s.ledger.Event(event)
	if err != nil {
		return fmt.Errorf("%w: no such event", ErrWebhook)
	}
	return s.courier.resend(e)
}

// Reset forgets objects, idempotency keys, faults and webhooks that are not sent. The clock and the endpoint stay.
func (s *Sandbox) Reset() {
	s.faults.clear()
	s.keys.reset()
	s.courier.reset()
	s.ledger.Reset()
}

// Close stops sending webhooks and waits until none is being sent. The API goes on answering.
func (s *Sandbox) Close() { s.courier.close() }
