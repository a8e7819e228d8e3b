// Package sweeporders finds, on a schedule, what got stuck: orders that wait for too long, and events of the payment provider that no webhook brought.
//
// It repeats facts and asks for cancellations, and changes no order itself. Every
// stage returns what it decided before, so a sweep during normal traffic, two at
// once, or one that is cut short and begun again change nothing that was right.
package sweeporders

import (
	"context"
	"iter"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// Orders is the orders table.
type Orders interface {
	// ListOpen lists the orders that have been open since before or longer, the oldest first, as an index shows them: some may be closed, or
	// gone. After an error the list may go on.
	ListOpen(ctx context.Context, before time.Time) iter.Seq2[order.ID, error]
	// GetMany returns those of the orders that there are, read consistently. Beside an error it returns those that could be
	// read, nil where nothing could.
	GetMany(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error)
}

// Payments is the payments table.
type Payments interface {
	// GetMany returns those of the orders' rows that there are, read consistently. Beside an error it returns those that could be
	// read, nil where nothing could.
	GetMany(ctx context.Context, ids []order.ID) (map[order.ID]payment.Row, error)
}

// Notices shows what the payment provider could not tell.
type Notices interface {
	// Undelivered returns at most limit of the provider's events since then whose delivery failed or is still under way. Its
	// errors are those of package payment.
	Undelivered(ctx context.Context, since time.Time, limit int) ([]payment.Notice, error)
}

// Reconciler does what a webhook about an intent would have done. It may be used by many goroutines at once.
type Reconciler interface {
	// Reconcile brings the payments row of the intent's order up to date and returns all that it says then.
	Reconcile(ctx context.Context, intentID string) ([]event.Event, error)
}

// Publisher publishes events.
type Publisher interface {
	// Publish returns one error for each event, in the same order; nil where the bus has the event.
	Publish(ctx context.Context, batch []event.Event) []error
}

// Bounds of what one sweep holds in memory and asks of others at once.
const (
	chunkSize  = 100 // orders read and published together: what one BatchGetItem takes
	maxNotices = 5000
	workers    = 8 // intents reconciled side by side, below the provider's 100 calls a second
)

// CodeUnfinished is logged where the time was up before all was looked at.
const CodeUnfinished outcome.Code = "unfinished"

// Sweep is the function. All fields are required.
type Sweep struct {
	Orders     Orders
	Payments   Payments
	Notices    Notices
	Reconciler Reconciler
	Publisher  Publisher
	Log        *telemetry.Logger
	Limits     Limits
	Now        func() time.Time
}

// Summary is what came of a sweep.
type Summary struct {
	Reannounced       int   `json:"reannounced"`
	CancelRequested   int   `json:"cancel_requested"`
	SagaRestarted     int   `json:"saga_restarted"`
	WebhooksRecovered int   `json:"webhooks_recovered"` // intents whose facts were stated
	Disputes          int   `json:"disputes"`           // new ones that no webhook brought
	RefundFailures    int   `json:"refund_failures"`    // new ones that no webhook brought
	Failed            int   `json:"failed"`
	OldestOpenSeconds int64 `json:"oldest_open_seconds"` // age of the oldest open order that was looked at, 0 where none is over the shortest limit
	Unfinished        bool  `json:"unfinished"`          // the time was up; the next sweep goes on
}

// Sweep does what is due and says what it did. It ends before ctx does. The error, which names the first of what failed,
// says that something is left that the next sweep will try again; all else was done nevertheless.
func (s Sweep) Sweep(ctx context.Context) (Summary, error) {
	r := &run{Sweep: s, now: s.Now()}
	work, cancel := share(ctx, 11, 12)
	defer cancel()
	forOrders, cancel := share(ctx, 2, 3)
	defer cancel()
	forNotices, cancel := share(ctx, 5, 6)
	defer cancel()

	r.orders(work, forOrders)
	r.notices(work, forNotices)
	if r.summary.Unfinished {
		r.Log.Fault(telemetry.Fault{Operation: "sweep", Code: CodeUnfinished})
	}
	r.measure()
	return r.summary, r.failure()
}

// share returns a context that ends when parts of all parts of the time that ctx has left are over, and with ctx where that never ends.
func share(ctx context.Context, parts, all time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)*parts/all)
}
