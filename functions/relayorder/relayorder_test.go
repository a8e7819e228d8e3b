package relayorder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/relayorder"
	"github.com/orderflow/orderflow/internal/announce"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/telemetry"
)

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

var recordedAt = time.Date(2026, 11, 25, 4, 0, 1, 123e6, time.UTC)

// row is an order as recorded, made of the published example.
func row(t testing.TB, id order.ID) order.Order {
	t.Helper()
	d := eventstest.Data[events.OrderRecorded](t, "full")
	return order.New(order.Order{
		ID: id, UserID: d.UserID, Amount: d.Amount, Currency: d.Currency, Items: d.Items, PaymentMethod: d.PaymentMethod,
		PlacedBy: "shop-1", PayloadHash: "h", TraceParent: trace,
	}, recordedAt)
}

func insert(o order.Order) relayorder.Record {
	return relayorder.Record{Name: relayorder.ChangeInsert, Sequence: "1000" + string(o.ID), Order: o}
}

func unreadable(id order.ID) relayorder.Record {
	return relayorder.Record{Name: relayorder.ChangeInsert, Sequence: "1000" + string(id), Order: order.Order{ID: id}, Err: errors.New("attribute amount is missing")}
}

// outside is a bus, a dead-letter queue and a log. An order in fails is refused by the bus with that error.
type outside struct {
	calls     [][]string // ids of orders, for each call of Publish
	published []event.Event
	fails     map[string]error
	parked    []deadletter.Letter
	noParking error
	log       bytes.Buffer
}

func (o *outside) Publish(_ context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	var call []string
	for i, e := range batch {
		call = append(call, e.Subject())
		if errs[i] = o.fails[e.Subject()]; errs[i] == nil {
			o.published = append(o.published, e)
		}
	}
	o.calls = append(o.calls, call)
	return errs
}

func (o *outside) Park(_ context.Context, l deadletter.Letter) error {
	if o.noParking != nil {
		return o.noParking
	}
	o.parked = append(o.parked, l)
	return nil
}

func (o *outside) handle(t *testing.T, records ...relayorder.Record) error {
	t.Helper()
	relay := relayorder.Relay{
		Function: "relay-order", Publisher: o, DeadLetters: o,
		Log: telemetry.New(&o.log, "relay-order", func() time.Time { return recordedAt }),
	}
	return relay.Handle(t.Context(), records)
}

// line is a line of the log.
type line struct {
	MessageID string `json:"message_id"`
	Order     string `json:"order"`
	EventID   string `json:"event_id"`
	Type      string `json:"type"`
	Trace     string `json:"trace"`
	Outcome   string `json:"outcome"`
	Code      string `json:"code"`
	Published int    `json:"published"`
}

