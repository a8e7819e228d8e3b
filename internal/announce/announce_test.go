package announce_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/order"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func cancelling() order.Order {
	o := order.New(order.Order{ID: "o1", UserID: "u1", Amount: 1999, Currency: "EUR", TraceParent: trace}, noon)
	return o.With(order.Change{Version: 2, Status: order.Cancelling, Reason: order.CardDeclined, At: noon.Add(time.Second), Cause: "cause-1"})
}

func TestAChangeIsStatedFromTheRowAlone(t *testing.T) {
	o := cancelling()
	e, err := announce.Updated(o, o.History[1], trace)
	if err != nil {
		t.Fatal(err)
	}
	d, err := events.As[events.OrderUpdated](e)
	if err != nil {
		t.Fatal(err)
	}
	want := events.OrderUpdated{
		OrderID: "o1", UserID: "u1", Status: order.Cancelling, PreviousStatus: order.Recorded, Version: 2, Reason: order.CardDeclined, Amount: 1999, Currency: "EUR",
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if events.CausationID(e) != "cause-1" || events.TraceParent(e) != trace || !e.Time().Equal(noon.Add(time.Second)) {
		t.Errorf("got cause %s, trace %s, time %s", events.CausationID(e), events.TraceParent(e), e.Time())
	}
	if got := announce.UpdatedID("o1", 2); got != e.ID() {
		t.Errorf("got id %s by UpdatedID, want the event's %s", got, e.ID())
	}
}

func TestTheRecordingIsStatedAlikeWhateverHappensLater(t *testing.T) {
	o := cancelling()
	later, err := announce.Recorded(o)
	if err != nil {
		t.Fatal(err)
	}
	first, err := announce.Recorded(order.New(o, noon))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), later.String()); diff != "" {
		t.Errorf("(-first +later)\n%s", diff)
	}
}

func TestARowThatTheSchemaRefusesIsAnError(t *testing.T) {
	o := cancelling()
	o.Amount = -1
	if _, err := announce.Updated(o, o.History[1], ""); err == nil {
		t.Error("got no error for a negative amount")
	}
	if _, err := announce.Recorded(o); err == nil {
		t.Error("got no error for a negative amount")
	}
}
