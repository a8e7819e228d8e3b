package stripesandbox_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newLedger() *stripesandbox.Ledger { return stripesandbox.NewLedger(newClock().now, 7) }

// ofOrder are the parameters of an ordinary intent of 19.99 dollars, paid with a test card.
func ofOrder(order, method string) stripesandbox.CreateParams {
	return stripesandbox.CreateParams{
		Amount: 1999, Currency: "usd", PaymentMethod: method, NoRedirects: true,
		Metadata: map[string]string{stripesandbox.OrderKey: order},
	}
}

func mustCreate(t *testing.T, l *stripesandbox.Ledger, p stripesandbox.CreateParams) stripesandbox.Intent {
	t.Helper()
	in, err := l.Create(p)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	return in
}

func mustRetrieve(t *testing.T, l *stripesandbox.Ledger, id string) stripesandbox.Intent {
	t.Helper()
	in, err := l.Retrieve(id)
	if err != nil {
		t.Fatalf("retrieve: %v", err)
	}
	return in
}

// wantError checks status and codes of an error of the ledger.
func wantError(t *testing.T, err error, status int, code, declineCode string) {
	t.Helper()
	if e := ledgerError(t, err); e.HTTPStatus != status || e.Code != code || e.DeclineCode != declineCode {
		t.Fatalf("error %d %q %q, want %d %q %q", e.HTTPStatus, e.Code, e.DeclineCode, status, code, declineCode)
	}
}

// ledgerError is err as what the ledger returns.
func ledgerError(t *testing.T, err error) *stripesandbox.Error {
	t.Helper()
	e, ok := errors.AsType[*stripesandbox.Error](err)
	if !ok {
		t.Fatalf("error %v is not the ledger's", err)
	}
	return e
}

var offSession = stripesandbox.ConfirmParams{OffSession: true}

func TestIntentIsUnconfirmedUntilItIsConfirmed(t *testing.T) {
	l := newLedger()
	in := mustCreate(t, l, ofOrder("o1", "pm_card_visa"))
	if in.Status != stripesandbox.RequiresConfirmation || in.AmountReceived != 0 || in.LatestCharge != "" {
		t.Fatalf("created %s with %d received, charge %q", in.Status, in.AmountReceived, in.LatestCharge)
	}
	paid, err := l.Confirm(in.ID, offSession)
	if err != nil {
		t.Fatal(err)
	}
	if paid.Status != stripesandbox.Succeeded || paid.AmountReceived != 1999 || paid.Captures != 1 || paid.LatestCharge == "" {
		t.Errorf("confirmed: %+v", paid)
	}
	if diff := cmp.Diff(paid, mustRetrieve(t, l, in.ID)); diff != "" {
		t.Errorf("retrieve shows another intent than confirm:\n%s", diff)
	}
	if in.Status != stripesandbox.RequiresConfirmation {
		t.Error("the intent that create returned changed under its reader")
	}
}

