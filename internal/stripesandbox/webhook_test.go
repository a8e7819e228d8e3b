package stripesandbox_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestWebhookIsSignedAndReadableForStripesClient(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.sandbox.Advance(1000 * time.Hour) // signatures go by the real clock
		id := pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		h.want("payment_intent.created", "payment_intent.succeeded", "charge.succeeded")
		if len(h.forged) != 0 {
			t.Errorf("%d webhooks with a bad signature", len(h.forged))
		}
		e := h.got[1]
		if e.Object != "event" || e.APIVersion != stripe.APIVersion || e.Livemode || e.PendingWebhooks != 1 || !strings.HasPrefix(e.ID, "evt_") {
			t.Errorf("event %+v", e)
		}
		if got := e.GetObjectValue("id"); got != id {
			t.Errorf("object %q, want %q", got, id)
		}
		if got := e.GetObjectValue("status"); got != "succeeded" {
			t.Errorf("status %q", got)
		}
		if h.header.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(h.header.Get("User-Agent"), "Stripe/1.0") {
			t.Errorf("header %v", h.header)
		}
		h.wantState(stripesandbox.Webhooks{})
	})
}

func TestSecretThatIsRolledSignsBesideTheOldOne(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		for _, secrets := range [][]string{{"whsec_new", secret}, {secret, "whsec_old"}} {
			h.set(stripesandbox.WebhookEndpoint{URL: "https://flow.test", Secrets: secrets})
			mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
			synctest.Wait()
			if got := strings.Count(h.header.Get("Stripe-Signature"), ",v1="); got != 2 {
				t.Errorf("%d signatures", got)
			}
		}
		h.want("payment_intent.created", "payment_intent.created")
	})
}

func TestEndpointHearsOnlyWhatItAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		pay(t, h.sandbox.Ledger(), "o1", "pm_card_createDispute")
		h.want("payment_intent.succeeded", "charge.dispute.created")
		h.wantState(stripesandbox.Webhooks{})
	}, "payment_intent.succeeded", "charge.dispute.*")
}

func TestEndpointHasItsOwnAPIVersion(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.set(stripesandbox.WebhookEndpoint{URL: "https://flow.test", Secrets: []string{secret}, APIVersion: "2024-04-10"})
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		synctest.Wait()
		if len(h.forged) != 1 || !strings.Contains(h.forged[0], `"api_version":"2024-04-10"`) {
			t.Errorf("arrived %v, want one that Stripe's client refuses for its version", h.forged)
		}
	})
}

func TestWebhookIsTriedAgainWithDoublingPauses(t *testing.T) {
	for _, status := range []int{0, http.StatusInternalServerError, http.StatusFound} {
		bubble(t, func(t *testing.T, h *hook) {
			h.answers(status)
			start := time.Now()
			mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
			h.wantState(stripesandbox.Webhooks{UnderWay: 1, Undelivered: 1})
			h.pass(time.Hour)
			var after []time.Duration
			for _, at := range h.at {
				after = append(after, at.Sub(start))
			}
			if diff := cmp.Diff([]time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}, after); diff != "" {
				t.Errorf("answered with %d: tries (-want +got):\n%s", status, diff)
			}
			h.wantState(stripesandbox.Webhooks{Undelivered: 1})
		})
	}
}

func TestWebhookArrivesOnceTheEndpointIsBack(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.answers(0)
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		h.pass(2 * time.Second)
		h.answers(http.StatusNoContent)
		h.pass(time.Hour)
		if len(h.at) != 3 {
			t.Errorf("%d tries, want 3", len(h.at))
		}
		h.wantState(stripesandbox.Webhooks{})
	})
}

func TestEndpointThatIsDownHoldsNothingUp(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.answers(http.StatusServiceUnavailable)
		for range 20 {
			mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		}
		synctest.Wait()
		if len(h.at) != 20 {
			t.Errorf("%d first tries, want 20", len(h.at))
		}
	})
}

func TestWithoutAnEndpointEverythingCountsAsDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.sandbox.RemoveWebhook()
		id := pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		h.want()
		h.wantState(stripesandbox.Webhooks{})
		if err := h.sandbox.ResendWebhook(allEvents(t, h.sandbox.Ledger())[0].ID); !errors.Is(err, stripesandbox.ErrWebhook) {
			t.Errorf("resend without an endpoint: %v", err)
		}
		h.set(stripesandbox.WebhookEndpoint{URL: "https://flow.test", Secrets: []string{secret}})
		mustRefund(t, h.sandbox.Ledger(), id, 0)
		h.want("refund.created", "charge.refunded")
	})
}

func TestEndpointThatIsRemovedGetsNoRetries(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.answers(0)
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		synctest.Wait()
		h.sandbox.RemoveWebhook()
		h.pass(time.Hour)
		if len(h.at) != 1 {
			t.Errorf("%d tries, want 1", len(h.at))
		}
		h.wantState(stripesandbox.Webhooks{Undelivered: 1})
	})
}

func TestResetForgetsUnsentWebhooks(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.DelayWebhook, DelayMillis: 1000, Calls: 1})
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.HoldWebhook})
		pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		h.sandbox.Reset()
		h.pass(time.Hour)
		if got := h.sandbox.ReleaseWebhooks(false); got != 0 {
			t.Errorf("%d webhooks were still held", got)
		}
		h.want()
		h.wantState(stripesandbox.Webhooks{})
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		h.want("payment_intent.created")
	})
}

func TestCloseStopsAtOnceAndForGood(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.answers(0)
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		synctest.Wait()
		before := time.Now()
		h.sandbox.Close()
		if took := time.Since(before); took != 0 {
			t.Errorf("closing took %s", took)
		}
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o2", "pm_card_visa"))
		h.pass(time.Hour)
		if len(h.at) != 1 {
			t.Errorf("%d tries, want the one before the end", len(h.at))
		}
		h.wantState(stripesandbox.Webhooks{Undelivered: 2})
	})
}
