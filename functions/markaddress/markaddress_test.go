package markaddress_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/markaddress"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

// Case: success of the call was taken for delivery (notification-api#1295: delivered, then bounced).
func TestAnAddressThatBouncesOrComplainsIsMarkedAndTheRestOfTheUserIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		why user.RefusalReason
		at  time.Time
	}{
		"bounce":    {user.Bounced, time.Date(2026, 3, 14, 12, 0, 6, 125e6, time.UTC)},
		"complaint": {user.Complained, time.Date(2026, 3, 14, 13, 30, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ada)
			before := w.tables.Orders.All()
			wantOutcome(t, w.deliver(t, report(t, name)), outcome.KindDone, "")
			want := ada
			want.MailRefused = user.MailRefusal{Address: ada.Email, Why: c.why, At: c.at}
			if diff := cmp.Diff(want, w.user(t)); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
			if got := w.user(t).MailTo(); got != "" {
				t.Errorf("mail still goes to %s", got)
			}
			if diff := cmp.Diff(before, w.tables.Orders.All()); diff != "" {
				t.Errorf("orders changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReportsInAnyNumberAndOrderLeaveTheFirstMark(t *testing.T) {
	bounce, complaint := report(t, "bounce"), report(t, "complaint")
	w := newWorld(t, ada)
	wantOutcome(t, w.deliver(t, complaint), outcome.KindDone, "")
	first := w.user(t)
	for _, body := range []string{complaint, bounce, bounce, complaint} {
		wantOutcome(t, w.deliver(t, body), outcome.KindDone, "")
	}
	if diff := cmp.Diff(first, w.user(t)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}

func TestWhatIsNoRefusalMarksNothing(t *testing.T) {
	for name, body := range map[string]string{
		"mailbox full":       report(t, "bounce", `"Permanent"`, `"Transient"`, `"NoEmail"`, `"MailboxFull"`),
		"nobody knows":       report(t, "bounce", `"Permanent"`, `"Undetermined"`),
		"it was no bad mail": report(t, "complaint", `"abuse"`, `"not-spam"`),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ada)
			wantOutcome(t, w.deliver(t, body), outcome.KindStale, markaddress.CodeNoRefusal)
			if diff := cmp.Diff(ada, w.user(t)); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAComplaintOfUnknownKindIsAComplaint(t *testing.T) {
	w := newWorld(t, ada)
	wantOutcome(t, w.deliver(t, report(t, "complaint", `"complaintFeedbackType": "abuse",`, "")), outcome.KindDone, "")
	if got := w.user(t).MailTo(); got != "" {
		t.Errorf("mail still goes to %s", got)
	}
}

func TestAnAddressThatWasChangedSinceIsNotMarked(t *testing.T) {
	for name, address := range map[string]string{"another": "ada@example.org", "none": ""} {
		t.Run(name, func(t *testing.T) {
			moved := ada
			moved.Email = address
			w := newWorld(t, moved)
			wantOutcome(t, w.deliver(t, report(t, "bounce")), outcome.KindStale, markaddress.CodeAddressChanged)
			if diff := cmp.Diff(moved, w.user(t)); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLetterCaseMakesNoOtherAddress(t *testing.T) {
	written := ada
	written.Email = "Ada@Example.com"
	w := newWorld(t, written)
	wantOutcome(t, w.deliver(t, report(t, "bounce")), outcome.KindDone, "")
	if got := w.user(t); got.MailRefused.Address != written.Email || got.MailTo() != "" {
		t.Errorf("got the mark %+v, want one of %s", got.MailRefused, written.Email)
	}
}

// moving is a users table in which the address changes between the read and the write.
type moving struct{ *memory.Users }

func (m moving) Get(ctx context.Context, id order.UserID) (user.User, bool, error) {
	u, found, err := m.Users.Get(ctx, id)
	changed := u
	changed.Email = "ada@example.org"
	return u, found, errors.Join(err, m.Put(ctx, changed))
}

func TestAnAddressThatIsChangedMeanwhileIsNotMarked(t *testing.T) {
	w := newWorld(t, ada)
	w.Users = moving{w.tables.Users}
	wantOutcome(t, w.deliver(t, report(t, "bounce")), outcome.KindStale, markaddress.CodeAddressChanged)
	if got := w.user(t); got.MailTo() != "ada@example.org" || got.MailRefused != (user.MailRefusal{}) {
		t.Errorf("got the mark %+v, want none", got.MailRefused)
	}
}

func TestAUserWhoIsGoneHasNothingToMark(t *testing.T) {
	wantOutcome(t, newWorld(t).deliver(t, report(t, "bounce")), outcome.KindStale, markaddress.CodeNoSuchUser)
}

func TestAReportOfAnOrderThatIsNotThereIsGivenUp(t *testing.T) {
	w := newWorld(t, ada)
	wantOutcome(t, w.deliver(t, report(t, "bounce", "order-1", "order-2")), outcome.KindPermanent, markaddress.CodeNoSuchOrder)
}

func TestTablesThatDoNotAnswerAreAskedAgain(t *testing.T) {
	w := newWorld(t, ada)
	in, err := markaddress.Parse(report(t, "bounce"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Handle(ctx, in)
	wantOutcome(t, err, outcome.KindTransient, outcome.CodeUnknown)
}
