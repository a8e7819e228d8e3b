package markaddress_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/functions/markaddress"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

// ada placed order-1, of which the reports in testdata speak.
var ada = user.User{ID: "user-7", Status: user.Active, Email: "ada@example.com", Name: "Ada"}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// report returns one of SES's events in testdata, with pairs of texts replaced, each of which must be there.
func report(t testing.TB, name string, oldnew ...string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("%s has no %s", name, oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	return text
}

// world is the stage over tables with ada and her order.
type world struct {
	markaddress.Stage
	tables memory.Tables
}

func newWorld(t testing.TB, users ...user.User) *world {
	t.Helper()
	tables := memory.New()
	o := order.New(order.Order{ID: "order-1", UserID: ada.ID, Amount: 500, Currency: "EUR", PlacedBy: "shop", PayloadHash: "hash"}, noon)
	if _, _, err := tables.Orders.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := tables.Users.PutMany(t.Context(), users); err != nil {
		t.Fatal(err)
	}
	return &world{markaddress.Stage{Orders: tables.Orders, Users: tables.Users}, tables}
}

// deliver hands a message to the stage as the runner does, with what cannot be read as a permanent error.
func (w *world) deliver(t testing.TB, body string) error {
	t.Helper()
	in, err := markaddress.Parse(body)
	if err != nil {
		return outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	h, err := w.Prepare(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Handle(t.Context(), in)
	if len(out) > 0 {
		t.Errorf("got %d events, want none", len(out))
	}
	return err
}

func (w *world) user(t testing.TB) user.User {
	t.Helper()
	u, found, err := w.tables.Users.Get(t.Context(), ada.ID)
	if err != nil || !found {
		t.Fatalf("found %t, error %v", found, err)
	}
	return u
}

func wantOutcome(t testing.TB, err error, kind outcome.Kind, code outcome.Code) {
	t.Helper()
	if k, c := outcome.Of(err); k != kind || c != code {
		t.Errorf("got %s %q (%v), want %s %q", k, c, err, kind, code)
	}
}
