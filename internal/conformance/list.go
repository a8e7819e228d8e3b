package conformance

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

func testList(t *testing.T, open Open) {
	run(t, open, []promise{
		{"a user without orders has an empty list", func(t *testing.T, s Stores) {
			mustCreate(t, s, recorded("o1"))
			page, next, err := s.Orders.ListByUser(t.Context(), "nobody", "", 10)
			if err != nil || len(page) != 0 || next != "" {
				t.Errorf("got %d orders, cursor %q, error %v", len(page), next, err)
			}
		}},
		{"newest first, page by page, only the user's own, as they are now", func(t *testing.T, s Stores) {
			all := createEvery(t, s, "u1", 5, time.Minute)
			createEvery(t, s, "u2", 3, time.Minute)
			all[2] = mustApply(t, s, all[2], paid(all[2]))
			slices.Reverse(all)
			pages := listAll(t, s, "u1", 2)
			wantSame(t, "pages", pages, [][]order.Order{all[:2], all[2:4], all[4:]})
		}},
		{"a full last page is the last", func(t *testing.T, s Stores) {
			createEvery(t, s, "u1", 4, time.Minute)
			if pages := listAll(t, s, "u1", 2); len(pages) != 2 {
				t.Errorf("got %d pages, want 2", len(pages))
			}
		}},
		{"orders of the same millisecond stand on one page each", func(t *testing.T, s Stores) {
			want := createEvery(t, s, "u1", 7, 0)
			got := slices.Concat(listAll(t, s, "u1", 2)...)
			slices.SortFunc(got, func(a, b order.Order) int { return slices.Compare([]byte(a.ID), []byte(b.ID)) })
			wantSame(t, "orders", got, want)
		}},
		{"an order placed meanwhile moves no page", func(t *testing.T, s Stores) {
			all := createEvery(t, s, "u1", 4, time.Minute)
			_, next, err := s.Orders.ListByUser(t.Context(), "u1", "", 2)
			wantError(t, "first page", err, nil)
			newer := recorded("newer")
			newer.RecordedAt = noon.Add(time.Hour)
			mustCreate(t, s, newer)
			page, _, err := s.Orders.ListByUser(t.Context(), "u1", next, 2)
			wantError(t, "second page", err, nil)
			wantSame(t, "second page", page, []order.Order{all[1], all[0]})
		}},
		{"the limit is taken into 1 to 100", func(t *testing.T, s Stores) {
			createEvery(t, s, "u1", 102, time.Millisecond)
			for limit, want := range map[int]int{-1: 1, 0: 1, 1: 1, 100: 100, 101: 100, 1 << 40: 100} {
				page, next, err := s.Orders.ListByUser(t.Context(), "u1", "", limit)
				if err != nil || len(page) != want || next == "" {
					t.Errorf("limit %d: %d orders, cursor %q, error %v; want %d orders and a cursor", limit, len(page), next, err, want)
				}
			}
		}},
		{"a cursor of another user or made up is ErrBadCursor", badCursors},
	})
}

func badCursors(t *testing.T, s Stores) {
	createEvery(t, s, "u1", 3, time.Minute)
	createEvery(t, s, "u2", 3, time.Minute)
	_, own, err := s.Orders.ListByUser(t.Context(), "u1", "", 1)
	wantError(t, "own list", err, nil)
	_, foreign, err := s.Orders.ListByUser(t.Context(), "u2", "", 1)
	wantError(t, "foreign list", err, nil)
	made := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, cursor := range map[string]string{
		"another user's":   foreign,
		"no base64":        "!!!",
		"padded":           base64.URLEncoding.EncodeToString([]byte("u1")),
		"cut short":        own[:len(own)-1],
		"with a tail":      own + "AA",
		"with a line end":  own + "\n",
		"nothing in it":    made("\n\n"),
		"no time":          made("u1\nnever\no1"),
		"time too precise": made("u1\n2026-03-14T12:00:00.0071Z\no1"),
		"no order":         made("u1\n2026-03-14T12:00:00.007Z\n"),
		"odd order":        made("u1\n2026-03-14T12:00:00.007Z\no 1"),
		"a field too many": made("u1\n2026-03-14T12:00:00.007Z\no1\n"),
	} {
		page, next, err := s.Orders.ListByUser(t.Context(), "u1", cursor, 1)
		wantError(t, name, err, order.ErrBadCursor)
		if len(page) != 0 || next != "" {
			t.Errorf("%s: got %d orders and cursor %q", name, len(page), next)
		}
	}
	_, _, err = s.Orders.ListByUser(t.Context(), "u1", own, 1)
	wantError(t, "own cursor", err, nil)
}

// createEvery makes n orders of a user, one every step from noon on, and returns them as stored.
func createEvery(t *testing.T, s Stores, user order.UserID, n int, step time.Duration) []order.Order {
	t.Helper()
	orders := make([]order.Order, n)
	for i, id := range ids[order.ID](string(user)+"-", n) {
		o := recorded(id)
		o.UserID = user
		orders[i] = order.New(o, noon.Add(time.Duration(i)*step))
		mustCreate(t, s, orders[i])
	}
	return orders
}

// listAll reads a user's list to its end.
func listAll(t *testing.T, s Stores, user order.UserID, limit int) (pages [][]order.Order) {
	t.Helper()
	cursor := ""
	for {
		page, next, err := s.Orders.ListByUser(t.Context(), user, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
		if next == "" {
			return pages
		}
		if len(pages) > 100 {
			t.Fatal("the list does not end")
		}
		cursor = next
	}
}
