package describe

import (
	"net/http"
	"slices"

	"github.com/orderflow/orderflow/functions/getorder"
	"github.com/orderflow/orderflow/functions/paymentwebhook"
)

// The parameters of the operations.
var (
	orderID = parameter{
		Name: "order_id", In: "path", Required: true, Description: "The order's id.", Schema: value{Ref: componentPrefix + "OrderId"}, Example: "order-1042",
	}
	idempotencyKey = parameter{
		Name: "Idempotency-Key", In: "header", Schema: value{Type: "string"},
		Description: "Makes the order's id where the body has none. 1 to 255 characters of printable ASCII, bare or as a string in quotes. Not looked at where the body has an order_id.",
	}
	traceParent = parameter{
		Name: "traceparent", In: "header", Schema: value{Type: "string"},
		Description: "W3C trace context, passed on with every event that the request leads to. One that is not valid is passed over.",
	}
	limit = parameter{
		Name: "limit", In: "query", Description: "How many orders a page has at most.",
		Schema: value{Type: "integer", Minimum: 1, Maximum: getorder.MaxLimit, Default: getorder.DefaultLimit},
	}
	cursor = parameter{
		Name: "cursor", In: "query", Description: "The next_cursor of the page before. Not given for the first page.", Schema: value{Type: "string"},
	}
	signature = parameter{
		Name: paymentwebhook.SignatureHeader, In: "header", Description: "The provider's signature over the bytes of the body.", Schema: value{Type: "string"},
	}
)

// headersOf are the headers of answers by their names.
var headersOf = map[string]header{
	"Location":            {Description: "The order's path.", Schema: value{Type: "string"}},
	"Idempotent-Replayed": {Description: "The request came before, and this is the same answer.", Schema: value{Const: "true"}},
	"Retry-After":         {Description: "Seconds to wait before sending the same again.", Schema: value{Type: "integer", Minimum: 1}},
}

// gatewayRefusals says when an API Gateway HTTP API answers by itself
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html).
var gatewayRefusals = map[int]string{
	http.StatusUnauthorized:        "the token is missing, forged, expired or of another pool or client.",
	http.StatusForbidden:           "the token lacks the scope.",
	http.StatusNotFound:            "no route matches, because the id is empty or has a slash.",
	http.StatusTooManyRequests:     "too many requests at once.",
	http.StatusInternalServerError: "the function could not be run.",
	http.StatusServiceUnavailable:  "the function did not answer in time.",
}

// gatewayStatuses lists what the gateway may answer instead of the function.
func (o op) gatewayStatuses() []int {
	statuses := []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if o.access != byTheirProof {
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if o.access == byShop {
		statuses = append(statuses, http.StatusForbidden)
	}
	if slices.ContainsFunc(o.parameters, func(p parameter) bool { return p.In == "path" }) {
		statuses = append(statuses, http.StatusNotFound)
	}
	return statuses
}
