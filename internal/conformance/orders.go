package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

func testOrders(t *testing.T, open Open) {
	run(t, open, []promise{
		{"create loses nothing", func(t *testing.T, s Stores) {
			o := recorded("o1").With(order.Change{Version: 2, Status: order.Cancelling, Reason: order.CardDeclined, At: noon.Add(time.Hour), Cause: "event-1"})
			wantFilled(t, o)
			wantFilled(t, o.Items[0])
			wantFilled(t, o.History[1])
			wantSame(t, "what create returns", mustCreate(t, s, o), o)
			wantSame(t, "what is stored", mustGet(t, s, "o1"), o)
		}},
		{"create keeps milliseconds in UTC, and no empty list", func(t *testing.T, s Stores) {
			o := recorded("o1")
			o.RecordedAt = noon.Add(123456).In(time.FixedZone("", 3600))
			o.Items = []order.Item{}
			o.PaymentMethod, o.TraceParent = "", ""
			stored := mustCreate(t, s, o)
			o.RecordedAt, o.Items = noon, nil
			wantSame(t, "what create returns", stored, o)
			wantSame(t, "what is stored", mustGet(t, s, "o1"), o)
		}},
		{"create again returns what is stored", func(t *testing.T, s Stores) {
			mustCreate(t, s, recorded("o1"))
			other := recorded("o1")
			other.PayloadHash, other.Amount = "another", 1
			stored, created, err := s.Orders.Create(t.Context(), other)
			if err != nil || created {
				t.Fatalf("created %t, error %v", created, err)
			}
			wantSame(t, "what create returns", stored, recorded("o1"))
			wantSame(t, "what is stored", mustGet(t, s, "o1"), recorded("o1"))
		}},
		{"create again after a change returns the changed order", func(t *testing.T, s Stores) {
			mustCreate(t, s, recorded("o1"))
			changed := mustApply(t, s, recorded("o1"), paid(recorded("o1")))
			stored, _, err := s.Orders.Create(t.Context(), recorded("o1"))
			wantError(t, "create", err, nil)
			wantSame(t, "what create returns", stored, changed)
		}},
		{"create refuses what could not be found or read again", createRefuses},
		{"fifty creates at once make one order", fiftyCreates},
		{"get of an order that is not there is ErrNotFound", func(t *testing.T, s Stores) {
			_, err := s.Orders.Get(t.Context(), "o1")
			wantError(t, "get", err, order.ErrNotFound)
		}},
		{"get of no id is another error", func(t *testing.T, s Stores) {
			if _, err := s.Orders.Get(t.Context(), ""); err == nil || is(order.ErrNotFound)(err) {
				t.Errorf("got error %v, want one that is not ErrNotFound", err)
			}
		}},
		{"get many returns those that are there", getManyOrders},
		{"what a caller changes afterwards is not stored", func(t *testing.T, s Stores) {
			o := recorded("o1")
			stored := mustCreate(t, s, o)
			read := mustGet(t, s, "o1")
			for _, mine := range []order.Order{o, stored, read} {
				mine.Items[0].SKU, mine.History[0].Cause = "mine", "mine"
			}
			wantSame(t, "what is stored", mustGet(t, s, "o1"), recorded("o1"))
		}},
	})
}

func createRefuses(t *testing.T, s Stores) {
	for name, spoil := range map[string]func(*order.Order){
		"no id":            func(o *order.Order) { o.ID = "" },
		"no user":          func(o *order.Order) { o.UserID = "" },
		"unknown status":   func(o *order.Order) { o.Status = "LOST" },
		"unknown currency": func(o *order.Order) { o.Currency = "eur" },
	} {
		o := recorded("o1")
		spoil(&o)
		if _, created, err := s.Orders.Create(t.Context(), o); err == nil || created {
			t.Errorf("%s: created %t, error %v", name, created, err)
		}
	}
	_, err := s.Orders.Get(t.Context(), "o1")
	wantError(t, "get", err, order.ErrNotFound)
}

func fiftyCreates(t *testing.T, s Stores) {
	const n = 50
	var stored [n]order.Order
	var created [n]bool
	errs := atOnce(n, func(i int) (err error) {
		o := recorded("o1")
		o.PayloadHash = fmt.Sprint("hash-", i)
		stored[i], created[i], err = s.Orders.Create(t.Context(), o)
		return err
	})
	winners := 0
	want := mustGet(t, s, "o1")
	for i := range n {
		if errs[i] != nil {
			t.Error(errs[i])
		}
		wantSame(t, "what a create returns", stored[i], want)
		if created[i] {
			winners++
			wantSame(t, "the winner's hash", fmt.Sprint("hash-", i), want.PayloadHash)
		}
	}
	if winners != 1 && (winners != 0 || !s.Resends) {
		t.Errorf("%d creates made the order, want 1", winners)
	}
}

func getManyOrders(t *testing.T, s Stores) {
	none, err := s.Orders.GetMany(t.Context(), nil)
	if err != nil || len(none) != 0 {
		t.Errorf("of no ids: %d orders, error %v", len(none), err)
	}
	all := ids[order.ID]("o", 230)
	want := map[order.ID]order.Order{}
	for _, id := range all[:210] {
		want[id] = recorded(id)
		mustCreate(t, s, want[id])
	}
	got, err := s.Orders.GetMany(t.Context(), append(all, "o1", "o1", "o200"))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "orders", got, want)
}