func (o *outside) lines(t *testing.T) []line {
	t.Helper()
	var lines []line
	for text := range strings.Lines(o.log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestNewOrderIsStatedAsItWasRecorded(t *testing.T) {
	var out outside
	if err := out.handle(t, insert(row(t, "o-1"))); err != nil {
		t.Fatal(err)
	}
	if len(out.published) != 1 {
		t.Fatalf("got %d events, want 1", len(out.published))
	}
	e := out.published[0]
	got, err := events.As[events.OrderRecorded](e)
	if err != nil {
		t.Fatal(err)
	}
	want := eventstest.Data[events.OrderRecorded](t, "full")
	want.OrderID, want.RecordedAt = "o-1", recordedAt
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if !e.Time().Equal(recordedAt) || e.Source() != string(events.SourceOrders) || events.TraceParent(e) != trace || events.CausationID(e) != "" {
		t.Errorf("got time %v, source %s, trace %q, cause %q", e.Time(), e.Source(), events.TraceParent(e), events.CausationID(e))
	}
	wantLine := []line{{
		MessageID: "1000o-1", Order: "o-1", EventID: e.ID(), Type: "com.orderflow.OrderRecorded.v1",
		Trace: "4bf92f3577b34da6a3ce929d0e0e4736", Outcome: "done", Published: 1,
	}}
	if diff := cmp.Diff(wantLine, out.lines(t)); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// Case: a redelivered stream record had another event id (floci#3262).
func TestRedeliveryPublishesTheVerySameEvent(t *testing.T) {
	var out outside
	record := insert(row(t, "o-1"))
	for range 2 {
		if err := out.handle(t, record); err != nil {
			t.Fatal(err)
		}
	}
	var texts []string
	for _, e := range out.published {
		text, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if len(texts) != 2 || texts[0] != texts[1] {
		t.Errorf("got %v, want the same twice", texts)
	}
}

func TestFactIsTheSameAfterTheOrderMovedOn(t *testing.T) {
	o := row(t, "o-1")
	before, err := announce.Recorded(o)
	if err != nil {
		t.Fatal(err)
	}
	after, err := announce.Recorded(o.With(order.Change{Version: 2, Status: order.Paid, At: recordedAt.Add(time.Hour), Cause: "e"}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Errorf("event (-before +after):\n%s", diff)
	}
}

func TestAllOfABatchIsPublishedTogether(t *testing.T) {
	var out outside
	if err := out.handle(t, insert(row(t, "o-1")), insert(row(t, "o-2")), insert(row(t, "o-3"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"o-1", "o-2", "o-3"}}, out.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Case: removed or changed rows were announced as new (iam-identity-center-team#558, aws-lambda-stream#426).
func TestOnlyNewRowsStateAnything(t *testing.T) {
	records := []relayorder.Record{
		{Name: "REMOVE", Sequence: "1"}, // also by time to live: without an image
		{Name: "MODIFY", Sequence: "2", Order: row(t, "o-2")},
		{Name: "MODIFY", Sequence: "3", Err: errors.New("unreadable")},
		{Name: "", Sequence: "4"},
	}
	var out outside
	if err := out.handle(t, records...); err != nil {
		t.Fatal(err)
	}
	if len(out.calls) != 0 || len(out.parked) != 0 {
		t.Errorf("got %d calls and %d dead letters, want none", len(out.calls), len(out.parked))
	}
	lines := out.lines(t)
	if len(lines) != len(records) {
		t.Fatalf("got %d log lines, want %d", len(lines), len(records))
	}
	for _, l := range lines {
		if l.Code != "not_an_insert" || l.Outcome != "done" {
			t.Errorf("got %+v, want done, not_an_insert", l)
		}
	}
}

// Case: one bad stream record blocked the shard (wellcomecollection/platform#954).
func TestRecordThatCanNeverBePublishedIsParkedAndTheRestGoesOn(t *testing.T) {
	refused := row(t, "o-3")
	refused.Amount = -1
	var records []relayorder.Record
	for i := range 9 {
		records = append(records, insert(row(t, order.ID(fmt.Sprintf("n-%d", i)))))
	}
	records = append(records, unreadable("o-2"), insert(refused))
	out := outside{fails: map[string]error{"n-8": outcome.Permanent("bus_refused", errors.New("over 64 KiB"))}}
	if err := out.handle(t, records...); err != nil {
		t.Fatal(err)
	}
	if got := len(out.published); got != 8 {
		t.Errorf("got %d events, want 8", got)
	}
	want := []deadletter.Letter{
		{
			Body:   `{"order_id":"n-8","event_name":"INSERT","sequence_number":"1000n-8"}`,
			Reason: "permanent: bus_refused: over 64 KiB", Function: "relay-order", Code: "bus_refused",
		},
		{
			Body:   `{"order_id":"o-2","event_name":"INSERT","sequence_number":"1000o-2"}`,
			Reason: "permanent: unreadable_row: attribute amount is missing", Function: "relay-order", Code: relayorder.CodeUnreadable,
		},
		{
			Body:   `{"order_id":"o-3","event_name":"INSERT","sequence_number":"1000o-3"}`,
			Reason: "permanent: event_refused: new event com.orderflow.OrderRecorded.v1: /amount must be from 0 to 99999999 minor units", Function: "relay-order", Code: relayorder.CodeRefused,
		},
	}
	if diff := cmp.Diff(want, out.parked); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
}

func TestWhatTheBusDidNotTakeBringsTheWholeBatchAgain(t *testing.T) {
	down := outcome.Transient("publish_failed", errors.New("entry failed: ThrottlingException"))
	out := outside{fails: map[string]error{"o-2": down}}
	records := []relayorder.Record{insert(row(t, "o-1")), insert(row(t, "o-2")), unreadable("o-3"), insert(row(t, "o-4"))}
	err := out.handle(t, records...)
	if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != "publish_failed" {
		t.Errorf("got %v, want the bus's transient error", err)
	}
	if len(out.published) != 2 {
		t.Errorf("got %d events, want those of the other two", len(out.published))
	}
	if len(out.parked) != 0 {
		t.Errorf("got %d dead letters, want none before the batch goes through", len(out.parked))
	}

	out.fails = nil
	if err := out.handle(t, records...); err != nil {
		t.Fatal(err)
	}
	if len(out.published) != 5 || len(out.parked) != 1 {
		t.Errorf("got %d events and %d dead letters, want 5 and 1", len(out.published), len(out.parked))
	}
}

func TestErrorWithoutAKindBringsTheBatchAgain(t *testing.T) {
	out := outside{fails: map[string]error{"o-1": context.DeadlineExceeded}}
	if err := out.handle(t, insert(row(t, "o-1"))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestRecordThatCannotBeParkedComesAgain(t *testing.T) {
	out := outside{noParking: errors.New("no such queue")}
	err := out.handle(t, unreadable("o-1"), insert(row(t, "o-2")))
	if _, code := outcome.Of(err); code != relayorder.CodeNotParked {
		t.Errorf("got %v, want code not_parked", err)
	}
	if lines := out.lines(t); lines[0].Outcome != "transient" || lines[0].Code != "not_parked" || lines[1].Published != 1 {
		t.Errorf("got log %+v", lines)
	}
}

func TestEmptyBatchDoesNothing(t *testing.T) {
	var out outside
	if err := out.handle(t); err != nil || len(out.calls) != 0 || out.log.Len() != 0 {
		t.Errorf("got %v, %d calls, log %q", err, len(out.calls), out.log.String())
	}
}
