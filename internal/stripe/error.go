package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// answeredError is an error that Stripe answered with.
type answeredError struct {
	status int  // of HTTP
	stored bool // replayed from an idempotency key, instead of working
	err    error
}

func (e *answeredError) Error() string {
	if e.stored {
		return "stored: " + e.err.Error()
	}
	return e.err.Error()
}

func (e *answeredError) Unwrap() error { return e.err }

// keyRefused reports whether Stripe did not take the API key (https://docs.stripe.com/api/errors, 401).
func keyRefused(err error) bool {
	e, ok := errors.AsType[*answeredError](err)
	return ok && e.status == http.StatusUnauthorized
}

// translate says what an error of stripe-go means for a payment. Stripe's message is left out: it may quote parameters.
func translate(err error, meaning func(*stripe.Error) error) error {
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", transportCause(err), payment.ErrUnclear)
	}
	replayed := e.LastResponse != nil && e.LastResponse.Header.Get("Idempotent-Replayed") == "true"
	return &answeredError{e.HTTPStatusCode, replayed, fmt.Errorf("%s: %w", describe(e), meaning(e))}
}

// transportCause names what kept an answer from being read, without quoting any of it.
func transportCause(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Op + ": no answer"
	}
	return "unreadable answer"
}

// describe returns status, type, codes, parameter and request id.
func describe(e *stripe.Error) string {
	parts := []string{strconv.Itoa(e.HTTPStatusCode)}
	for _, s := range []string{string(e.Type), string(e.Code), string(e.DeclineCode), e.Param, e.RequestID} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// meanings of codes that say more than their HTTP status (https://docs.stripe.com/error-codes).
var meanings = map[stripe.ErrorCode]error{
	stripe.ErrorCodePaymentIntentUnexpectedState:   payment.ErrState,
	stripe.ErrorCodeLockTimeout:                    payment.ErrUnclear,
	stripe.ErrorCodePaymentIntentRateLimitExceeded: payment.ErrUnclear,
	stripe.ErrorCodeAPIKeyExpired:                  payment.ErrKey,
	stripe.ErrorCodePlatformAPIKeyExpired:          payment.ErrKey,
	stripe.ErrorCodeSecretKeyRequired:              payment.ErrKey,
	stripe.ErrorCodeTestmodeChargesOnly:            payment.ErrKey,
	stripe.ErrorCodeLivemodeMismatch:               payment.ErrKey,
}

// meaning sorts Stripe's errors by HTTP status, then type, code and parameter (https://docs.stripe.com/api/errors). A 409
// comes first, since a key that is in use is an idempotency error by type.
func meaning(e *stripe.Error) error {
	switch status := e.HTTPStatusCode; {
	case status >= 500, status == http.StatusConflict, status == http.StatusTooManyRequests:
		return payment.ErrUnclear
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return payment.ErrKey
	case status == http.StatusPaymentRequired, e.Type == stripe.ErrorTypeCard:
		return &payment.DeclinedError{Reason: declineReason(e)}
	case e.Type == stripe.ErrorTypeIdempotency:
		return payment.ErrKeyReused
	case meanings[e.Code] != nil:
		return meanings[e.Code]
	case status == http.StatusNotFound:
		return payment.ErrNoIntent
	}
	if reason := refusalReason(e); reason != "" {
		return &payment.DeclinedError{Reason: reason}
	}
	return payment.ErrRefused
}

// refusals are the codes of a 400 that is about what the order asks for (https://docs.stripe.com/error-codes).
var refusals = map[stripe.ErrorCode]order.Reason{
	stripe.ErrorCodeAmountTooSmall:                         order.AmountTooSmall,
	stripe.ErrorCodeAmountTooLarge:                         payment.AmountTooLarge,
	stripe.ErrorCodeChargeExceedsTransactionLimit:          payment.AmountTooLarge,
	stripe.ErrorCodeChargeExceedsSourceLimit:               payment.AmountTooLarge,
	stripe.ErrorCodeAuthenticationRequired:                 order.AuthenticationRequired,
	stripe.ErrorCodePaymentIntentIncompatiblePaymentMethod: payment.PaymentMethodRefused,
	stripe.ErrorCodePaymentIntentMandateInvalid:            payment.PaymentMethodRefused,
	stripe.ErrorCodePaymentIntentPaymentAttemptFailed:      payment.PaymentMethodRefused,
	stripe.ErrorCodePaymentIntentAuthenticationFailure:     order.AuthenticationRequired,
}

// refusalReason returns the reason where a 400 is about what the order asks for, and not about how we ask; else an empty one.
func refusalReason(e *stripe.Error) order.Reason {
	switch {
	case refusals[e.Code] != "":
		return refusals[e.Code]
	case e.Param == "currency":
		return order.CurrencyNotSupported
	case e.Param == "customer":
		return payment.CustomerMissing
	case e.Param == "payment_method" && e.Code == stripe.ErrorCodeResourceMissing:
		return payment.PaymentMethodMissing
	case e.Param == "payment_method", strings.HasPrefix(string(e.Code), "payment_method_"):
		return payment.PaymentMethodRefused
	default:
		return ""
	}
}

// authentications are the codes of a charge that failed because the customer was not there to authenticate it.
var authentications = []stripe.ErrorCode{
	stripe.ErrorCodeAuthenticationRequired, stripe.ErrorCodePaymentIntentAuthenticationFailure,
	"authentication_not_handled", "requires_action_not_handled", // older names, missing from stripe-go
}

// declineReason returns the most telling code of a failed charge: the issuer's decline code, else the error's code
// (https://docs.stripe.com/declines/codes).
func declineReason(e *stripe.Error) order.Reason {
	if slices.Contains(authentications, e.Code) {
		return order.AuthenticationRequired
	}
	for _, code := range []string{string(e.DeclineCode), string(e.Code)} {
		if reason := order.Reason(code); reason.Valid() && code != "generic_decline" {
			return reason
		}
	}
	return order.CardDeclined
}

// unpayable turns money's errors into declines: no repetition and no operator makes such an amount payable.
func unpayable(err error) error {
	switch {
	case errors.Is(err, money.ErrNotTaken), errors.Is(err, money.ErrCurrency):
		return &payment.DeclinedError{Reason: order.CurrencyNotSupported}
	case errors.Is(err, money.ErrIndivisible):
		return &payment.DeclinedError{Reason: payment.AmountIndivisible}
	case errors.Is(err, money.ErrTooLarge):
		return &payment.DeclinedError{Reason: payment.AmountTooLarge}
	default:
		return err
	}
}
