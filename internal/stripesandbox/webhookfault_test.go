package stripesandbox_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestDroppedWebhookIsOnlySentAgainByHand(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.DropWebhook, Type: "payment_intent.succeeded", Order: "o1"})
		pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		pay(t, h.sandbox.Ledger(), "o2", "pm_card_visa")
		h.pass(time.Hour)
		if got := h.types(); len(got) != 5 {
			t.Errorf("arrived %v, want all of o2 and two of o1", got)
		}
		h.wantState(stripesandbox.Webhooks{Undelivered: 1})
		events := allEvents(t, h.sandbox.Ledger())
		lost := events[slices.IndexFunc(events, func(e stripesandbox.Event) bool { return e.Type == "payment_intent.succeeded" })]
		if err := h.sandbox.ResendWebhook(lost.ID); err != nil {
			t.Fatal(err)
		}
		if got := h.types(); len(got) != 6 || h.got[5].ID != lost.ID {
			t.Errorf("arrived %v, want the lost one last", got)
		}
		h.wantState(stripesandbox.Webhooks{})
		if err := h.sandbox.ResendWebhook("evt_none"); !errors.Is(err, stripesandbox.ErrWebhook) {
			t.Errorf("resend of no event: %v", err)
		}
	})
}

func TestDelayedWebhookIsOvertaken(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.DelayWebhook, Type: "payment_intent.succeeded", DelayMillis: 60_000})
		pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		h.want("payment_intent.created", "charge.succeeded")
		h.wantState(stripesandbox.Webhooks{UnderWay: 1, Undelivered: 1})
		h.pass(time.Minute)
		h.want("payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
	})
}

func TestRepeatedWebhookIsTheSameEvent(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.RepeatWebhook, Times: 3, Calls: 1})
		pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
		h.want("payment_intent.created", "payment_intent.created", "payment_intent.created", "payment_intent.succeeded", "charge.succeeded")
		if h.got[0].ID != h.got[1].ID || h.got[1].ID != h.got[2].ID || h.got[2].ID == h.got[3].ID {
			t.Error("a repetition has another id")
		}
	})
}

func TestHeldWebhooksComeInTheOrderAskedFor(t *testing.T) {
	for _, row := range []struct {
		reverse bool
		want    []string
	}{
		{false, []string{"payment_intent.created", "payment_intent.succeeded", "charge.succeeded"}},
		{true, []string{"charge.succeeded", "payment_intent.succeeded", "payment_intent.created"}},
	} {
		bubble(t, func(t *testing.T, h *hook) {
			h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.HoldWebhook})
			pay(t, h.sandbox.Ledger(), "o1", "pm_card_visa")
			h.pass(time.Hour)
			h.want()
			h.wantState(stripesandbox.Webhooks{Held: 3, Undelivered: 3})
			h.sandbox.ClearWebhookFaults()
			if got := h.sandbox.ReleaseWebhooks(row.reverse); got != 3 {
				t.Errorf("released %d", got)
			}
			h.want(row.want...)
			if got := h.sandbox.ReleaseWebhooks(false); got != 0 {
				t.Errorf("released %d more", got)
			}
			h.wantState(stripesandbox.Webhooks{})
		})
	}
}

func TestForgeryClaimsTheOppositeUnderAWrongSignature(t *testing.T) {
	for kind, row := range map[string]struct{ method, claims string }{
		"payment_intent.succeeded":      {"pm_card_visa", `"status":"canceled"`},
		"payment_intent.payment_failed": {"pm_card_chargeDeclined", `"status":"succeeded"`},
		"charge.succeeded":              {"pm_card_visa", `"refunded":true`},
		"refund.created":                {"pm_card_visa", `"status":"failed"`},
		"charge.dispute.created":        {"pm_card_createDispute", `"status":"won"`},
	} {
		bubble(t, func(t *testing.T, h *hook) {
			h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.ForgeWebhook, Type: kind})
			id := pay(t, h.sandbox.Ledger(), "o1", row.method)
			if kind == "refund.created" {
				mustRefund(t, h.sandbox.Ledger(), id, 0)
			}
			if got := h.types(); !slices.Contains(got, kind) {
				t.Errorf("%s: the true one is missing in %v", kind, got)
			}
			if len(h.forged) != 1 || !strings.Contains(h.forged[0], row.claims) || !strings.Contains(h.forged[0], id) {
				t.Errorf("%s: forged %v, want one that claims %s", kind, h.forged, row.claims)
			}
			h.wantState(stripesandbox.Webhooks{})
		})
	}
}

func TestForgeryIsNotTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, h *hook) {
		h.answers(http.StatusBadRequest)
		h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.ForgeWebhook})
		mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
		h.pass(time.Hour)
		if len(h.forged) != 1 || len(h.got) != 5 {
			t.Errorf("%d forgeries and %d tries of the true one", len(h.forged), len(h.got))
		}
	})
}

func TestWebhookFaultsAreSeeded(t *testing.T) {
	run := func(seed uint64) (undelivered []string) {
		bubble(t, func(t *testing.T, h *hook) {
			h.fault(stripesandbox.WebhookFault{Kind: stripesandbox.DropWebhook, Probability: 0.5, Seed: seed})
			for range 40 {
				mustCreate(t, h.sandbox.Ledger(), ofOrder("o1", "pm_card_visa"))
			}
			synctest.Wait()
			for _, e := range h.got {
				undelivered = append(undelivered, e.ID)
			}
		})
		return undelivered
	}
	one, again, other := run(1), run(1), run(2)
	if !slices.Equal(one, again) || slices.Equal(one, other) || len(one) < 8 || len(one) > 32 {
		t.Errorf("%d, %d and %d of 40 arrived", len(one), len(again), len(other))
	}
}

func TestSenselessWebhooksAreRefused(t *testing.T) {
	s := stripesandbox.New(stripesandbox.Options{})
	for _, f := range []stripesandbox.WebhookFault{
		{},
		{Kind: "explode"},
		{Kind: stripesandbox.DropWebhook, Calls: -1},
		{Kind: stripesandbox.DropWebhook, Probability: 2},
		{Kind: stripesandbox.DropWebhook, DelayMillis: 5},
		{Kind: stripesandbox.DelayWebhook},
		{Kind: stripesandbox.RepeatWebhook, Times: 1},
		{Kind: stripesandbox.HoldWebhook, Times: 2},
	} {
		if err := s.AddWebhookFault(f); !errors.Is(err, stripesandbox.ErrFault) {
			t.Errorf("AddWebhookFault(%+v): %v, want ErrFault", f, err)
		}
	}
	for _, w := range []stripesandbox.WebhookEndpoint{
		{},
		{URL: "flow.test", Secrets: []string{secret}},
		{URL: "ftp://flow.test", Secrets: []string{secret}},
		{URL: "http://flow.test"},
		{URL: "http://flow.test", Secrets: []string{""}},
	} {
		if err := s.SetWebhook(w); !errors.Is(err, stripesandbox.ErrWebhook) {
			t.Errorf("SetWebhook(%+v): %v, want ErrWebhook", w, err)
		}
	}
}