func TestEveryStateRefusesWhatStripeRefuses(t *testing.T) {
	for _, row := range []struct {
		status  stripesandbox.Status
		method  string
		bring   func(l *stripesandbox.Ledger, id string)
		confirm bool // confirming again with a good card is allowed
		cancel  bool
	}{
		{stripesandbox.RequiresPaymentMethod, "", func(*stripesandbox.Ledger, string) {}, true, true},
		{stripesandbox.RequiresConfirmation, "pm_card_visa", func(*stripesandbox.Ledger, string) {}, true, true},
		{stripesandbox.RequiresAction, "pm_card_authenticationRequired", onSession, true, true},
		{stripesandbox.Processing, "pm_usBankAccount_success", confirm, false, false},
		{stripesandbox.Processing, "pm_usBankAccount_processing", confirm, false, true},
		{stripesandbox.Succeeded, "pm_card_visa", confirm, false, false},
		{stripesandbox.Canceled, "pm_card_visa", cancel, false, false},
	} {
		t.Run(string(row.status)+" with "+row.method, func(t *testing.T) {
			again := stripesandbox.ConfirmParams{OffSession: true, PaymentMethod: "pm_card_visa"}
			try := map[string]func(l *stripesandbox.Ledger, id string) error{
				"confirm": func(l *stripesandbox.Ledger, id string) error { _, err := l.Confirm(id, again); return err },
				"cancel":  func(l *stripesandbox.Ledger, id string) error { _, err := l.Cancel(id, "abandoned"); return err },
			}
			for name, allowed := range map[string]bool{"confirm": row.confirm, "cancel": row.cancel} {
				l := newLedger()
				id := mustCreate(t, l, ofOrder("o1", row.method)).ID
				row.bring(l, id)
				before := mustRetrieve(t, l, id)
				if before.Status != row.status {
					t.Fatalf("status %s, want %s", before.Status, row.status)
				}
				err := try[name](l, id)
				if allowed {
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					continue
				}
				wantError(t, err, http.StatusBadRequest, "payment_intent_unexpected_state", "")
				e := ledgerError(t, err)
				if e.Intent == nil || e.Intent.Status != row.status {
					t.Errorf("%s: the error does not show the intent as %s", name, row.status)
				}
				if diff := cmp.Diff(before, mustRetrieve(t, l, id)); diff != "" {
					t.Errorf("a refused %s changed the intent:\n%s", name, diff)
				}
			}
		})
	}
}

func confirm(l *stripesandbox.Ledger, id string) { _, _ = l.Confirm(id, offSession) }

func onSession(l *stripesandbox.Ledger, id string) {
	_, _ = l.Confirm(id, stripesandbox.ConfirmParams{})
}

func cancel(l *stripesandbox.Ledger, id string) { _, _ = l.Cancel(id, "") }

func TestDeclineTakesThePaymentMethodAway(t *testing.T) {
	for _, row := range []struct{ method, code, declineCode string }{
		{"pm_card_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_visa_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"},
		{"pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"},
		{"pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"},
		{"pm_card_chargeDeclinedFraudulent", "card_declined", "fraudulent"},
		{"pm_card_chargeDeclinedExpiredCard", "expired_card", ""},
		{"pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", ""},
		{"pm_card_chargeDeclinedProcessingError", "processing_error", ""},
		{"pm_card_chargeCustomerFail", "card_declined", "generic_decline"},
		{"pm_card_authenticationRequired", "authentication_required", "authentication_required"},
		{"pm_card_threeDSecure2Required", "authentication_required", "authentication_required"},
	} {
		t.Run(row.method, func(t *testing.T) {
			l := newLedger()
			id := mustCreate(t, l, ofOrder("o1", row.method)).ID
			_, err := l.Confirm(id, offSession)
			wantError(t, err, http.StatusPaymentRequired, row.code, row.declineCode)
			e := ledgerError(t, err)
			in := mustRetrieve(t, l, id)
			if in.Status != stripesandbox.RequiresPaymentMethod || in.PaymentMethod != "" || in.Captures != 0 || in.AmountReceived != 0 {
				t.Errorf("after the decline: %+v", in)
			}
			if in.LastError == nil || in.LastError.Code != row.code || in.LastError.Charge == "" || in.LastError.Charge != in.LatestCharge {
				t.Errorf("last error %+v, latest charge %s", in.LastError, in.LatestCharge)
			}
			if e.Intent == nil || e.Intent.ID != id || e.PaymentMethod != row.method {
				t.Errorf("the decline names intent %v and method %q", e.Intent, e.PaymentMethod)
			}

			_, err = l.Confirm(id, offSession)
			wantError(t, err, http.StatusBadRequest, "payment_intent_unexpected_state", "")
			paid, err := l.Confirm(id, stripesandbox.ConfirmParams{PaymentMethod: "pm_card_visa"})
			if err != nil || paid.Status != stripesandbox.Succeeded || paid.LastError != nil {
				t.Errorf("with a good card after the decline: %s, %v", paid.Status, err)
			}
		})
	}
}

