package queryuser_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/queryuser"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

var kim = user.User{ID: "user-7", Status: user.Active, Email: "kim@example.com", Name: "Kim", Customer: "cus_1", PaymentMethod: "pm_own"}

func TestDecide(t *testing.T) {
	recorded := eventstest.Data[events.OrderRecorded](t, "minimal")
	withOwn := eventstest.Data[events.OrderRecorded](t, "full")
	verified := events.OrderVerified{OrderID: "order-1042", UserID: "user-7", Amount: 3933, Currency: "USD", Customer: "cus_1", PaymentMethod: "pm_own"}
	ordersOwn := verified
	ordersOwn.PaymentMethod = "pm_card_visa"
	rejected := func(r order.Reason) events.OrderRejected {
		return events.OrderRejected{OrderID: "order-1042", UserID: "user-7", Reason: r}
	}
	but := func(change func(*user.User)) user.User {
		u := kim
		change(&u)
		return u
	}
	cases := []struct {
		name  string
		order events.OrderRecorded
		user  user.User
		known bool
		want  events.Data
	}{
		{"an active user pays with their own method", recorded, kim, true, verified},
		{"the order's method goes before the user's", withOwn, kim, true, ordersOwn},
		{"the order's method does for a user without", withOwn, but(func(u *user.User) { u.PaymentMethod = "" }), true, ordersOwn},
		{"nobody is unknown", recorded, user.User{}, false, rejected(order.UnknownUser)},
		{"a blocked user may not buy", recorded, but(func(u *user.User) { u.Status = user.Blocked }), true, rejected(order.BlockedUser)},
		{"a status nobody knows may not buy", recorded, but(func(u *user.User) { u.Status = "GONE" }), true, rejected(order.BlockedUser)},
		{"no method is nothing to charge", recorded, but(func(u *user.User) { u.PaymentMethod = "" }), true, rejected(order.NoPaymentMethod)},
		{"no customer is nothing to charge", withOwn, but(func(u *user.User) { u.Customer = "" }), true, rejected(order.NoPaymentMethod)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, queryuser.Decide(c.order, c.user, c.known)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// counting counts the reads of a users table.
type counting struct {
	*memory.Users
	calls int
	ids   []order.UserID
}

func (c *counting) GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error) {
	c.calls++
	c.ids = ids
	return c.Users.GetMany(ctx, ids)
}

func users(t *testing.T, all ...user.User) *counting {
	t.Helper()
	table := memory.New().Users
	for _, u := range all {
		if err := table.Put(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return &counting{Users: table}
}

func TestABatchIsReadAtOnce(t *testing.T) {
	table := users(t, kim)
	var batch []event.Event
	for _, id := range []events.UserID{"user-7", "user-8", "user-7"} {
		batch = append(batch, eventstest.Example(t, "minimal", func(d *events.OrderRecorded) { d.UserID = id }))
	}
	h, err := queryuser.Stage{Users: table}.Prepare(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range batch {
		out, err := h.Handle(t.Context(), in)
		if err != nil || len(out) != 1 {
			t.Fatalf("got %v, %v; want one event", out, err)
		}
		got = append(got, events.Type(out[0].Type()).Name())
	}
	if diff := cmp.Diff([]string{"OrderVerified", "OrderRejected", "OrderVerified"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if table.calls != 1 {
		t.Errorf("got %d reads, want 1", table.calls)
	}
}

func TestTheEventPassesOnItsCause(t *testing.T) {
	in := eventstest.Example[events.OrderRecorded](t, "full")
	in.SetExtension("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h, err := queryuser.Stage{Users: users(t, kim)}.Prepare(t.Context(), []event.Event{in})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Handle(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !out[0].Time().Equal(in.Time()) {
		t.Errorf("got time %s, want the cause's %s", out[0].Time(), in.Time())
	}
	if got, want := events.CausationID(out[0]), in.ID(); got != want {
		t.Errorf("got causation id %s, want %s", got, want)
	}
	if got, want := events.TraceParent(out[0]), events.TraceParent(in); got != want {
		t.Errorf("got traceparent %s, want %s", got, want)
	}
}

func TestReplayReturnsTheSameEvent(t *testing.T) {
	in := eventstest.Example[events.OrderRecorded](t, "full")
	stage := queryuser.Stage{Users: users(t, kim)}
	var got [2][]byte
	for i := range got {
		h, err := stage.Prepare(t.Context(), []event.Event{in})
		if err != nil {
			t.Fatal(err)
		}
		out, err := h.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got[i], err = events.Encode(out[0]); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(got[0]), string(got[1])); diff != "" {
		t.Errorf("(-first +second)\n%s", diff)
	}
}

func TestAnotherTypeOfEventIsPermanent(t *testing.T) {
	in := eventstest.Example[events.OrderUpdated](t, "full")
	h, err := queryuser.Stage{Users: users(t, kim)}.Prepare(t.Context(), []event.Event{in})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Handle(t.Context(), in)
	if kind, code := outcome.Of(err); kind != outcome.KindPermanent || code != outcome.CodeInvalidEvent {
		t.Errorf("got %s %s, want permanent invalid_event", kind, code)
	}
}

func TestABrokenUserIsPermanentAndNamesTheOrderAlone(t *testing.T) {
	broken := kim
	broken.Customer = "cus 1"
	in := eventstest.Example[events.OrderRecorded](t, "full")
	h, err := queryuser.Stage{Users: users(t, broken)}.Prepare(t.Context(), []event.Event{in})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Handle(t.Context(), in)
	if kind, code := outcome.Of(err); kind != outcome.KindPermanent || code != queryuser.CodeBrokenUser {
		t.Errorf("got %v, want permanent broken_user", err)
	}
}

// failing is a table that cannot be read.
type failing struct{ err error }

func (f failing) GetMany(context.Context, []order.UserID) (map[order.UserID]user.User, error) {
	return nil, f.err
}

func TestATableThatCannotBeReadIsTransient(t *testing.T) {
	throttled := errors.New("throttled")
	_, err := queryuser.Stage{Users: failing{throttled}}.Prepare(t.Context(), nil)
	if kind, _ := outcome.Of(err); kind != outcome.KindTransient || !errors.Is(err, throttled) {
		t.Errorf("got %v, want it as transient", err)
	}
}
