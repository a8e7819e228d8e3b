package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
)

// through returns an order that went through these statuses after RECORDED.
func through(statuses ...order.Status) order.Order {
	o := order.New(order.Order{ID: "o-1", UserID: "u-1", Amount: 1999, Currency: "USD"}, at)
	for _, s := range statuses {
		o = o.With(order.Change{Version: o.Version + 1, Status: s, At: at.Add(time.Duration(o.Version) * time.Second), Cause: string(s)})
	}
	return o
}

func TestARedriveAsksOrStartsByWhereTheOrderStands(t *testing.T) {
	ask := &events.OrderCancelRequested{OrderID: "o-1", Reason: order.RequestedByOperator, RequestedBy: "operator:kim", SeenVersion: 4}
	for _, c := range []struct {
		order order.Order
		want  redrive
	}{
		{through(order.Paid, order.Cancelling, order.NeedsAttention), redrive{ask: ask}},
		{through(order.Cancelling), redrive{start: &saga.Task{OrderID: "o-1", Version: 2}}},
		{through(order.Cancelling, order.Cancelled), redrive{start: &saga.Task{OrderID: "o-1", Version: 2}}},
		{through(order.Paid, order.Cancelling, order.NeedsAttention, order.Cancelling, order.Refunded), redrive{start: &saga.Task{OrderID: "o-1", Version: 5}}},
	} {
		got, err := planRedrive(c.order, "operator:kim")
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(redrive{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", c.order.Status, err, diff)
		}
	}
	for _, o := range []order.Order{through(), through(order.Paid), through(order.Paid, order.Refunded)} {
		if _, err := planRedrive(o, "operator"); exitCode(err) != exitUsage {
			t.Errorf("%s: got %v, want a usage error", o.Status, err)
		}
	}
}

func TestTheOperatorIsNamedWhereTheNameFits(t *testing.T) {
	for name, want := range map[string]order.Asker{"kim": "operator:kim", "Kim": "operator:kim", "": "operator", "kim@example.com": "operator"} {
		if got := asker(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestRedriveOfAParkedOrderAsksInTheOperatorsName(t *testing.T) {
	s := newStage(t)
	s.orders["o-1"] = through(order.Cancelling, order.NeedsAttention)
	call(t, s, "", "saga", "redrive", "o-1", "--by", "kim").want(t, exitOK, "asked for its cancellation again")
	if len(s.published) != 1 || !strings.Contains(s.published[0], `"requested_by":"operator:kim"`) || !strings.Contains(s.published[0], `"seen_version":3`) {
		t.Errorf("published %v", s.published)
	}
}

func TestRedriveOfAnOrderThatIsCancellingStartsAnExecutionWithIdsAlone(t *testing.T) {
	s := newStage(t)
	s.orders["o-1"] = through(order.Cancelling)
	call(t, s, "", "saga", "redrive", "o-1").want(t, exitOK, "started arn:execution")
	if want := []string{`{"order_id":"o-1","version":2}`}; !slices.Equal(s.executions, want) {
		t.Errorf("started %v, want %v", s.executions, want)
	}
}

func TestRedriveSaysWhatIsNotToBeDone(t *testing.T) {
	s := newStage(t)
	s.orders["o-1"] = through(order.Paid)
	call(t, s, "", "saga", "redrive", "o-1").want(t, exitUsage, "PAID and was never cancelled")
	call(t, s, "", "saga", "redrive", "o-2").want(t, exitNotFound, "no such order")
	call(t, s, "", "saga", "redrive", "o-1", "--by", "kim@example.com").want(t, exitUsage, "--by must be")
	if len(s.published)+len(s.executions) > 0 {
		t.Errorf("published %v, started %v", s.published, s.executions)
	}
}
