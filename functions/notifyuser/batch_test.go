package notifyuser_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

// reads is a users table that notes what is read of it, and that cannot read the rows of the broken ones.
type reads struct {
	*memory.Users
	broken order.UserID
	calls  [][]order.UserID
}

var errBroken = errors.New("broken row")

func (r *reads) GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error) {
	r.calls = append(r.calls, ids)
	for _, id := range ids {
		if id == r.broken {
			return nil, errBroken
		}
	}
	return r.Users.GetMany(ctx, ids)
}

func of(id events.OrderID, u events.UserID) func(*events.OrderUpdated) {
	return func(d *events.OrderUpdated) { d.OrderID, d.UserID = id, u }
}

func TestABatchReadsItsUsersAtOnce(t *testing.T) {
	w := newWorld(t, ada)
	table := &reads{Users: w.tables.Users}
	w.Users = table
	untold := updated(t, 2, of("o3", "user-9"), func(d *events.OrderUpdated) { d.Status = order.Cancelling })
	batch := []event.Event{updated(t, 2, of("o1", "user-7")), updated(t, 2, of("o2", "user-8")), untold}
	h, err := w.Prepare(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range batch {
		if _, err := h.Handle(t.Context(), in); err != nil && in.Subject() != "o3" {
			t.Errorf("order %s: %v", in.Subject(), err)
		}
	}
	if diff := cmp.Diff([][]order.UserID{{"user-7", "user-8"}}, table.calls); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
}

func TestABatchWithNobodyToTellReadsNothing(t *testing.T) {
	w := newWorld(t, ada)
	table := &reads{Users: w.tables.Users}
	w.Users = table
	wantOutcome(t, w.deliver(t, updated(t, 2, func(d *events.OrderUpdated) { d.Status = order.Cancelling })), outcome.KindStale, notifyuser.CodeNothingToTell)
	if len(table.calls) != 0 {
		t.Errorf("got reads %v, want none", table.calls)
	}
}

func TestABrokenUserHoldsUpNoNeighbour(t *testing.T) {
	w := newWorld(t, ada)
	w.Users = &reads{Users: w.tables.Users, broken: "user-8"}
	batch := []event.Event{updated(t, 2, of("o1", "user-7")), updated(t, 2, of("o2", "user-8"))}
	h, err := w.Prepare(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Handle(t.Context(), batch[0])
	wantOutcome(t, err, outcome.KindDone, "")
	if _, err = h.Handle(t.Context(), batch[1]); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	w.wantSent(t, 2)
}

// locked is an outbox for several goroutines.
type locked struct {
	mu sync.Mutex
	outbox
}

func (l *locked) Send(ctx context.Context, m mail.Mail) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outbox.Send(ctx, m)
}

// Case: the same event mailed twice (alphagov/notifications-api#747).
func TestManyDeliveriesAtOnceMakeOneMailAnOrder(t *testing.T) {
	const orders, deliveries = 20, 5
	w := newWorld(t, ada)
	box := &locked{}
	w.Mailer = box
	var mu sync.Mutex
	holders := 0
	w.Holder = func() string {
		mu.Lock()
		defer mu.Unlock()
		holders++
		return strconv.Itoa(holders)
	}
	var wg sync.WaitGroup
	for i := range orders * deliveries {
		in := updated(t, 2, of(events.OrderID("o"+strconv.Itoa(i%orders)), "user-7"))
		wg.Go(func() {
			for {
				kind, code := outcome.Of(w.deliver(t, in))
				if kind == outcome.KindDone || kind == outcome.KindStale {
					return
				}
				if code != notifyuser.CodeBusy {
					t.Errorf("got %s %q, want it to be busy or to end", kind, code)
					return
				}
			}
		})
	}
	wg.Wait()
	told := map[order.ID]int{}
	for _, m := range box.sent {
		told[m.OrderID]++
	}
	for id, n := range told {
		if n != 1 {
			t.Errorf("order %s: got %d mails, want 1", id, n)
		}
	}
	if len(told) != orders {
		t.Errorf("got mails for %d orders, want %d", len(told), orders)
	}
}
