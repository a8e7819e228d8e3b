package conformance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

func testPayments(t *testing.T, open Open) {
	run(t, open, []promise{
		{"put loses nothing", func(t *testing.T, s Stores) {
			wantFilled(t, row("o1", 1))
			wantFilled(t, row("o1", 1).Params)
			mustPut(t, s, row("o1", 1))
			wantRow(t, s, row("o1", 1))
		}},
		{"put keeps milliseconds in UTC", func(t *testing.T, s Stores) {
			r := row("o1", 1)
			r.At = r.At.Add(123456).In(time.FixedZone("", 3600))
			mustPut(t, s, r, r)
			wantRow(t, s, row("o1", 1))
		}},
		{"a row may have neither intent nor parameters", func(t *testing.T, s Stores) {
			voided := payment.Row{OrderID: "o1", Status: order.PaymentVoided, Revision: 1, At: noon}
			mustPut(t, s, voided)
			wantRow(t, s, voided)
		}},
		{"a row may be of nothing to pay", func(t *testing.T, s Stores) {
			free := payment.Free("o1", "JPY", noon)
			mustPut(t, s, free)
			wantRow(t, s, free)
		}},
		{"no row is the zero row", func(t *testing.T, s Stores) {
			mustPut(t, s, row("o2", 1))
			got, err := s.Payments.Get(t.Context(), "o1")
			wantError(t, "get", err, nil)
			wantSame(t, "row", got, payment.Row{})
		}},
		{"each put follows on the revision before", func(t *testing.T, s Stores) {
			for revision := range int64(4) {
				mustPut(t, s, row("o1", revision+1))
				wantRow(t, s, row("o1", revision+1))
			}
		}},
		{"put over another revision than the one before is ErrConflict", staleRows},
		{"the same put again is a success, until the row has moved on", func(t *testing.T, s Stores) {
			mustPut(t, s, row("o1", 1), row("o1", 1), row("o1", 2), row("o1", 2))
			wantError(t, "the first again", s.Payments.Put(t.Context(), row("o1", 1)), payment.ErrConflict)
			wantRow(t, s, row("o1", 2))
		}},
		{"put refuses what could not be found or read again", func(t *testing.T, s Stores) {
			for name, spoil := range map[string]func(*payment.Row){
				"no order":       func(r *payment.Row) { r.OrderID = "" },
				"revision 0":     func(r *payment.Row) { r.Revision = 0 },
				"unknown status": func(r *payment.Row) { r.Status = "LOST" },
			} {
				r := row("o1", 1)
				spoil(&r)
				if err := s.Payments.Put(t.Context(), r); err == nil || is(payment.ErrConflict)(err) {
					t.Errorf("%s: got error %v, want one that is not ErrConflict", name, err)
				}
			}
			wantRow(t, s, payment.Row{})
		}},
		{"of first puts at once one wins", func(t *testing.T, s Stores) { racePuts(t, s, 1) }},
		{"of later puts at once one wins", func(t *testing.T, s Stores) {
			mustPut(t, s, row("o1", 1))
			racePuts(t, s, 2)
		}},
		{"get many and get with orders return what is there", manyRows},
	})
}

func staleRows(t *testing.T, s Stores) {
	for _, c := range []struct{ stored, put int64 }{{0, 2}, {0, 7}, {1, 1}, {1, 3}, {3, 1}, {3, 2}, {3, 3}, {3, 5}} {
		id := order.ID(fmt.Sprintf("o-%d-%d", c.stored, c.put))
		for revision := range c.stored {
			mustPut(t, s, row(id, revision+1))
		}
		other := row(id, c.put)
		other.IntentID = "pi_other"
		wantError(t, fmt.Sprintf("revision %d over %d", c.put, c.stored), s.Payments.Put(t.Context(), other), payment.ErrConflict)
		got, err := s.Payments.Get(t.Context(), id)
		if err != nil || got.Revision != c.stored || got.IntentID == "pi_other" {
			t.Errorf("revision %d over %d: stored is %v, error %v", c.put, c.stored, got, err)
		}
	}
}

func racePuts(t *testing.T, s Stores, revision int64) {
	t.Helper()
	of := func(i int) payment.Row {
		r := row("o1", revision)
		r.IntentID = fmt.Sprint("pi_", i)
		return r
	}
	errs := atOnce(20, func(i int) error { return s.Payments.Put(t.Context(), of(i)) })
	wantRow(t, s, of(wantOneWinner(t, errs, is(payment.ErrConflict))))
}

func manyRows(t *testing.T, s Stores) {
	for _, none := range [][]order.ID{nil, {"nobody"}} {
		rows, orders, err := s.Payments.GetWithOrders(t.Context(), none)
		if err != nil || len(rows) != 0 || len(orders) != 0 {
			t.Errorf("of %v: %d rows, %d orders, error %v", none, len(rows), len(orders), err)
		}
	}
	all := ids[order.ID]("o", 130)
	wantRows, wantOrders := map[order.ID]payment.Row{}, map[order.ID]order.Order{}
	for _, id := range all[:110] {
		wantRows[id] = row(id, 1)
		mustPut(t, s, wantRows[id])
	}
	for _, id := range all[20:] {
		wantOrders[id] = recorded(id)
		mustCreate(t, s, wantOrders[id])
	}
	asked := slices.Concat(all, []order.ID{"o1", "o1", "o129"})
	rows, err := s.Payments.GetMany(t.Context(), asked)
	wantError(t, "get many", err, nil)
	wantSame(t, "rows of get many", rows, wantRows)
	rows, orders, err := s.Payments.GetWithOrders(t.Context(), asked)
	wantError(t, "get with orders", err, nil)
	wantSame(t, "rows", rows, wantRows)
	wantSame(t, "orders", orders, wantOrders)
}

func wantRow(t *testing.T, s Stores, want payment.Row) {
	t.Helper()
	got, err := s.Payments.Get(t.Context(), "o1")
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "stored row", got, want)
}
