package sweeporders_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/telemetry"
)

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

var (
	now    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	limits = sweeporders.Limits{
		RecordedAfter: 5 * time.Minute, PaymentWindow: 24 * time.Hour, CancellingAfter: 15 * time.Minute, UndeliveredWithin: 72 * time.Hour,
	}
)

// recorded is an order as it is recorded, made of the published example.
func recorded(id order.ID, at time.Time) order.Order {
	return order.New(order.Order{
		ID: id, UserID: "u1", Amount: 4200, Currency: "EUR", PlacedBy: "shop-1", PayloadHash: "h", TraceParent: trace,
	}, at)
}

// world is what a sweep meets: tables in memory, a provider and a bus.
type world struct {
	t            *testing.T
	tables       memory.Tables
	now          time.Time
	extra        []order.ID            // stale entries of the index
	brokenOrders map[order.ID]bool     // rows that can't be read
	brokenRows   map[order.ID]bool     // the same of payments
	down         map[string]error      // "list", "orders", "payments" or "notices"
	refuses      map[string]error      // what the bus answers, by order
	notices      []payment.Notice      // undelivered
	since        time.Time             // for which notices were asked
	says         map[string]reconciled // by intent
	perCall      time.Duration         // that a call of the bus takes
	log          bytes.Buffer
	mu           sync.Mutex
	asked        []string // intents that were reconciled
	calls        []int    // sizes of the batches that were published
	rowsRead     []order.ID

	published []event.Event
}

type reconciled struct {
	events []event.Event
	err    error
}

func newWorld(t *testing.T, orders ...order.Order) *world {
	t.Helper()
	w := &world{
		t: t, tables: memory.New(), now: now, brokenOrders: map[order.ID]bool{}, brokenRows: map[order.ID]bool{}, down: map[string]error{},
		refuses: map[string]error{}, says: map[string]reconciled{},
	}
	for _, o := range orders {
		w.store(o)
	}
	return w
}

func (w *world) store(o order.Order) {
	w.t.Helper()
	if _, _, err := w.tables.Orders.Create(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// row stores the payments row of an order.
func (w *world) row(id order.ID, status order.PaymentStatus) {
	w.t.Helper()
	row := payment.Row{OrderID: id, Status: status, Revision: 1, IntentID: "pi_" + string(id), At: now}
	row.Params = payment.Params{Amount: 4200, Currency: "EUR", Customer: "cus_1", PaymentMethod: "pm_1"}
	if err := w.tables.Payments.Put(w.t.Context(), row); err != nil {
		w.t.Fatal(err)
	}
}

// sweep runs one sweep. What was published and logged before is forgotten.
func (w *world) sweep(ctx context.Context) (sweeporders.Summary, error) {
	w.published, w.calls, w.asked, w.rowsRead = nil, nil, nil, nil
	w.log.Reset()
	return sweeporders.Sweep{
		Orders: ordersOf{w}, Payments: paymentsOf{w}, Notices: w, Reconciler: w, Publisher: w,
		Log:    telemetry.New(&w.log, "sweep-orders", func() time.Time { return w.now }),
		Limits: limits, Now: func() time.Time { return w.now },
	}.Sweep(ctx)
}

// mustSweep is a sweep in which nothing fails.
func (w *world) mustSweep() sweeporders.Summary {
	w.t.Helper()
	got, err := w.sweep(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

var errBroken = outcome.Transient("broken_row", errors.New("attribute amount is missing or broken"))

type ordersOf struct{ *world }

func (w ordersOf) ListOpen(ctx context.Context, before time.Time) iter.Seq2[order.ID, error] {
	return func(yield func(order.ID, error) bool) {
		if err := w.down["list"]; err != nil && !yield("", err) {
			return
		}
		for _, id := range w.extra {
			if !yield(id, nil) {
				return
			}
		}
		for id, err := range w.tables.Orders.ListOpen(ctx, before) {
			if !yield(id, err) {
				return
			}
		}
	}
}

func (w ordersOf) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	if err := w.down["orders"]; err != nil {
		return nil, err
	}
	return around(ctx, w.brokenOrders, ids, w.tables.Orders.GetMany)
}

type paymentsOf struct{ *world }

func (w paymentsOf) GetMany(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, error) {
	w.rowsRead = append(w.rowsRead, ids...)
	if err := w.down["payments"]; err != nil {
		return nil, err
	}
	return around(ctx, w.brokenRows, ids, w.tables.Payments.GetMany)
}

// around reads as the tables do: the rows that are not broken, beside an error for those that are.
func around[T any](
	ctx context.Context, broken map[order.ID]bool, ids []order.ID, get func(context.Context, []order.ID) (map[order.ID]T, error),
) (map[order.ID]T, error) {
	rows, err := get(ctx, ids)
	for id := range rows {
		if broken[id] {
			delete(rows, id)
			err = errBroken
		}
	}
	return rows, err
}

func (w *world) Undelivered(_ context.Context, since time.Time, limit int) ([]payment.Notice, error) {
	w.since = since
	if err := w.down["notices"]; err != nil {
		return nil, err
	}
	return w.notices[:min(limit, len(w.notices))], nil
}

func (w *world) Reconcile(_ context.Context, intentID string) ([]event.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, intentID)
	return w.says[intentID].events, w.says[intentID].err
}

func (w *world) Publish(_ context.Context, batch []event.Event) []error {
	time.Sleep(w.perCall) // only in a bubble of synctest
	w.calls = append(w.calls, len(batch))
	errs := make([]error, len(batch))
	for i, e := range batch {
		if errs[i] = w.refuses[e.Subject()]; errs[i] == nil {
			w.published = append(w.published, e)
		}
	}
	return errs
}

// texts are the events that were published, as the bus carries them.
func (w *world) texts() []string {
	w.t.Helper()
	texts := make([]string, len(w.published))
	for i, e := range w.published {
		text, err := events.Encode(e)
		if err != nil {
			w.t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return texts
}

// subjects are the orders that the published events are about, with the type of each.
func (w *world) subjects() []string {
	subjects := []string{}
	for _, e := range w.published {
		subjects = append(subjects, e.Subject()+" "+events.Type(e.Type()).Name())
	}
	return subjects
}

// line is a line of the log.
type line struct {
	Message   string `json:"msg"`
	Notice    string `json:"message_id"`
	Order     string `json:"order"`
	Operation string `json:"operation"`
	Outcome   string `json:"outcome"`
	Code      string `json:"code"`
	Published int    `json:"published"`
}

// lines are the lines of the log but for the last, which is the metrics'.
func (w *world) lines() []line {
	w.t.Helper()
	var lines []line
	for _, text := range slices.Collect(strings.Lines(w.log.String())) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 || lines[len(lines)-1].Message != "metrics" {
		w.t.Fatalf("the log does not end with metrics: %s", w.log.String())
	}
	return lines[:len(lines)-1]
}

// metrics returns the values of the metrics' line.
func (w *world) metrics() map[string]float64 {
	w.t.Helper()
	texts := slices.Collect(strings.Lines(w.log.String()))
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(texts[len(texts)-1]), &fields); err != nil {
		w.t.Fatal(err)
	}
	values := map[string]float64{}
	for name, raw := range fields {
		var value float64
		if json.Unmarshal(raw, &value) == nil {
			values[name] = value
		}
	}
	return values
}

// processed is a fact that a payments row may state, made of the published example.
func processed(t *testing.T, id order.ID) event.Event {
	t.Helper()
	d := eventstest.Data[events.PaymentProcessed](t, "full")
	d.OrderID = id
	e, err := events.New(d, d.ProcessedAt, events.Cause{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
