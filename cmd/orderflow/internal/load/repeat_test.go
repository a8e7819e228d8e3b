package load_test

import (
	"os"
	"testing"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/order"
)

// Real customers buy the same thing twice on one day. Whoever takes a hash of the purchase for its key loses the second one.
//
// Case: a hash of the body stood in for a key (grape-idempotency#13, novu#4531).
func TestPurchasesThatRepeatAreOrdersOfTheirOwn(t *testing.T) {
	f, err := os.Open("../../../../internal/cdnow/data/CDNOW_sample.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []cdnow.Purchase
	contents := map[cdnow.Purchase]bool{}
	for p, err := range cdnow.Read(f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
		p.Row = 0
		contents[p] = true
	}
	if got, want := len(all)-len(contents), 21; got != want {
		t.Errorf("%d purchases repeat another, want %d", got, want)
	}
	ids := map[order.ID]bool{}
	for _, j := range load.Plan(all, "p", nil) {
		ids[j.Order.OrderID] = true
	}
	if len(ids) != len(all) {
		t.Errorf("%d purchases are %d orders", len(all), len(ids))
	}
}
