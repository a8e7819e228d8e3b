package stripesandbox

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/orderflow/orderflow/internal/money"
)

// ErrorType is the type of an API error (https://docs.stripe.com/api/errors).
type ErrorType string

// The types that the sandbox answers with.
const (
	InvalidRequest ErrorType = "invalid_request_error"
	CardError      ErrorType = "card_error"
	APIError       ErrorType = "api_error"
	Idempotency    ErrorType = "idempotency_error"
)

const (
	unexpectedState = "payment_intent_unexpected_state"
	resourceMissing = "resource_missing"
)

// Error is an error of Stripe's API. The ledger returns no other kind.
type Error struct {
	HTTPStatus    int
	Type          ErrorType
	Code          string
	DeclineCode   string
	Message       string
	Param         string
	Charge        string
	PaymentMethod string
	Begun         bool    // the endpoint had begun to work: an idempotency key keeps the error
	Intent        *Intent // how the intent stood after the call, where one was concerned
}

// Error names type and codes; the message, which may quote a parameter, stays out.
func (e *Error) Error() string {
	parts := []string{string(e.Type)}
	for _, code := range []string{e.Code, e.DeclineCode} {
		if code != "" {
			parts = append(parts, code)
		}
	}
	return "stripe: " + strings.Join(parts, ": ")
}

// executed reports whether the endpoint had begun to work when the error arose, which decides whether an idempotency key keeps
// it: refused parameters, rate limits and conflicts leave the key free (https://docs.stripe.com/api/idempotent_requests).
func (e *Error) executed() bool {
	return e.HTTPStatus >= http.StatusInternalServerError || e.Type == CardError || e.Begun
}

// begun marks an error that is about the state of an object, not about the parameters.
func begun(e *Error) *Error {
	e.Begun = true
	return e
}

func badParam(param, code, format string, args ...any) *Error {
	return &Error{HTTPStatus: http.StatusBadRequest, Type: InvalidRequest, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}

func missing(status int, what, param, id string) *Error {
	return &Error{
		HTTPStatus: status, Type: InvalidRequest, Code: resourceMissing, Param: param,
		Message: fmt.Sprintf("No such %s: '%s'", what, id),
	}
}

func wrongState(in Intent, format string, args ...any) *Error {
	e := begun(badParam("", unexpectedState, format, args...))
	e.Intent = &in
	return e
}

func unknownCurrency(code string) *Error {
	var taken []string
	for _, c := range money.Currencies() {
		if c.TakenByStripe() {
			taken = append(taken, strings.ToLower(string(c)))
		}
	}
	return badParam("currency", "", "Invalid currency: %s. Stripe currently supports these currencies: %s", code, strings.Join(taken, ", "))
}

func serverError() *Error {
	return &Error{
		HTTPStatus: http.StatusInternalServerError, Type: APIError,
		Message: "An unknown error occurred.",
	}
}
