package describe_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	lambda "github.com/aws/aws-lambda-go/events"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/memory"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/schemas"
)

var start = time.Date(2026, 11, 25, 4, 0, 0, 123e6, time.UTC)

// orders are tables of orders that can be out of order themselves.
type orders struct {
	*memory.Orders
	err    error
	panics bool
}

func (o *orders) fault() error {
	if o.panics {
		panic("a mistake")
	}
	return o.err
}

func (o *orders) Get(ctx context.Context, id order.ID) (order.Order, error) {
	if err := o.fault(); err != nil {
		return order.Order{}, err
	}
	return o.Orders.Get(ctx, id)
}

func (o *orders) Create(ctx context.Context, n order.Order) (order.Order, bool, error) {
	if err := o.fault(); err != nil {
		return order.Order{}, false, err
	}
	return o.Orders.Create(ctx, n)
}

func (o *orders) ListByUser(ctx context.Context, user order.UserID, cursor string, limit int) ([]order.Order, string, error) {
	if err := o.fault(); err != nil {
		return nil, "", err
	}
	return o.Orders.ListByUser(ctx, user, cursor, limit)
}

// bus takes every event.
type bus struct{}

func (bus) Publish(_ context.Context, batch []event.Event) []error { return make([]error, len(batch)) }

// provider answers for the payment provider: what the notice's signature says comes out as its error.
type provider struct{ stated []event.Event }

func (p provider) Read(_ context.Context, _ []byte, signature string) (payment.Notice, error) {
	failures := map[string]error{
		"": payment.ErrForged, "old": payment.ErrOld, "version": payment.ErrAPIVersion, "notice": payment.ErrNotice, "key": payment.ErrKey,
	}
	if signature == "panic" {
		panic("a mistake")
	}
	return payment.Notice{ID: "evt_1", IntentID: "pi_1"}, failures[signature]
}

func (p provider) Reconcile(context.Context, string) ([]event.Event, error) { return p.stated, nil }

// api is every handler behind its gateway, over the same tables.
type api struct {
	orders *orders
	routes map[string]apigateway.Gateway
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{orders: &orders{Orders: memory.New().Orders}}
	now := func() time.Time { return start }
	behind := func(h http.Handler) apigateway.Gateway {
		return apigateway.Gateway{Handler: h, Log: telemetry.New(io.Discard, "api", now), Now: now}
	}
	p := provider{[]event.Event{eventstest.Example[events.PaymentProcessed](t, "full")}}
	show := behind(getorder.Handler{Orders: a.orders})
	a.routes = map[string]apigateway.Gateway{
		recordorder.Route:    behind(recordorder.Handler{Orders: a.orders, Now: now}),
		getorder.RouteOne:    show,
		getorder.RouteList:   show,
		cancelorder.Route:    behind(cancelorder.Handler{Orders: a.orders, Publisher: bus{}, Now: now}),
		paymentwebhook.Route: behind(paymentwebhook.Handler{Notices: p, Reconciler: p, Publisher: bus{}}),
	}
	return a
}

// put stores an order of user u-1, placed by shop-1, that has come to the statuses given.
func (a *api) put(t *testing.T, id order.ID, through ...order.Status) {
	t.Helper()
	o := order.New(order.Order{
		ID: id, UserID: "u-1", Amount: 3, Currency: "JPY", Items: []order.Item{{SKU: "s", Quantity: 3, UnitAmount: 1}}, PlacedBy: "shop-1",
	}, start)
	for _, s := range through {
		o = o.With(order.Change{Version: o.Version + 1, Status: s, Reason: order.CardDeclined, At: start})
	}
	if _, created, err := a.orders.Orders.Create(t.Context(), o); err != nil || !created {
		t.Fatalf("create %s: %t, %v", id, created, err)
	}
}

// ask is one request.
type ask struct {
	route, id, query, body string
	headers                map[string]string
	claims                 map[string]string
}

var (
	shop     = map[string]string{"token_use": "access", "client_id": "shop-1", "sub": "shop-1", "scope": "orderflow/shop"}
	customer = map[string]string{"token_use": "access", "client_id": "app", "sub": "u-1"}
	nobody   = map[string]string{"token_use": "id", "sub": "u-1"}
)

