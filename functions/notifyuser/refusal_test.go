package notifyuser_test

import (
	"testing"

	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/ses"
	"github.com/orderflow/orderflow/internal/user"
)

func TestAnAddressThatRefusedMailIsNotTriedAgain(t *testing.T) {
	for _, why := range []user.RefusalReason{user.Bounced, user.Complained} {
		t.Run(string(why), func(t *testing.T) {
			w := newWorld(t, ada)
			w.refused(t, ada.Email, why)
			w.outbox.next = func(*outbox, mail.Mail) error {
				t.Error("the mailer was asked")
				return nil
			}
			in := updated(t, 2)
			wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
			w.wantLedger(t, 2, notification.Suppressed)
			wantOutcome(t, w.deliver(t, in), outcome.KindStale, notifyuser.CodeSuperseded)
		})
	}
}

func TestANewAddressIsMailedThoughTheOldOneRefused(t *testing.T) {
	w := newWorld(t, ada)
	w.refused(t, ada.Email, user.Bounced)
	wantOutcome(t, w.deliver(t, updated(t, 2)), outcome.KindDone, "")
	moved := ada
	moved.Email = "ada@example.org"
	if err := w.tables.Users.Put(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, w.deliver(t, updated(t, 4)), outcome.KindDone, "")
	w.wantSent(t, 4)
	if got := w.outbox.sent[0].To; got != moved.Email {
		t.Errorf("got a mail to %s, want %s", got, moved.Email)
	}
}

func TestEachFailureOfAMailHasItsOwnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		failure mail.FailureKind
		want    outcome.Kind
	}{
		"the address is refused: over":                    {mail.Refused, outcome.KindDone},
		"nothing was sent: again":                         {mail.NotSent, outcome.KindTransient},
		"it may have been sent: again":                    {mail.Uncertain, outcome.KindTransient},
		"it never can be sent: a dead letter, for people": {mail.Invalid, outcome.KindPermanent},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ada)
			w.outbox.refuse(c.failure)
			if got, _ := outcome.Of(w.deliver(t, updated(t, 2))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAThrottledMailIsSentOnceTheServiceTakesIt(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.next = func(*outbox, mail.Mail) error { return &mail.Failure{Kind: mail.NotSent, Code: ses.CodeThrottled} }
	for range 3 {
		wantOutcome(t, w.deliver(t, in), outcome.KindTransient, ses.CodeThrottled)
	}
	w.outbox.next = nil
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	w.wantSent(t, 2)
}
