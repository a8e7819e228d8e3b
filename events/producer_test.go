package events_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/internal/order"
)

// roundTrip states d and fails the test unless what goes on the bus is valid and is read back as d.
func roundTrip(t contracttest.TB, j *contracttest.Judge, d events.Data) {
	t.Helper()
	e, err := events.New(d, eventstest.At, events.Cause{})
	if err != nil {
		t.Errorf("%+v was read, and cannot be stated: %v", d, err)
		return
	}
	if v := j.Verdict(t, d.Type().Schema(), e.Data()); !v.Accepts() {
		t.Errorf("%+v is stated as %s, although %+v", d, e.Data(), v)
	}
	raw, err := events.Encode(e)
	if err != nil {
		t.Errorf("encode %s: %v", e.Data(), err)
		return
	}
	again, err := events.Parse(raw)
	if err != nil {
		t.Errorf("parse %s: %v", raw, err)
		return
	}
	got, err := events.DataOf(again)
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("read back, %v (-want +got)\n%s", err, cmp.Diff(d, got))
	}
}

// filler draws what a careless stage might fill in: mostly what is right, now and then any Go value at all.
type filler struct{ *rapid.T }

func (f filler) careless() bool { return rapid.IntRange(0, 15).Draw(f.T, "careless") == 15 }

func (f filler) text(right ...string) string {
	if !f.careless() {
		return rapid.SampledFrom(right).Draw(f.T, "right")
	}
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", " ", "a\n", "a b", "é", "\xff", "\ued7f", "usd", "XXX", "paid", "operator:", "none"}),
		rapid.StringMatching(`[a-z][a-z0-9_]{0,70}`), rapid.String(),
	).Draw(f.T, "text")
}

func (f filler) id() string { return f.text("o", "order-1", "pi_1", "A_9") }

func (f filler) provider() string { return f.text("pi_3Qx", "re_1", "none") }

func (f filler) optional() string { return f.text("", "pm_1") }

func (f filler) reason() events.Reason {
	return events.Reason(f.text("late_payment", "unknown_user", "a"))
}

func (f filler) currency() events.Currency { return events.Currency(f.text("USD", "JPY", "KWD")) }

func (f filler) status() events.Status { return events.Status(f.text("PAID", "NEEDS_ATTENTION")) }

func (f filler) integer(least, most int64) int64 {
	if !f.careless() {
		return rapid.Int64Range(least, most).Draw(f.T, "integer")
	}
	return rapid.OneOf(rapid.SampledFrom([]int64{least - 1, most + 1, -1, 0}), rapid.Int64()).Draw(f.T, "integer")
}

func (f filler) amount() int64 { return f.integer(0, order.MaxAmount) }

func (f filler) version() int64 { return f.integer(1, 999_999_999) }

func (f filler) time() time.Time {
	if !f.careless() {
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(f.T, "second"), rapid.Int64Range(0, 999_999_999).Draw(f.T, "ns")).UTC()
	}
	zone := rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", 1)}).Draw(f.T, "zone")
	return time.Unix(rapid.Int64Range(-1e11, 4e11).Draw(f.T, "second"), 0).In(zone)
}

func (f filler) items() []order.Item {
	var items []order.Item
	for range rapid.IntRange(0, 3).Draw(f.T, "lines") {
		items = append(items, order.Item{SKU: order.SKU(f.text("a", "A.b/c-1")), Quantity: f.integer(1, order.MaxQuantity), UnitAmount: f.amount()})
	}
	return items
}

// data returns data of any type.
func (f filler) data() events.Data {
	id, user := events.OrderID(f.id()), events.UserID(f.id())
	return rapid.SampledFrom([]events.Data{
		events.OrderRecorded{
			OrderID: id, UserID: user, Amount: f.amount(), Currency: f.currency(), Items: f.items(),
			PaymentMethod: f.optional(), RecordedAt: f.time(),
		},
		events.OrderVerified{OrderID: id, UserID: user, Amount: f.amount(), Currency: f.currency(), Customer: f.provider(), PaymentMethod: f.provider()},
		events.OrderRejected{OrderID: id, UserID: user, Reason: f.reason()},
		events.PaymentProcessed{OrderID: id, PaymentID: f.provider(), Amount: f.amount(), Currency: f.currency(), ProcessedAt: f.time()},
		events.PaymentFailed{OrderID: id, PaymentID: f.optional(), Reason: f.reason()},
		events.PaymentRefunded{OrderID: id, PaymentID: f.provider(), RefundID: f.provider(), Amount: f.amount(), Currency: f.currency()},
		events.PaymentRefundFailed{OrderID: id, PaymentID: f.provider(), RefundID: f.provider(), Reason: f.reason()},
		events.PaymentDisputed{OrderID: id, PaymentID: f.provider(), DisputeID: f.provider(), Status: f.reason(), Amount: f.amount(), Currency: f.currency()},
		events.OrderCancelRequested{OrderID: id, Reason: f.reason(), RequestedBy: events.Asker(f.text("customer", "shop", "sweep", "operator:ann")), SeenVersion: f.version()},
		events.OrderUpdated{
			OrderID: id, UserID: user, Status: f.status(), PreviousStatus: f.status(), Version: f.version(),
			Reason: events.Reason(f.text("", "card_declined")), Amount: f.amount(), Currency: f.currency(),
		},
	}).Draw(f.T, "data")
}

// Whatever a stage fills in, New and Encode let only that out which the full validator takes. All events
// are made by New, so this holds for every event that any handler publishes.
func TestNothingLeavesThatTheFullValidatorRefuses(t *testing.T) {
	j := judge(t)
	left, stayed := map[events.Type]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			d := filler{t}.data()
			if !leaves(t, j, d) {
				stayed++
				continue
			}
			left[d.Type()]++
		}
	})
	if stayed == 0 || len(left) < len(events.Catalog()) {
		t.Errorf("got %d refused, and stated %v; want some of each", stayed, left)
	}
}

// leaves reports whether d gets on the bus, and fails the test if it should not, or is read as something else.
func leaves(t *rapid.T, j *contracttest.Judge, d events.Data) bool {
	e, err := events.New(d, eventstest.At, events.Cause{})
	if err != nil {
		return false
	}
	raw, err := events.Encode(e)
	if err != nil {
		return false
	}
	if v := j.Verdict(t, d.Type().Schema(), e.Data()); !v.Accepts() {
		t.Fatalf("%s was published, although %+v", raw, v)
	}
	again, err := events.Parse(raw)
	if err != nil {
		t.Fatalf("%s was published, and is refused by its consumers: %v", raw, err)
	}
	got, err := events.DataOf(again)
	if err != nil {
		t.Fatalf("%s was published, and is refused by its consumers: %v", raw, err)
	}
	if want := fmt.Sprintf("%+v", d); fmt.Sprintf("%+v", got) != want {
		t.Fatalf("got %+v, want %s", got, want)
	}
	return true
}