func (a *api) send(t *testing.T, q ask) lambda.APIGatewayV2HTTPResponse {
	t.Helper()
	method, path, _ := strings.Cut(q.route, " ")
	in := lambda.APIGatewayV2HTTPRequest{
		RouteKey: q.route, RawPath: strings.ReplaceAll(path, "{order_id}", q.id), RawQueryString: q.query, Body: q.body,
		Headers: q.headers, PathParameters: map[string]string{"order_id": q.id},
	}
	in.RequestContext.HTTP.Method = method
	if q.claims != nil {
		in.RequestContext.Authorizer = &lambda.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &lambda.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: q.claims},
		}
	}
	out, err := a.routes[q.route].Handle(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// requests are made so that every answer that a handler can give is given.
func requests(t *testing.T, a *api) []ask {
	t.Helper()
	a.put(t, "recorded")
	a.put(t, "paid", order.Paid)
	a.put(t, "cancelling", order.Cancelling)
	a.put(t, "cancelled", order.Cancelling, order.Cancelled)
	a.put(t, "rejected", order.Cancelling, order.Rejected)
	a.put(t, "attention", order.Cancelling, order.NeedsAttention)
	asJSON := func(more ...string) map[string]string {
		h := map[string]string{"content-type": "application/json"}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	const minimal = `{"order_id":"new","user_id":"u-1","amount":1,"currency":"USD"}`
	const keyed = `{"user_id":"u-1","amount":1,"currency":"USD"}`
	large := strings.Repeat(" ", 300<<10) + "{}"
	post := func(body string, headers map[string]string) ask {
		return ask{route: recordorder.Route, body: body, headers: headers, claims: shop}
	}
	cancel := func(id, body string) ask {
		return ask{route: cancelorder.Route, id: id, body: body, claims: customer}
	}
	list := func(query string) ask { return ask{route: getorder.RouteList, query: query, claims: customer} }
	notice := func(signature string) ask {
		return ask{route: paymentwebhook.Route, body: "{}", headers: map[string]string{"stripe-signature": signature}}
	}
	all := []ask{
		post(minimal, asJSON()), post(minimal, asJSON()), post(keyed, asJSON("idempotency-key", "k")),
		post(strings.Replace(minimal, "1,", "2,", 1), asJSON()), post(keyed, asJSON()), post(keyed, asJSON("idempotency-key", "")),
		post("{", asJSON()), post("{}", asJSON()), post(large, asJSON()), post(minimal, nil),
		{route: recordorder.Route, body: minimal, headers: asJSON(), claims: customer},
		list(""), list("limit=1"), list("limit=x"), list("cursor=x"),
		{route: getorder.RouteList, claims: shop},
		{route: getorder.RouteOne, id: "cancelled", claims: shop},
		{route: getorder.RouteOne, id: "none", claims: customer},
		{route: getorder.RouteOne, id: "paid", claims: nobody},
		cancel("recorded", ""), cancel("paid", "{}"), cancel("cancelling", ""), cancel("cancelled", ""), cancel("rejected", ""), cancel("attention", ""),
		cancel("none", ""), cancel("paid", "{"), cancel("paid", `{"items":[]}`), cancel("paid", large),
		{route: cancelorder.Route, id: "paid", claims: nobody},
		notice("right"), notice(""), notice("old"), notice("version"), notice("notice"), notice("key"), notice("panic"),
		{route: paymentwebhook.Route, body: large},
	}
	for _, ex := range schemas.Examples(schemas.PlaceOrder, schemas.Valid) {
		all = append(all, post(string(ex.Text), asJSON("idempotency-key", ex.Name)))
	}
	for _, ex := range schemas.Examples(schemas.PlaceOrder, schemas.Invalid) {
		all = append(all, post(string(ex.Text), asJSON("idempotency-key", ex.Name)))
	}
	return all
}

// broken are requests that meet tables that are out of order.
func broken() []ask {
	return []ask{
		{route: recordorder.Route, body: `{"order_id":"b","user_id":"u-1","amount":1,"currency":"USD"}`, headers: map[string]string{"content-type": "application/json"}, claims: shop},
		{route: getorder.RouteOne, id: "paid", claims: customer},
		{route: getorder.RouteList, claims: customer},
		{route: cancelorder.Route, id: "paid", claims: customer},
	}
}
