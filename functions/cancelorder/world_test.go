package cancelorder_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

var (
	shop      = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-1"}
	otherShop = httpapi.Caller{Kind: httpapi.Shop, ID: "shop-2"}
	owner     = httpapi.Caller{Kind: httpapi.Customer, ID: "u-1", UserID: "u-1"}
	other     = httpapi.Caller{Kind: httpapi.Customer, ID: "u-2", UserID: "u-2"}
)

func callers() map[string]httpapi.Caller {
	return map[string]httpapi.Caller{
		"the shop that placed it": shop, "another shop": otherShop, "the owner": owner, "another customer": other, "nobody known": {},
	}
}

var (
	start = time.Date(2026, 11, 25, 4, 0, 0, 123e6, time.UTC)
	asked = start.Add(time.Hour + 456*time.Microsecond)
)

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// ways says by which statuses an order comes to each.
var ways = map[order.Status][]order.Status{
	order.Paid:           {order.Paid},
	order.Cancelling:     {order.Cancelling},
	order.Cancelled:      {order.Cancelling, order.Cancelled},
	order.Rejected:       {order.Cancelling, order.Rejected},
	order.Refunded:       {order.Paid, order.Cancelling, order.Refunded},
	order.NeedsAttention: {order.Paid, order.Cancelling, order.NeedsAttention},
}

// inStatus returns order o-1 of user u-1, placed by shop-1, that has come to s.
func inStatus(s order.Status) order.Order {
	o := order.New(order.Order{ID: "o-1", UserID: "u-1", Amount: 1999, Currency: "USD", PlacedBy: "shop-1"}, start)
	for _, next := range ways[s] {
		o = o.With(order.Change{Version: o.Version + 1, Status: next, At: start})
	}
	return o
}

// world is what stands around the handler.
type world struct {
	t          *testing.T
	orders     *memory.Orders
	storeFails error
	read       int // times that an order was looked for
	fail       error
	published  []event.Event
	body       string
	now        time.Time
}

func newWorld(t *testing.T) *world {
	return &world{t: t, orders: memory.New().Orders, now: asked}
}

// put makes o the only order there is.
func (w *world) put(o order.Order) {
	w.t.Helper()
	w.orders = memory.New().Orders
	if _, created, err := w.orders.Create(w.t.Context(), o); err != nil || !created {
		w.t.Fatalf("create %s: %v, %v", o.ID, created, err)
	}
}

// Get implements [cancelorder.Orders].
func (w *world) Get(ctx context.Context, id order.ID) (order.Order, error) {
	w.read++
	if w.storeFails != nil {
		return order.Order{}, w.storeFails
	}
	return w.orders.Get(ctx, id)
}

// Publish implements [cancelorder.Publisher].
func (w *world) Publish(_ context.Context, batch []event.Event) []error {
	errs := make([]error, len(batch))
	for i := range errs {
		if errs[i] = w.fail; w.fail == nil {
			w.published = append(w.published, batch[i])
		}
	}
	return errs
}

func (w *world) handler() cancelorder.Handler {
	return cancelorder.Handler{Orders: w, Publisher: w, Now: func() time.Time {
		w.now = w.now.Add(time.Second) // nobody asks twice at the same time
		return w.now.Add(-time.Second)
	}}
}

// cancel asks over a router, with an id as it stands in the path and headers in pairs. Without a caller the token is nobody's.
func (w *world) cancel(ctx context.Context, caller *httpapi.Caller, id string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	mux := http.NewServeMux()
	mux.Handle(cancelorder.Route, w.handler())
	return w.send(ctx, mux, caller, "/orders/"+id+"/cancellation", func(r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
	})
}

// serve asks with an id as a gateway has decoded it.
func (w *world) serve(ctx context.Context, caller *httpapi.Caller, id string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.send(ctx, w.handler(), caller, "/", func(r *http.Request) { r.SetPathValue("order_id", id) })
}

func (w *world) send(ctx context.Context, h http.Handler, caller *httpapi.Caller, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	if caller != nil {
		ctx = httpapi.WithCaller(ctx, *caller)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(w.body))
	change(r)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// only returns the one event that was published.
func (w *world) only() event.Event {
	w.t.Helper()
	if len(w.published) != 1 {
		w.t.Fatalf("published %d events, want 1", len(w.published))
	}
	return w.published[0]
}

// said is a problem as a client reads it.
type said struct {
	Type   problem.Type `json:"type"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
}

func problemIn(t *testing.T, rec *httptest.ResponseRecorder) said {
	t.Helper()
	var p said
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("got %d %q: %v", rec.Code, rec.Body, err)
	}
	if p.Status != rec.Code || rec.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("got status %d and headers %v for %s", rec.Code, rec.Header(), rec.Body)
	}
	return p
}
