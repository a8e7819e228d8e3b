package notifyuser_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

func TestTheCustomerIsToldByOneMail(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	if len(w.outbox.sent) != 1 {
		t.Fatalf("got %d mails, want 1", len(w.outbox.sent))
	}
	paid := eventstest.Data[events.OrderUpdated](t, "paid")
	got := w.outbox.sent[0]
	want, err := mail.Render(mail.Notice{OrderID: paid.OrderID, Status: order.Paid, Amount: paid.Amount, Currency: paid.Currency, Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(mail.Mail{To: ada.Email, Message: want, OrderID: paid.OrderID, Version: 2}, got); diff != "" {
		t.Errorf("mail (-want +got):\n%s", diff)
	}
	w.wantLedger(t, 2, notification.Sent)
}

func TestEveryStatusThatIsToldIsToldAndNoOther(t *testing.T) {
	for _, s := range order.Statuses() {
		w := newWorld(t, ada)
		err := w.deliver(t, updated(t, 3, func(d *events.OrderUpdated) { d.Status = s }))
		if s.Told() {
			wantOutcome(t, err, outcome.KindDone, "")
			w.wantSent(t, 3)
			continue
		}
		wantOutcome(t, err, outcome.KindStale, notifyuser.CodeNothingToTell)
		w.wantSent(t)
	}
}

func TestTheMailIsInTheCustomersLanguageAndSaysWhy(t *testing.T) {
	chinese := ada
	chinese.Locale, chinese.Name = "zh-CN", "王小明"
	w := newWorld(t, chinese)
	wantOutcome(t, w.deliver(t, updated(t, 4, func(d *events.OrderUpdated) {
		d.Status, d.PreviousStatus, d.Reason = order.Cancelled, order.Cancelling, order.InsufficientFunds
	})), outcome.KindDone, "")
	if text := w.outbox.sent[0].Message.Text; !strings.HasPrefix(text, "王小明") || !strings.Contains(text, "银行卡余额不足") {
		t.Errorf("got mail %q, want one in Chinese that names the reason", text)
	}
}

// Case: the same event mailed twice (alphagov/notifications-api#747, platform-forms-client#1582).
func TestFiveDeliveriesMakeOneMail(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.next = func(o *outbox, m mail.Mail) error {
		o.sent = append(o.sent, m)
		o.next = nil
		wantOutcome(t, w.deliver(t, in), outcome.KindTransient, notifyuser.CodeBusy) // the second, while the first one sends
		return nil
	}
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	for range 3 {
		wantOutcome(t, w.deliver(t, in), outcome.KindStale, notifyuser.CodeSuperseded)
	}
	w.wantSent(t, 2)
}

// Case: a late event overwrote a newer state (cumulus#2160).
func TestAnOlderVersionIsStaleAfterANewerOne(t *testing.T) {
	w := newWorld(t, ada)
	wantOutcome(t, w.deliver(t, updated(t, 4)), outcome.KindDone, "")
	wantOutcome(t, w.deliver(t, updated(t, 2)), outcome.KindStale, notifyuser.CodeSuperseded)
	wantOutcome(t, w.deliver(t, updated(t, 5)), outcome.KindDone, "")
	w.wantSent(t, 4, 5)
	w.wantLedger(t, 5, notification.Sent)
}

func TestANewerVersionWaitsForTheOneThatIsBeingTold(t *testing.T) {
	w := newWorld(t, ada)
	w.outbox.next = func(o *outbox, m mail.Mail) error {
		o.sent = append(o.sent, m)
		o.next = nil
		wantOutcome(t, w.deliver(t, updated(t, 4)), outcome.KindTransient, notifyuser.CodeBusy)
		return nil
	}
	wantOutcome(t, w.deliver(t, updated(t, 2)), outcome.KindDone, "")
	wantOutcome(t, w.deliver(t, updated(t, 4)), outcome.KindDone, "")
	w.wantSent(t, 2, 4)
}

// killed is a ledger whose sender dies before it can settle.
type killed struct{}

func (killed) Settle(context.Context, notification.Claim, notification.Result, time.Time) error {
	return errors.New("killed")
}

func TestASenderThatIsKilledBeforeItSettlesIsFollowedByAnotherAfterItsLease(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.Results = killed{}
	wantOutcome(t, w.deliver(t, in), outcome.KindTransient, outcome.CodeUnknown)
	w.Results = w.tables.Notifications

	w.clock = w.clock.Add(lease - time.Millisecond)
	wantOutcome(t, w.deliver(t, in), outcome.KindTransient, notifyuser.CodeBusy)
	w.wantSent(t, 2)
	w.clock = w.clock.Add(time.Millisecond)
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	w.wantSent(t, 2, 2) // the double that cannot be helped
	w.wantLedger(t, 2, notification.Sent)
}

func TestAClaimThatWasTakenOverIsNotSettled(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.next = func(o *outbox, m mail.Mail) error {
		w.clock = w.clock.Add(2 * lease) // it hung, and another sender took over
		o.refuse(mail.Refused)
		wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
		o.sent = append(o.sent, m)
		return nil
	}
	wantOutcome(t, w.deliver(t, in), outcome.KindStale, notifyuser.CodeClaimLost)
	w.wantLedger(t, 2, notification.Refused)
}

// Case: mail that was throttled was given up, or mail that was refused was not (mail-for-good#113, voicemail-express#34).
func TestAMailThatWasNotSentCanBeSentAtOnce(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.refuse(mail.NotSent)
	wantOutcome(t, w.deliver(t, in), outcome.KindTransient, "mail_test")
	w.outbox.next = nil
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	w.wantSent(t, 2)
}

func TestAMailThatMayHaveBeenSentWaitsForTheLease(t *testing.T) {
	for name, err := range map[string]error{"uncertain": &mail.Failure{Kind: mail.Uncertain, Code: "mail_test"}, "unclassified": errors.New("connection reset")} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ada)
			in := updated(t, 2)
			w.outbox.next = func(*outbox, mail.Mail) error { return err }
			if kind, _ := outcome.Of(w.deliver(t, in)); kind != outcome.KindTransient {
				t.Errorf("got %s, want %s", kind, outcome.KindTransient)
			}
			w.outbox.next = nil
			wantOutcome(t, w.deliver(t, in), outcome.KindTransient, notifyuser.CodeBusy)
			w.wantSent(t)
			w.clock = w.clock.Add(lease)
			wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
			w.wantSent(t, 2)
		})
	}
}

