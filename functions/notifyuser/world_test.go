package notifyuser_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

const lease = 15 * time.Second

var ada = user.User{ID: "user-7", Status: user.Active, Email: "ada@example.com", Name: "Ada"}

// outbox is a mailer. Each send asks next, if there is one, what to do: it may answer with an
// error in place of sending, or after it, and may look at the world in between.
type outbox struct {
	sent []mail.Mail
	next func(o *outbox, m mail.Mail) error
}

func (o *outbox) Send(_ context.Context, m mail.Mail) error {
	if o.next != nil {
		return o.next(o, m)
	}
	o.sent = append(o.sent, m)
	return nil
}

// versions returns the versions of the order that were told, in order.
func (o *outbox) versions() []int64 {
	var vs []int64
	for _, m := range o.sent {
		vs = append(vs, m.Version)
	}
	return vs
}

// refuse makes the mailer fail without sending.
func (o *outbox) refuse(kind mail.FailureKind) {
	o.next = func(*outbox, mail.Mail) error { return &mail.Failure{Kind: kind, Code: "mail_test"} }
}

// world is the stage with everything around it.
type world struct {
	notifyuser.Stage
	tables memory.Tables
	outbox *outbox
	clock  time.Time
}

func newWorld(t testing.TB, users ...user.User) *world {
	t.Helper()
	w := &world{tables: memory.New(), outbox: &outbox{}, clock: eventstest.At}
	if err := w.tables.Users.PutMany(t.Context(), users); err != nil {
		t.Fatal(err)
	}
	holders := 0
	w.Stage = notifyuser.Stage{
		Users:   w.tables.Users,
		Claims:  w.tables.Notifications,
		Results: w.tables.Notifications,
		Mailer:  w.outbox,
		Lease:   lease,
		Now:     func() time.Time { return w.clock },
		Holder:  func() string { holders++; return strconv.Itoa(holders) },
	}
	return w
}

// deliver hands one event to the stage, as a batch of its own.
func (w *world) deliver(t testing.TB, in event.Event) error {
	t.Helper()
	h, err := w.Prepare(t.Context(), []event.Event{in})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Handle(t.Context(), in)
	if len(out) > 0 {
		t.Errorf("got %d events, want none", len(out))
	}
	return err
}

// refused marks ada's address, as mark-address does.
func (w *world) refused(t testing.TB, address string, why user.RefusalReason) {
	t.Helper()
	if err := w.tables.Users.RefuseMail(t.Context(), ada.ID, user.MailRefusal{Address: address, Why: why, At: w.clock}); err != nil {
		t.Fatal(err)
	}
}

// ledger returns the version and the result in the one row of the ledger.
func (w *world) ledger(t testing.TB) (int64, notification.Result) {
	t.Helper()
	rows := w.tables.Notifications.All()
	if len(rows) != 1 {
		t.Fatalf("got %d rows in the ledger, want 1", len(rows))
	}
	return rows[0].Claim.Version, rows[0].Result
}

func (w *world) wantLedger(t testing.TB, version int64, result notification.Result) {
	t.Helper()
	if v, r := w.ledger(t); v != version || r != result {
		t.Errorf("got version %d with result %q in the ledger, want %d with %q", v, r, version, result)
	}
}

func (w *world) wantSent(t testing.TB, versions ...int64) {
	t.Helper()
	if diff := cmp.Diff(versions, w.outbox.versions()); diff != "" {
		t.Errorf("versions that were told (-want +got):\n%s", diff)
	}
}

func wantOutcome(t testing.TB, err error, kind outcome.Kind, code outcome.Code) {
	t.Helper()
	if k, c := outcome.Of(err); k != kind || c != code {
		t.Errorf("got %s %q (%v), want %s %q", k, c, err, kind, code)
	}
}

// updated is an OrderUpdated to a version, with a status that is told.
func updated(t testing.TB, version int64, changes ...func(*events.OrderUpdated)) event.Event {
	t.Helper()
	return eventstest.Example(t, "paid", append([]func(*events.OrderUpdated){func(d *events.OrderUpdated) { d.Version = version }}, changes...)...)
}
