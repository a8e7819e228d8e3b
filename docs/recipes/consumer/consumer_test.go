package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/schemas"
)

// notes keeps tasks by the rule of [Tasks].
type notes struct {
	tasks map[events.OrderID]Task
	err   error
}

func (n *notes) Note(_ context.Context, t Task) error {
	if n.err == nil && t.Version > n.tasks[t.OrderID].Version {
		n.tasks[t.OrderID] = t
	}
	return n.err
}

func body(t *testing.T, change func(*events.OrderUpdated)) string {
	t.Helper()
	raw, err := events.Encode(eventstest.Example(t, "full", change))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// became is an event of order-1.
func became(t *testing.T, status order.Status, version int64) string {
	t.Helper()
	return body(t, func(d *events.OrderUpdated) { d.OrderID, d.Status, d.Version = "order-1", status, version })
}

func handle(t *testing.T, n *notes, bodies ...string) (failed []string, log string) {
	t.Helper()
	var out bytes.Buffer
	h := Handler{Table: n, Log: &out}
	var batch lambdaevents.SQSEvent
	for i, b := range bodies {
		batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: string(rune('a' + i)), Body: b})
	}
	answer, err := h.HandleBatch(t.Context(), batch)
	if err != nil || answer.BatchItemFailures == nil {
		t.Fatalf("got %v, %v: it would bring back, or break, the whole batch", answer, err)
	}
	for _, f := range answer.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed, out.String()
}

func TestTheNewestStatusDecidesWhateverComesTwiceOrLate(t *testing.T) {
	paid, cancelling, refunded := became(t, order.Paid, 2), became(t, order.Cancelling, 3), became(t, order.Refunded, 4)
	for name, c := range map[string]struct {
		bodies []string
		want   Task
	}{
		"paid":             {[]string{paid}, Task{"order-1", 2, Pack}},
		"paid, twice":      {[]string{paid, paid}, Task{"order-1", 2, Pack}},
		"then cancelled":   {[]string{paid, cancelling}, Task{"order-1", 3, Hold}},
		"the other way":    {[]string{cancelling, paid}, Task{"order-1", 3, Hold}},
		"all, backwards":   {[]string{refunded, cancelling, paid}, Task{"order-1", 4, Hold}},
		"replayed in full": {[]string{paid, cancelling, refunded, paid, cancelling}, Task{"order-1", 4, Hold}},
	} {
		t.Run(name, func(t *testing.T) {
			n := &notes{tasks: map[events.OrderID]Task{}}
			if failed, _ := handle(t, n, c.bodies...); len(failed) > 0 {
				t.Errorf("failed %v", failed)
			}
			if diff := cmp.Diff(c.want, n.tasks["order-1"]); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatTheWarehouseDoesNotKnowIsAcknowledged(t *testing.T) {
	n := &notes{tasks: map[events.OrderID]Task{}}
	added := strings.Replace(became(t, order.Cancelled, 4), `"data":{`, `"data":{"added_later":[1],`, 1)
	if failed, _ := handle(t, n, added); len(failed) > 0 || len(n.tasks) > 0 {
		t.Errorf("got failures %v and tasks %v, want none", failed, n.tasks)
	}
}

func TestOnlyWhatFailedComesAgain(t *testing.T) {
	n := &notes{tasks: map[events.OrderID]Task{}}
	other := strings.Replace(became(t, order.Paid, 2), "OrderUpdated.v1", "OrderUpdated.v2", 1)
	secret := `{"name":"Kim"}`
	failed, log := handle(t, n, became(t, order.Paid, 2), other, secret)
	if diff := cmp.Diff([]string{"b", "c"}, failed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if strings.Contains(log, "Kim") || strings.Count(log, "\n") != 3 {
		t.Errorf("got log %s, want three lines that quote nothing", log)
	}
	n.err = errors.New("throttled")
	if failed, _ := handle(t, n, became(t, order.Paid, 3)); len(failed) != 1 {
		t.Errorf("got failures %v, want the one that could not be noted", failed)
	}
}

func TestEveryExampleIsHandled(t *testing.T) {
	examples := schemas.Examples(events.TypeOrderUpdated.Schema(), schemas.Valid)
	if len(examples) < 2 {
		t.Fatalf("found %d examples", len(examples))
	}
	for _, ex := range examples {
		var d events.OrderUpdated
		if err := json.Unmarshal(ex.Text, &d); err != nil {
			t.Fatal(err)
		}
		if failed, log := handle(t, &notes{tasks: map[events.OrderID]Task{}}, body(t, func(to *events.OrderUpdated) { *to = d })); len(failed) > 0 {
			t.Errorf("%s: %s", ex.Name, log)
		}
	}
}

func TestWireNamesWhatIsMissing(t *testing.T) {
	if _, err := wire(t.Context(), func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), "PACKING_TABLE") {
		t.Errorf("got %v, want it to name PACKING_TABLE", err)
	}
	if _, err := wire(t.Context(), func(string) string { return "warehouse-dev-packing" }); err != nil {
		t.Error(err)
	}
}

// Another module cannot import what lies under internal, so this example must not.
func TestOnlyWhatAnybodyMayImportIsImported(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/orderflow/orderflow/"
	var own []string
	for path := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(path), module); ok {
			own = append(own, rest)
		}
	}
	if diff := cmp.Diff([]string{"events"}, own); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
