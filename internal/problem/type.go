package problem

import (
	"net/http"
	"slices"
	"strings"
)

// Type identifies a kind of problem: the "type" member of RFC 9457. It is a URN, never a
// page to be fetched, and never changes its meaning.
type Type string

const prefix = "urn:orderflow:problem:"

// The types of problems. [Kinds] says of each when it is met.
const (
	MalformedBody        Type = prefix + "malformed-body"
	InvalidOrder         Type = prefix + "invalid-order"
	BodyTooLarge         Type = prefix + "body-too-large"
	UnsupportedMediaType Type = prefix + "unsupported-media-type"
	NoOrderID            Type = prefix + "no-order-id"
	InvalidKey           Type = prefix + "invalid-idempotency-key"
	OrderClash           Type = prefix + "order-clash"
	UnexpectedBody       Type = prefix + "unexpected-body"
	NotCancellable       Type = prefix + "not-cancellable"
	InvalidSignature     Type = prefix + "invalid-signature"
	UnsupportedVersion   Type = prefix + "unsupported-api-version"
	InvalidParameter     Type = prefix + "invalid-parameter"
	Forbidden            Type = prefix + "forbidden"
	NotFound             Type = prefix + "not-found"
	Unavailable          Type = prefix + "unavailable"
	Internal             Type = prefix + "internal"
)

// Kind is what there is to know of a type of problem.
type Kind struct {
	Type   Type
	Status int // of the answer
	Title  string
	Met    string // when, and what to do
}

var kinds = []Kind{
	{
		MalformedBody, http.StatusBadRequest, "The body is not one JSON value",
		"The body is empty where one is due, is not JSON in UTF-8, has text before or behind the value, or has a name twice in one object. Send another body; errors says where.",
	},
	{
		InvalidOrder, http.StatusUnprocessableEntity, "The body is not a valid order",
		"The body is JSON, but the schema PlaceOrder refuses it, or its items do not add up to its amount. Send another body; errors says what is wrong.",
	},
	{
		BodyTooLarge, http.StatusRequestEntityTooLarge, "The body is too large",
		"The body is over 64 KiB. No valid order is, unless it is blown up with white space.",
	},
	{
		UnsupportedMediaType, http.StatusUnsupportedMediaType, "The body is not application/json",
		"Content-Type is missing or another, its charset is not UTF-8, or the body has a content coding.",
	},
	{
		NoOrderID, http.StatusBadRequest, "The order has no id",
		"The body has no order_id and the request has no Idempotency-Key, so that a repetition could not be told from another order. Send one of the two.",
	},
	{
		InvalidKey, http.StatusBadRequest, "The Idempotency-Key is invalid",
		"The header stands more than once, is empty or over 255 characters, or is not a key of printable ASCII.",
	},
	{
		OrderClash, http.StatusUnprocessableEntity, "The order's id is taken",
		"The id, or the Idempotency-Key, was used before, with another body or by another caller. Sending the same again will not help.",
	},
	{
		UnexpectedBody, http.StatusUnprocessableEntity, "The operation takes no body",
		"The operation takes nothing but the order's id from its path: no body, or an empty JSON object. errors says what stands there.",
	},
	{
		NotCancellable, http.StatusConflict, "The order cannot be cancelled",
		"The order was rejected, so there is nothing to cancel, or somebody has to look at its payment first. detail says which. Sending the same again will not help.",
	},
	{
		InvalidSignature, http.StatusBadRequest, "The webhook's signature is invalid",
		"Stripe-Signature is missing, was made with another secret, over other bytes, or more than 300 seconds ago. Only the payment provider can make one.",
	},
	{
		UnsupportedVersion, http.StatusBadRequest, "The webhook is of another API version",
		"The webhook endpoint at the payment provider is set to a version of its API that this program does not read. detail names both; set the endpoint to ours. Nothing is lost: the sweep asks for what was not taken.",
	},
	{
		InvalidParameter, http.StatusBadRequest, "A parameter of the query is invalid",
		"limit is not a number in its bounds, or cursor was not given out for this list.",
	},
	{
		Forbidden, http.StatusForbidden, "The token may not do this",
		"The token is not an access token of the kind that this operation is for: a shop's to place orders, a customer's to list its own, either to read or cancel one.",
	},
	{
		NotFound, http.StatusNotFound, "There is no such order",
		"The order does not exist, or is neither the caller's own nor placed by it: the two look the same.",
	},
	{
		Unavailable, http.StatusServiceUnavailable, "The service is briefly unavailable",
		"Nothing is known of whether the request took effect. Send the same again after the seconds in Retry-After.",
	},
	{
		Internal, http.StatusInternalServerError, "Something went wrong here",
		"A mistake of the service. Sending the same again does no harm.",
	},
}

// Kinds returns all kinds of problems. The caller may change the slice.
func Kinds() []Kind { return slices.Clone(kinds) }

// Name returns the last part of t, such as "order-clash".
func (t Type) Name() string { return strings.TrimPrefix(string(t), prefix) }

// kind returns what there is to know of t. A type that is not in the table is answered as Internal.
func (t Type) kind() Kind {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Type == t })
	if i < 0 {
		return Internal.kind()
	}
	return kinds[i]
}
