package consumers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/functions/queryuser"
	"github.com/orderflow/orderflow/functions/resolvepayment"
	"github.com/orderflow/orderflow/functions/updateorder"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/user"
)

// world is all that the consumers reach: tables in memory and the provider in this process.
type world struct {
	tables memory.Tables
	stripe *stripe.Client
	parked []deadletter.Letter
	log    bytes.Buffer
}

func now() time.Time { return eventstest.At }

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{tables: memory.New(), stripe: stripetest.New(stripesandbox.New(stripesandbox.Options{Now: now}), now)}
}

// place stores the order and the user that an example speaks of.
func (w *world) place(t *testing.T, example []byte) {
	t.Helper()
	var of ids
	if err := json.Unmarshal(example, &of); err != nil {
		t.Fatal(err)
	}
	buyer := user.User{ID: cmp.Or(of.UserID, "user-7"), Status: user.Active, Email: "ada@example.com", Name: "Ada", Customer: "cus_ada", PaymentMethod: "pm_card_visa"}
	if err := w.tables.Users.Put(t.Context(), buyer); err != nil {
		t.Fatal(err)
	}
	o := order.New(order.Order{
		ID: of.OrderID, UserID: buyer.ID, Amount: of.Amount, Currency: cmp.Or(of.Currency, "USD"), PlacedBy: "shop", PayloadHash: "hash",
	}, now())
	if _, _, err := w.tables.Orders.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// take has a consumer handle a message with this body, and returns how its log says that it ended.
func (w *world) take(t *testing.T, consumer string, body []byte) outcome.Kind {
	t.Helper()
	if consumer == events.Saga {
		return w.begin(t, body)
	}
	runner := sqsbatch.Runner{
		Function: consumer, Stage: w.stage(t, consumer), Publisher: w, DeadLetters: w, Delayer: w,
		Log: telemetry.New(&w.log, consumer, now), Jitter: func() float64 { return 0 }, Now: now,
	}
	answer, err := runner.HandleBatch(t.Context(), message(body))
	if err != nil {
		t.Fatal(err)
	}
	var line struct {
		Outcome outcome.Kind `json:"outcome"`
		Code    outcome.Code `json:"code"`
	}
	if err := json.Unmarshal(w.log.Bytes(), &line); err != nil {
		t.Fatalf("%s logs more than one line: %s", consumer, w.log.Bytes())
	}
	if line.Code == sqsbatch.CodePanic {
		t.Errorf("%s panics", consumer)
	}
	if again := len(answer.BatchItemFailures) > 0; again != (line.Outcome == outcome.KindTransient) {
		t.Errorf("%s ends as %s and answers %+v", consumer, line.Outcome, answer)
	}
	return line.Outcome
}

func (w *world) stage(t *testing.T, consumer string) stage.Preparer {
	t.Helper()
	switch consumer {
	case "query-user":
		return queryuser.Stage{Users: w.tables.Users}
	case "process-payment":
		return processpayment.New(w.tables.Payments, w.stripe, w.stripe, now)
	case "update-order":
		return updateorder.Stage{Orders: w.tables.Orders, Now: now}
	case "notify-user":
		return notifyuser.Stage{
			Users: w.tables.Users, Claims: w.tables.Notifications, Results: w.tables.Notifications, Mailer: w,
			Lease: time.Minute, Now: now, Holder: func() string { return "holder" },
		}
	}
	t.Fatalf("the test does not know the consumer %s of the catalog", consumer)
	return nil
}

// started is what the saga's rule makes of an event, in the first round of the state machine.
type started struct {
	OrderID order.ID `json:"order_id"`
	Version int64    `json:"version"`
	Round   int      `json:"round"`
}

// begin gives the saga's first step what the saga's rule makes of the message.
func (w *world) begin(t *testing.T, body []byte) outcome.Kind {
	t.Helper()
	var in struct {
		Data ids `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		t.Fatal(err)
	}
	task, err := json.Marshal(started{OrderID: in.Data.OrderID, Version: in.Data.Version})
	if err != nil {
		t.Fatal(err)
	}
	runner := sagatask.Runner{
		Step: resolvepayment.Step{
			Orders: w.tables.Orders, Payments: w.tables.Payments,
			Settler: settle.Settler{Rows: w.tables.Payments, Intents: w.stripe, Now: now},
		},
		Publisher: w, Log: telemetry.New(&w.log, "resolve-payment", now), Now: now,
	}
	answer, err := runner.Handle(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Next != saga.Stale {
		return outcome.KindDone
	}
	return outcome.KindStale
}

// Publish refuses what the bus would refuse.
func (w *world) Publish(_ context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	for i, e := range batch {
		_, errs[i] = events.Encode(e)
	}
	return errs
}

// Park keeps a dead letter.
func (w *world) Park(_ context.Context, l deadletter.Letter) error {
	w.parked = append(w.parked, l)
	return nil
}

// Delay does nothing: nothing comes again here.
func (w *world) Delay(context.Context, string, time.Duration) error { return nil }

// Send sends nothing and succeeds.
func (w *world) Send(context.Context, mail.Mail) error { return nil }
