package order_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

func TestIDs(t *testing.T) {
	cases := map[order.ID]bool{
		"a": true, "order-1_B": true, order.ID(strings.Repeat("x", 64)): true,
		"": false, order.ID(strings.Repeat("x", 65)): false, "a/b": false, "a b": false, "é": false, "a\n": false, "a%2Fb": false,
	}
	for id, want := range cases {
		if got := id.Valid(); got != want {
			t.Errorf("%q: got %t, want %t", id, got, want)
		}
	}
}

// Case: quantity times price ran over (Universal-Commerce-Protocol/samples#194).
func TestSumChecksForOverflow(t *testing.T) {
	line := func(quantity, unit int64) order.Item {
		return order.Item{SKU: "A", Quantity: quantity, UnitAmount: unit}
	}
	cases := []struct {
		name  string
		items []order.Item
		want  int64
		ok    bool
	}{
		{"no lines", nil, 0, true},
		{"two lines", []order.Item{line(2, 1477), line(1, 979)}, 3933, true},
		{"a free line", []order.Item{line(3, 0)}, 0, true},
		{"the largest amount", []order.Item{line(1, order.MaxAmount)}, order.MaxAmount, true},
		{"over the largest amount", []order.Item{line(1, order.MaxAmount), line(1, 1)}, 0, false},
		{"wraps around in 64 bits", []order.Item{line(math.MaxInt64, 2), line(1, 1)}, 0, false},
		{"many large lines", slices.Repeat([]order.Item{line(order.MaxQuantity, order.MaxAmount)}, 200_000), 0, false},
		{"no quantity", []order.Item{line(0, 100)}, 0, false},
		{"a negative quantity", []order.Item{line(-1, 100)}, 0, false},
		{"a negative price", []order.Item{line(1, -100)}, 0, false},
	}
	for _, c := range cases {
		if got, ok := order.Sum(c.items); got != c.want || ok != c.ok {
			t.Errorf("%s: got %d %t, want %d %t", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestTheCodesOfOurOwnAreValid(t *testing.T) {
	for _, r := range order.RejectionReasons() {
		if !r.Valid() {
			t.Errorf("%s is not a valid reason", r)
		}
	}
	for _, r := range []order.Reason{"", "Card", "card declined", "1card", order.Reason(strings.Repeat("x", 65))} {
		if r.Valid() {
			t.Errorf("%q is a valid reason", r)
		}
	}
}

func TestAskers(t *testing.T) {
	for a, want := range map[order.Asker]bool{
		"customer": true, "shop": true, "sweep": true, "operator": true, "operator:kim": true,
		"": false, "operator:": false, "operator:kim@example.com": false, "root": false,
	} {
		if got := a.Valid(); got != want {
			t.Errorf("%q: got %t, want %t", a, got, want)
		}
	}
}

func TestTimesSortAsTheirText(t *testing.T) {
	earlier, later := noon.Add(90*time.Millisecond), noon.Add(100*time.Millisecond)
	if a, b := earlier.Format(order.TimeLayout), later.Format(order.TimeLayout); a >= b {
		t.Errorf("%s is not before %s", a, b)
	}
}

func TestWithDoesNotShareHistory(t *testing.T) {
	o := order.New(order.Order{ID: "order-1"}, noon)
	o.History = slices.Grow(o.History, 8)
	a := o.With(order.Change{Version: 2, Status: order.Paid, Cause: "a"})
	b := o.With(order.Change{Version: 2, Status: order.Cancelling, Cause: "b"})
	if _, ok := a.ChangeCausedBy("a"); !ok {
		t.Errorf("got history %+v after another With, want cause a in it", a.History)
	}
	if b.Status != order.Cancelling {
		t.Errorf("got %s, want CANCELLING", b.Status)
	}
}
