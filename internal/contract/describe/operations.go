package describe

import (
	"github.com/orderflow/orderflow/functions/cancelorder"
	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/problem"
)

// access is who may call an operation.
type access int

const (
	byShop       access = iota // with the shop's scope, which the gateway looks at
	byCustomer                 // a customer alone; the function looks at it
	byEither                   // a shop or a customer
	byTheirProof               // no token: the body is signed
)

// success is an answer that is no problem.
type success struct {
	status      int
	description string
	schema      string // component
	headers     []string
	optional    []string // headers that the answer may lack
	follow      bool     // the order can be followed by the answer's order_id
}

// op is one route of the API, as its handler answers it.
type op struct {
	route, id, summary, description string

	access     access
	parameters []parameter
	body       *requestBody
	answers    []success
	problems   []problem.Type
}

// operations lists every route of the API. The tests of this package hold it against the handlers.
func operations() []op {
	return []op{
		{
			route: recordorder.Route, id: "placeOrder", summary: "Place an order",
			description: "Records what a shop's back end orders, once. The order's id is the body's order_id, or is made from the Idempotency-Key; " +
				"the same request again gets the same answer, another one under the same id is refused.",
			access:     byShop,
			parameters: []parameter{idempotencyKey, traceParent},
			body:       &requestBody{Required: true, Content: map[string]media{"application/json": {Schema: ref("PlaceOrder"), Examples: placeOrderExamples()}}},
			answers: []success{{
				202, "The order is recorded. Follow it at Location: it is being paid.", "RecordedOrder", []string{"Location"}, []string{"Idempotent-Replayed"}, true,
			}},
			problems: []problem.Type{
				problem.MalformedBody, problem.NoOrderID, problem.InvalidKey, problem.Forbidden, problem.BodyTooLarge,
				problem.UnsupportedMediaType, problem.InvalidOrder, problem.OrderClash, problem.Internal, problem.Unavailable,
			},
		},
		{
			route: getorder.RouteList, id: "listOrders", summary: "List one's own orders",
			description: "A customer's own orders, newest first, page by page. Orders that come in meanwhile move nothing from one page to another.",
			access:      byCustomer,
			parameters:  []parameter{limit, cursor},
			answers:     []success{{200, "A page of orders.", "OrderPage", nil, nil, false}},
			problems:    []problem.Type{problem.InvalidParameter, problem.Forbidden, problem.Internal, problem.Unavailable},
		},
		{
			route: getorder.RouteOne, id: "getOrder", summary: "Show an order",
			description: "Shows an order to the shop that placed it and to the customer whose it is. To anybody else it does not exist.",
			access:      byEither,
			parameters:  []parameter{orderID},
			answers:     []success{{200, "The order as it stands.", "Order", nil, nil, false}},
			problems:    []problem.Type{problem.Forbidden, problem.NotFound, problem.Internal, problem.Unavailable},
		},
		{
			route: cancelorder.Route, id: "cancelOrder", summary: "Cancel an order",
			description: "Asks for the whole order to be cancelled; what was paid is refunded. Asking again does no harm. There is nothing to say in the body: none and an empty JSON object are the same, and anything else is refused.",
			access:      byEither,
			parameters:  []parameter{orderID, traceParent},
			body:        &requestBody{Content: map[string]media{"application/json": {Schema: ref("Nothing")}}},
			answers: []success{
				{200, "The order is cancelled already.", "Cancellation", []string{"Location"}, nil, true},
				{202, "The cancellation is on its way. Follow it at Location.", "Cancellation", []string{"Location"}, nil, true},
			},
			problems: []problem.Type{
				problem.MalformedBody, problem.Forbidden, problem.NotFound, problem.NotCancellable, problem.BodyTooLarge,
				problem.UnexpectedBody, problem.Internal, problem.Unavailable,
			},
		},
		{
			route: paymentwebhook.Route, id: "receiveNotice", summary: "Take a notice of the payment provider",
			description: "For the payment provider alone. A notice is believed for its signature, never for what it says: the provider is asked, and what it then shows is published.",
			access:      byTheirProof,
			parameters:  []parameter{signature},
			body:        &requestBody{Required: true, Content: map[string]media{"application/json": {Schema: ref("Notice")}}},
			answers:     []success{{200, "The notice was taken.", "Received", nil, nil, false}},
			problems: []problem.Type{
				problem.MalformedBody, problem.InvalidSignature, problem.UnsupportedVersion, problem.BodyTooLarge, problem.Internal, problem.Unavailable,
			},
		},
	}
}
