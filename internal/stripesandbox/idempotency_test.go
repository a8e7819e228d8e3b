package stripesandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func (g got) wantReplayOf(t *testing.T, first got) {
	t.Helper()
	if g.status != first.status || g.raw != first.raw {
		t.Errorf("answer %d differs from the first, %d", g.status, first.status)
	}
	if g.header.Get("Idempotent-Replayed") != "true" || g.header.Get("Original-Request") != first.header.Get("Request-Id") {
		t.Errorf("replay headers %v", g.header)
	}
	if g.header.Get("Request-Id") == first.header.Get("Request-Id") {
		t.Error("a replay has the request id of the first")
	}
}

func TestSameKeyGivesTheSameAnswer(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	form := intentForm("o1", "pm_card_visa")
	first := a.post(intents, "k1", form)
	a.post(intents, "k1", form).wantReplayOf(t, first)
	if got := len(s.Ledger().Order("o1").Intents); got != 1 {
		t.Errorf("%d intents", got)
	}

	confirmed := a.post(a.confirmPath(first.body.ID), "c1", "off_session=true")
	a.post(a.confirmPath(first.body.ID), "c1", "off_session=true").wantReplayOf(t, confirmed)
	if confirmed.body.Status != "succeeded" || s.Ledger().Order("o1").Captured[0].Captures != 1 {
		t.Errorf("confirmed as %s", confirmed.body.Status)
	}
}

func TestReplayShowsTheAnswerOfThenNotOfNow(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	first := a.post(intents, "k1", intentForm("o1", "pm_card_visa"))
	a.post(a.confirmPath(first.body.ID), "", "")
	if g := a.post(intents, "k1", intentForm("o1", "pm_card_visa")); g.body.Status != "requires_confirmation" {
		t.Errorf("replayed status %s", g.body.Status)
	}
}

func TestParametersInAnotherOrderAreTheSame(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	first := a.post(intents, "k1", "amount=1999&currency=usd")
	a.post(intents, "k1", "currency=usd&amount=1999").wantReplayOf(t, first)
}

func TestSameKeyWithAnotherRequestIsRefused(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	id := a.post(intents, "k1", intentForm("o1", "pm_card_visa")).body.ID
	a.post(intents, "k1", intentForm("o2", "pm_card_visa")).want(t, http.StatusBadRequest, "idempotency_error", "")
	a.post(a.confirmPath(id), "k1", intentForm("o1", "pm_card_visa")).want(t, http.StatusBadRequest, "idempotency_error", "")
	if got := len(s.Ledger().Order("o2").Intents); got != 0 {
		t.Errorf("%d intents for the refused order", got)
	}
}

func TestKeysBelongToOneAPIKey(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	first := a.post(intents, "k1", intentForm("o1", "pm_card_visa"))
	a.apiKey = "sk_test_two"
	other := a.post(intents, "k1", intentForm("o2", "pm_card_visa"))
	if other.status != http.StatusOK || other.body.ID == first.body.ID {
		t.Errorf("another account's key: %d, intent %s", other.status, other.body.ID)
	}
}

func TestKeyIsForgottenAfterADay(t *testing.T) {
	c := newClock()
	a, s := newAPI(t, stripesandbox.Options{Now: c.now})
	form := intentForm("o1", "pm_card_visa")
	first := a.post(intents, "k1", form)
	c.advance(24*time.Hour - time.Second)
	a.post(intents, "k1", form).wantReplayOf(t, first)
	c.advance(time.Second)
	again := a.post(intents, "k1", form)
	if again.body.ID == first.body.ID || again.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("after a day: intent %s, headers %v", again.body.ID, again.header)
	}
	if got := len(s.Ledger().Order("o1").Intents); got != 2 {
		t.Errorf("%d intents, want 2", got)
	}
}

func TestRefusedParametersLeaveTheKeyFree(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	a.post(intents, "k1", "amount=1&currency=usd").want(t, http.StatusBadRequest, "invalid_request_error", "amount_too_small")
	if g := a.post(intents, "k1", "amount=1999&currency=usd"); g.status != http.StatusOK {
		t.Errorf("the corrected request: %d %s", g.status, g.body.Error.Type)
	}
}

func TestDeclinesAndStateErrorsAreKept(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	id := a.create("o1", "pm_card_chargeDeclined")
	declined := a.post(a.confirmPath(id), "c1", "off_session=true")
	declined.want(t, http.StatusPaymentRequired, "card_error", "card_declined")
	a.post(a.confirmPath(id), "c1", "off_session=true").wantReplayOf(t, declined)

	state := a.post(a.confirmPath(id), "c2", "off_session=true")
	state.want(t, http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state")
	a.post(a.confirmPath(id), "c2", "off_session=true").wantReplayOf(t, state)
}

func TestServerErrorsAreKept(t *testing.T) {
	for kind, captures := range map[stripesandbox.FaultKind]int{stripesandbox.FailBefore: 0, stripesandbox.FailAfter: 1} {
		t.Run(string(kind), func(t *testing.T) {
			a, s := newAPI(t, stripesandbox.Options{})
			id := a.create("o1", "pm_card_visa")
			mustAdd(t, s, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.Confirm, Calls: 1})
			first := a.post(a.confirmPath(id), "c1", "off_session=true")
			first.want(t, http.StatusInternalServerError, "api_error", "")
			if got := first.header.Get("Stripe-Should-Retry"); got != "false" {
				t.Errorf("Stripe-Should-Retry %q", got)
			}
			a.post(a.confirmPath(id), "c1", "off_session=true").wantReplayOf(t, first)
			if got := mustRetrieve(t, s.Ledger(), id).Captures; got != captures {
				t.Errorf("%d captures, want %d", got, captures)
			}
		})
	}
}

func TestOneRequestAtATimeHoldsAKey(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	a, s := newAPI(t, stripesandbox.Options{Wait: func(time.Duration) {
		close(entered)
		<-leave
	}})
	form := intentForm("o1", "pm_card_visa")
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Slow, DelayMillis: 60_000, Calls: 1})
	slow := make(chan got)
	go func() { slow <- a.post(intents, "k1", form) }()
	<-entered

	a.post(intents, "k1", form).want(t, http.StatusConflict, "invalid_request_error", "idempotency_key_in_use")
	if g := a.post(intents, "k2", intentForm("o2", "pm_card_visa")); g.status != http.StatusOK {
		t.Errorf("a call with another key had to wait: %d", g.status)
	}
	close(leave)
	first := <-slow
	a.post(intents, "k1", form).wantReplayOf(t, first)
	if got := len(s.Ledger().Order("o1").Intents); got != 1 {
		t.Errorf("%d intents", got)
	}
}

func TestKeysCountOnlyForPosts(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	id := a.create("o1", "pm_card_visa")
	first := a.call(http.MethodGet, intents+"/"+id, "k1", "")
	a.post(a.confirmPath(id), "", "")
	second := a.call(http.MethodGet, intents+"/"+id, "k1", "")
	if first.body.Status != "requires_confirmation" || second.body.Status != "succeeded" {
		t.Errorf("reads with one key: %s, then %s", first.body.Status, second.body.Status)
	}
	a.post(intents, strings.Repeat("k", 256), intentForm("o2", "pm_card_visa")).want(t, http.StatusBadRequest, "invalid_request_error", "")
}

func mustAdd(t *testing.T, s *stripesandbox.Sandbox, f stripesandbox.Fault) {
	t.Helper()
	if err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
}
