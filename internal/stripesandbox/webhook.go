package stripesandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrWebhook means that a webhook endpoint, or what is asked of one, makes no sense.
var ErrWebhook = errors.New("not a webhook")

// WebhookEndpoint is where events are sent (https://docs.stripe.com/api/webhook_endpoints/object).
type WebhookEndpoint struct {
	URL        string   `json:"url"`
	Secrets    []string `json:"secrets"`               // each signs; more than one while a secret is being rolled
	APIVersion string   `json:"api_version,omitempty"` // of the events; "" is the sandbox's own
	Types      []string `json:"types,omitempty"`       // only these, or groups with * at the end; none is all
}

func (w WebhookEndpoint) check() error {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: url is not a web address", ErrWebhook)
	case len(w.Secrets) == 0 || slices.Contains(w.Secrets, ""):
		return fmt.Errorf("%w: secrets must name at least one, and none that is empty", ErrWebhook)
	default:
		return nil
	}
}

func (w WebhookEndpoint) wants(t EventType) bool {
	return len(w.Types) == 0 || slices.ContainsFunc(w.Types, t.matches)
}

// payload is the body of a webhook: the event in the endpoint's API version.
func (w WebhookEndpoint) payload(e Event) ([]byte, error) {
	version := w.APIVersion
	if version == "" {
		version = apiVersion
	}
	return json.Marshal(eventShape(e, version, true))
}

// signature is the header Stripe-Signature: the time of the attempt and, for each secret, the HMAC over time, dot and payload
// (https://docs.stripe.com/webhooks/signature).
func signature(now time.Time, payload []byte, secrets []string) string {
	t := strconv.FormatInt(now.Unix(), 10)
	parts := []string{"t=" + t}
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write([]byte(t + "."))
		_, _ = mac.Write(payload)
		parts = append(parts, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(parts, ",")
}

// forgedSecret signs what somebody else sends in Stripe's name.
const forgedSecret = "whsec_of_somebody_else"

// forged is an event that claims the opposite of what happened.
func (e Event) forged() Event {
	e.ID = strings.Replace(e.ID, "evt_", "evt_forged_", 1)
	switch {
	case e.Refund != nil:
		r := *e.Refund
		r.Status = RefundSucceeded
		if e.Refund.Status == RefundSucceeded {
			r.Status = RefundFailed
		}
		e.Type, e.Refund = RefundUpdated, &r
	case e.Dispute != nil:
		d := *e.Dispute
		d.Status = Won
		e.Type, e.Dispute = DisputeClosed, &d
	case e.Charge != nil:
		c := *e.Charge
		c.Returned = c.Intent.Amount - c.Returned
		e.Type, e.Charge = ChargeRefunded, &c
	case e.Intent.Status == Succeeded:
		in := *e.Intent
		in.Status, in.AmountReceived = Canceled, 0
		e.Type, e.Intent = IntentCanceled, &in
	default:
		in := *e.Intent
		in.Status, in.AmountReceived = Succeeded, in.Amount
		e.Type, e.Intent = IntentSucceeded, &in
	}
	return e
}
