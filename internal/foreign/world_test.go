package foreign_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/functions/closeorder"
	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/functions/markaddress"
	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/functions/processpayment"
	"github.com/orderflow/orderflow/functions/queryuser"
	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/functions/refundpayment"
	"github.com/orderflow/orderflow/functions/relayorder"
	"github.com/orderflow/orderflow/functions/resolvepayment"
	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/functions/updateorder"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/dynamostream"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/payment/settle"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/sqsbatch"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Ids that what surrounds a sample has.
const (
	ourMessage = "message-1"
	ourRequest = "request-1"
	ourOrder   = "order-1042"
)

func now() time.Time { return time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC) }

// world is what stands around the functions: empty tables, a provider, and what records all that leaves.
type world struct {
	tables   memory.Tables
	provider *stripe.Client
	log      bytes.Buffer
	route    string // that a request comes over, where it is one of ours

	mu        sync.Mutex
	published int // events
	mails     int
	delayed   int // messages that were made to come again
	parked    []deadletter.Letter
}

func newWorld() *world {
	return &world{
		tables:   memory.New(),
		provider: stripetest.New(stripesandbox.New(stripesandbox.Options{Now: now}), now),
	}
}

// Publish implements every publisher.
func (w *world) Publish(_ context.Context, batch []event.Event) []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published += len(batch)
	return make([]error, len(batch))
}

// Park implements every dead-letter queue.
func (w *world) Park(_ context.Context, l deadletter.Letter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parked = append(w.parked, l)
	return nil
}

// Delay implements [sqsbatch.Delayer].
func (w *world) Delay(context.Context, string, time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delayed++
	return nil
}

// Send implements [notifyuser.Mailer].
func (w *world) Send(context.Context, mail.Mail) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails++
	return nil
}

// signing is a webhook endpoint's secret. It is a [stripe.Secrets].
type signing string

func (s signing) WebhookSecrets(context.Context) ([]string, error) { return []string{string(s)}, nil }

func (s signing) RenewWebhookSecrets(context.Context, []string) ([]string, error) {
	return []string{string(s)}, nil
}

func (w *world) logger(function string) *telemetry.Logger {
	return telemetry.New(&w.log, function, now)
}

func (w *world) settler() settle.Settler {
	return settle.Settler{Rows: w.tables.Payments, Intents: w.provider, Now: now}
}

func (w *world) reconciler() settle.Reconciler {
	return settle.Reconciler{Settler: w.settler(), Read: w.tables.Payments, Returns: w.provider}
}

func (w *world) teller() settle.Teller {
	return settle.Teller{Reconciler: w.reconciler(), Orders: w.tables.Orders}
}

// queueFed returns the runners of the functions that a queue feeds, by their folders.
func (w *world) queueFed() map[string]*sqsbatch.Runner {
	ledger := w.tables.Notifications
	stages := map[string]stage.Preparer{
		"queryuser":      queryuser.Stage{Users: w.tables.Users},
		"processpayment": processpayment.New(w.tables.Payments, w.provider, w.provider, now),
		"updateorder":    updateorder.Stage{Orders: w.tables.Orders, Now: now},
		"notifyuser": notifyuser.Stage{
			Users: w.tables.Users, Claims: ledger, Results: ledger, Mailer: w, Lease: time.Minute, Now: now, Holder: func() string { return "holder" },
		},
		"markaddress": markaddress.Stage{Orders: w.tables.Orders, Users: w.tables.Users},
	}
	runners := map[string]*sqsbatch.Runner{}
	for name, s := range stages {
		runners[name] = &sqsbatch.Runner{
			Function: name, Stage: s, Publisher: w, DeadLetters: w, Delayer: w, Log: w.logger(name), Jitter: func() float64 { return 0 },
		}
	}
	runners["markaddress"].Parse = markaddress.Parse
	return runners
}

// apis returns the handlers of the functions that API Gateway calls, by their folders, with a route of each.
func (w *world) apis() map[string]api {
	handlers := map[string]api{
		"recordorder": {recordorder.Handler{Orders: w.tables.Orders, Now: now}, recordorder.Route},
		"getorder":    {getorder.Handler{Orders: w.tables.Orders}, getorder.RouteOne},
		"cancelorder": {cancelorder.Handler{Orders: w.tables.Orders, Publisher: w, Now: now}, cancelorder.Route},
		"paymentwebhook": {paymentwebhook.Handler{
			Notices: stripe.NewReader(signing("whsec_orderflow"), now), Reconciler: w.teller(), Publisher: w,
		}, paymentwebhook.Route},
	}
	return handlers
}

type api struct {
	handler http.Handler
	route   string
}

func (w *world) gateway(name string, a api) apigateway.Gateway {
	return apigateway.Gateway{Handler: a.handler, Log: w.logger(name), Now: now}
}

// steps returns the saga's steps, by their functions' folders.
func (w *world) steps() map[string]*sagatask.Runner {
	runners := map[string]*sagatask.Runner{}
	for name, step := range map[string]saga.Step{
		"resolvepayment": resolvepayment.Step{Orders: w.tables.Orders, Payments: w.tables.Payments, Settler: w.settler()},
		"refundpayment":  refundpayment.Step{Orders: w.tables.Orders, Reconciler: w.reconciler(), Refunds: w.provider},
		"closeorder":     closeorder.Step{Orders: w.tables.Orders, Payments: w.tables.Payments, Now: now},
	} {
		runners[name] = &sagatask.Runner{Step: step, Publisher: w, Log: w.logger(name)}
	}
	return runners
}

// relay is the stream's function, as its bootstrap puts it together.
func (w *world) relay(ctx context.Context, in lambdaevents.DynamoDBEvent) error {
	records := make([]relayorder.Record, len(in.Records))
	for i, r := range in.Records {
		o, err := dynamostream.Image(r)
		records[i] = relayorder.Record{Name: r.EventName, Sequence: r.Change.SequenceNumber, Order: o, Err: err}
	}
	return relayorder.Relay{Function: "relay-order", Publisher: w, DeadLetters: w, Log: w.logger("relayorder")}.Handle(ctx, records)
}

func (w *world) sweep() sweeporders.Sweep {
	return sweeporders.Sweep{
		Orders: w.tables.Orders, Payments: w.tables.Payments, Notices: w.provider, Reconciler: w.teller(), Publisher: w,
		Log: w.logger("sweeporders"), Now: now,
		Limits: sweeporders.Limits{RecordedAfter: time.Minute, PaymentWindow: time.Hour, CancellingAfter: time.Minute, UndeliveredWithin: time.Hour},
	}
}
