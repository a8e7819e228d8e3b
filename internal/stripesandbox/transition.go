package stripesandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

var cancelReasons = []string{"duplicate", "fraudulent", "requested_by_customer", "abandoned"}

// takes finds the payment method name, if the intent may be paid with its kind.
func (in *Intent) takes(name string) (method, error) {
	m, ok := methodNamed(name)
	if !ok {
		return method{}, missing(http.StatusBadRequest, "PaymentMethod", "payment_method", name)
	}
	if types := in.PaymentMethodTypes; len(types) > 0 && !slices.Contains(types, m.kind) {
		return method{}, badParam("payment_method", "",
			"The PaymentMethod provided (%s) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types to use this PaymentIntent: %s.",
			m.kind, strings.Join(types, ", "))
	}
	return m, nil
}

// toConfirm says with which payment method a confirmation would charge, or why the intent can't be confirmed.
func (in *Intent) toConfirm(p ConfirmParams) (string, method, error) {
	switch in.Status {
	case Succeeded:
		return "", method{}, wrongState(*in, "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.")
	case Canceled, Processing:
		return "", method{}, wrongState(*in, "You cannot confirm this PaymentIntent because it has a status of %s. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.", in.Status)
	default:
	}
	name := p.PaymentMethod
	if name == "" {
		name = in.PaymentMethod
	}
	if name == "" {
		return "", method{}, wrongState(*in, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.")
	}
	m, err := in.takes(name)
	if err != nil {
		return "", method{}, err
	}
	if in.AllowRedirects && p.ReturnURL == "" {
		return "", method{}, badParam("return_url", "", "This PaymentIntent is configured to accept payment methods that might redirect your customer off of your page, so you must provide a `return_url`. To accept none of those, set `automatic_payment_methods[allow_redirects]` to `never` when creating it.")
	}
	return name, m, nil
}

// cancelable follows Stripe: any state before the end, and processing only in rare cases
// (https://docs.stripe.com/api/payment_intents/cancel).
func (in *Intent) cancelable() bool {
	switch in.Status {
	case RequiresPaymentMethod, RequiresConfirmation, RequiresAction:
		return true
	case Processing:
		m, _ := methodNamed(in.PaymentMethod)
		return m.stuck
	default:
		return false
	}
}

func (in *Intent) capture(now time.Time) {
	in.Status, in.AmountReceived, in.LastError, in.CapturedAt = Succeeded, in.Amount, nil, now
	in.Captures++
}

// fail ends an attempt: the payment method is taken away from the intent, which keeps the error.
func (in *Intent) fail(d decline, m method) {
	e := &Error{
		HTTPStatus: http.StatusPaymentRequired, Type: CardError, Code: d.code, DeclineCode: d.declineCode, Message: d.message,
		Charge: in.LatestCharge, PaymentMethod: in.PaymentMethod,
	}
	if m.kind != "card" {
		e.Type = InvalidRequest
	}
	in.Status, in.LastError, in.PaymentMethod = RequiresPaymentMethod, e, ""
}

// declined is the last error as an answer: with the intent in it.
func (in *Intent) declined() error {
	e, now := *in.LastError, *in
	e.Intent = &now
	return &e
}
