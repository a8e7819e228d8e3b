package conformance

import (
	"errors"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/user"
)

// noon is when everything happens unless a test says otherwise.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 7e6, time.UTC)

// recorded returns an order as it is first recorded, with every field set that may be.
func recorded(id order.ID) order.Order {
	return order.New(order.Order{
		ID: id, UserID: "u1", Amount: 2500, Currency: "EUR",
		Items:         []order.Item{{SKU: "A/1", Quantity: 2, UnitAmount: 1000}, {SKU: "b_2", Quantity: 1, UnitAmount: 500}},
		PaymentMethod: "pm_1", PlacedBy: "shop-1", PayloadHash: "hash of " + string(id),
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}, noon)
}

// decide returns a change of o to status, caused by an event.
func decide(o order.Order, status order.Status, reason order.Reason, cause string) order.Decision {
	return order.Decision{Change: order.Change{
		Version: o.Version + 1, Status: status, Reason: reason, Cause: cause,
		At: noon.Add(time.Duration(o.Version) * time.Minute),
	}}
}

func paid(o order.Order) order.Decision { return decide(o, order.Paid, "", "event-paid") }

func fullUser(id order.UserID) user.User {
	return user.User{
		ID: id, Status: user.Active, Email: string(id) + "@example.com", Name: "Zoë 王", Locale: "zh",
		Customer: "cus_1", PaymentMethod: "pm_1",
	}
}

// row returns a payments row with every field set.
func row(id order.ID, revision int64) payment.Row {
	return payment.Row{
		OrderID: id, Status: order.PaymentReturned, Revision: revision, IntentID: "pi_1",
		Params: payment.Params{Amount: 2500, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_1"},
		Reason: order.RefundedAtProvider, At: noon.Add(time.Duration(revision) * time.Minute), CapturedAt: noon,
		Refunds: []payment.Refund{
			{ID: "re_1", Amount: 2500, Failed: true, Reason: "lost_or_stolen_card", At: noon.Add(time.Second)},
			{ID: "re_2", Amount: 2500, At: noon.Add(2 * time.Second)},
		},
		Disputes: []payment.Dispute{{ID: "dp_1", Amount: 2500, Status: "needs_response", At: noon.Add(3 * time.Second)}},
	}
}

// claim returns a lease of one minute from noon on order o1.
func claim(version int64, holder string) notification.Claim {
	return notification.Claim{
		OrderID: "o1", Channel: notification.Email, Version: version, Holder: holder, Until: noon.Add(time.Minute),
	}
}

// ids returns prefix with 1 to n behind it.
func ids[ID ~string](prefix string, n int) []ID {
	list := make([]ID, n)
	for i := range list {
		list[i] = ID(prefix + strconv.Itoa(i+1))
	}
	return list
}

// mustCreate creates o, which is not there yet, and returns what Create returns.
func mustCreate(t *testing.T, s Stores, o order.Order) order.Order {
	t.Helper()
	stored, created, err := s.Orders.Create(t.Context(), o)
	if err != nil || !created && !s.Resends {
		t.Fatalf("create order %s: created %t, error %v", o.ID, created, err)
	}
	return stored
}

func mustGet(t *testing.T, s Stores, id order.ID) order.Order {
	t.Helper()
	o, err := s.Orders.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func mustApply(t *testing.T, s Stores, before order.Order, d order.Decision) order.Order {
	t.Helper()
	if err := s.Orders.Apply(t.Context(), before, d); err != nil {
		t.Fatal(err)
	}
	return mustGet(t, s, before.ID)
}

func mustPut(t *testing.T, s Stores, rows ...payment.Row) {
	t.Helper()
	for _, r := range rows {
		if err := s.Payments.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func wantSame[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantFilled fails where a field of a fixture is left empty: a test that nothing is lost would not see it.
func wantFilled(t *testing.T, fixture any) {
	t.Helper()
	v := reflect.ValueOf(fixture)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() {
			t.Errorf("the fixture leaves %s.%s empty", v.Type(), name)
		}
	}
}

// atOnce calls f(0) to f(n-1) side by side and returns their errors.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// wantOneWinner fails unless exactly one of errs is nil and every other one is among losing.
func wantOneWinner(t *testing.T, errs []error, losing func(error) bool) (winner int) {
	t.Helper()
	winner = -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("both %d and %d won", winner, i)
		case err == nil:
			winner = i
		case !losing(err):
			t.Errorf("%d lost with %v", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	return winner
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}