// Case: a refused address was mailed for ever (mail-for-good#113, plunk#111).
func TestARefusedAddressEndsTheMatter(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.refuse(mail.Refused)
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	w.wantLedger(t, 2, notification.Refused)
	w.outbox.next = nil
	wantOutcome(t, w.deliver(t, in), outcome.KindStale, notifyuser.CodeSuperseded)
	w.wantSent(t)
}

func TestARequestThatCanNeverSucceedIsGivenUpAndCanBeReplayed(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	w.outbox.refuse(mail.Invalid)
	wantOutcome(t, w.deliver(t, in), outcome.KindPermanent, "mail_test")
	w.outbox.next = nil
	wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
	w.wantSent(t, 2)
}

func TestWithoutAnAddressNothingIsSentAndNothingWaits(t *testing.T) {
	silent := ada
	silent.Email = ""
	for name, users := range map[string][]user.User{"no such user": nil, "no e-mail": {silent}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, users...)
			in := updated(t, 2)
			wantOutcome(t, w.deliver(t, in), outcome.KindDone, "")
			w.wantLedger(t, 2, notification.NoAddress)
			w.wantSent(t)
			wantOutcome(t, w.deliver(t, in), outcome.KindStale, notifyuser.CodeSuperseded)
		})
	}
}

func TestTheEndOfTheRecordsTimeDoesNotLoseWhatWasSent(t *testing.T) {
	w := newWorld(t, ada)
	in := updated(t, 2)
	h, err := w.Prepare(t.Context(), []event.Event{in})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.outbox.next = func(o *outbox, m mail.Mail) error {
		o.sent = append(o.sent, m)
		cancel()
		return nil
	}
	if _, err := h.Handle(ctx, in); err != nil {
		t.Errorf("got %v, want the mail settled", err)
	}
	w.wantLedger(t, 2, notification.Sent)
}

func TestAnotherTypeOfEventIsPermanent(t *testing.T) {
	w := newWorld(t, ada)
	wantOutcome(t, w.deliver(t, eventstest.Example[events.OrderRecorded](t, "full")), outcome.KindPermanent, outcome.CodeInvalidEvent)
}