func TestCustomerWhoIsThereIsAskedToAct(t *testing.T) {
	l := newLedger()
	id := mustCreate(t, l, ofOrder("o1", "pm_card_authenticationRequired")).ID
	if in, err := l.Confirm(id, stripesandbox.ConfirmParams{}); err != nil || in.Status != stripesandbox.RequiresAction {
		t.Errorf("on session: %s, %v", in.Status, err)
	}
	_, err := l.Confirm(id, stripesandbox.ConfirmParams{ErrorOnRequiresAction: true})
	wantError(t, err, http.StatusPaymentRequired, "authentication_required", "authentication_required")
}

func TestDelayedMethodSettlesWhenTold(t *testing.T) {
	l := newLedger()
	settles := map[string]stripesandbox.Status{
		"pm_usBankAccount_success":            stripesandbox.Succeeded,
		"pm_usBankAccount_insufficientFunds":  stripesandbox.RequiresPaymentMethod,
		"pm_usBankAccount_accountClosed":      stripesandbox.RequiresPaymentMethod,
		"pm_usBankAccount_noAccount":          stripesandbox.RequiresPaymentMethod,
		"pm_usBankAccount_debitNotAuthorized": stripesandbox.RequiresPaymentMethod,
		"pm_usBankAccount_processing":         stripesandbox.Processing,
	}
	ids := map[string]string{}
	for name := range settles {
		id := mustCreate(t, l, ofOrder(name, name)).ID
		if in, err := l.Confirm(id, offSession); err != nil || in.Status != stripesandbox.Processing || in.Captures != 0 {
			t.Fatalf("%s: %s, %v", name, in.Status, err)
		}
		ids[name] = id
	}
	if got := l.Settle("pm_usBankAccount_success"); got != 1 {
		t.Errorf("settling one order moved %d intents", got)
	}
	if got, want := l.Settle(""), len(settles)-2; got != want {
		t.Errorf("settling the rest moved %d intents, want %d", got, want)
	}
	for name, want := range settles {
		in := mustRetrieve(t, l, ids[name])
		if in.Status != want || (want == stripesandbox.RequiresPaymentMethod) != (in.LastError != nil) {
			t.Errorf("%s settled as %s with last error %v, want %s", name, in.Status, in.LastError, want)
		}
	}
}

func TestManyConfirmationsAtOnceCaptureOnce(t *testing.T) {
	l := newLedger()
	id := mustCreate(t, l, ofOrder("o1", "pm_card_visa")).ID
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { confirm(l, id) })
		wg.Go(func() { cancel(l, id) })
	}
	wg.Wait()
	in := mustRetrieve(t, l, id)
	paid := in.Status == stripesandbox.Succeeded && in.Captures == 1 && in.AmountReceived == 1999
	cancelled := in.Status == stripesandbox.Canceled && in.Captures == 0 && in.AmountReceived == 0
	if !paid && !cancelled {
		t.Errorf("ended as %s with %d captures", in.Status, in.Captures)
	}
}

func TestSameCallsGiveTheSameLedger(t *testing.T) {
	run := func(seed uint32) []string {
		l := stripesandbox.NewLedger(newClock().now, seed)
		var ids []string
		for _, order := range []string{"o1", "o2"} {
			id := mustCreate(t, l, ofOrder(order, "pm_card_visa")).ID
			confirm(l, id)
			ids = append(ids, id, mustRetrieve(t, l, id).LatestCharge)
		}
		return ids
	}
	if diff := cmp.Diff(run(7), run(7)); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	for _, id := range run(8) {
		for _, other := range run(7) {
			if id == other {
				t.Errorf("two seeds share the id %s", id)
			}
		}
	}
}

func TestResetForgetsButNeverReusesAnID(t *testing.T) {
	l := newLedger()
	first := mustCreate(t, l, ofOrder("o1", "pm_card_visa")).ID
	l.Reset()
	if _, err := l.Retrieve(first); err == nil {
		t.Error("the intent is still there")
	}
	if second := mustCreate(t, l, ofOrder("o2", "pm_card_visa")).ID; second == first {
		t.Errorf("id %s was used twice", second)
	}
	if got := l.Order("o1"); len(got.Intents) != 0 {
		t.Errorf("order o1 still has %d intents", len(got.Intents))
	}
}
