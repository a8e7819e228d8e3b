package stripe

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Refunds returns every refund of an intent, whoever asked for it, oldest first. The error is one of payment's.
func (c *Client) Refunds(ctx context.Context, intentID string) ([]payment.Refund, error) {
	refunds, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) ([]payment.Refund, error) {
		params := &stripe.RefundListParams{ListParams: page(), PaymentIntent: stripe.String(intentID)}
		return collect(ctx, api.V1Refunds.List(ctx, params), refundOf)
	})
	if err != nil {
		return nil, fmt.Errorf("list refunds of payment intent %s: %w", intentID, err)
	}
	return refunds, nil
}

// GiveBack asks for a refund. A nil error says that Stripe took the request, not that the money is back: look at the refunds. The error is
// one of payment's: payment.ErrGivenBack where no money, or less than was asked for, is left to give back, and a
// *payment.DeclinedError where Stripe refuses this refund, for instance because the charge is disputed or the balance is too low.
//
// Any error that Stripe stored under the key is asked for anew under a later one, also a refusal: what it was refused for may be mended
// since. That is safe, because Stripe never refunds more than was captured and a request is always for all that remains: where the
// first call took effect all the same, the second finds nothing left.
func (c *Client) GiveBack(ctx context.Context, r payment.RefundRequest) error {
	amount, err := money.ToStripe(r.Amount, r.Currency)
	if err != nil {
		return fmt.Errorf("refund order %s: %w", r.OrderID, unpayable(err))
	}
	key := refundKey(r.OrderID, r.Number, amount)
	err = c.giveBack(ctx, key, r, amount)
	if e, ok := errors.AsType[*answeredError](err); ok && e.stored {
		err = c.giveBack(ctx, laterKey(key, c.now()), r, amount)
	}
	if err != nil {
		return fmt.Errorf("refund order %s: %w", r.OrderID, err)
	}
	return nil
}

// giveBack sends the same bytes for the same arguments, or Stripe would refuse the key.
func (c *Client) giveBack(ctx context.Context, key string, r payment.RefundRequest, amount int64) error {
	_, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) (payment.Refund, error) {
		params := &stripe.RefundCreateParams{
			PaymentIntent: stripe.String(r.IntentID),
			Amount:        stripe.Int64(amount),
			Metadata:      map[string]string{orderKey: string(r.OrderID)},
		}
		params.IdempotencyKey = stripe.String(key)
		refund, err := api.V1Refunds.Create(ctx, params)
		if err != nil {
			return payment.Refund{}, translate(err, refundMeaning)
		}
		return refundOf(refund)
	})
	return err
}

// refundKey returns the idempotency key of an order's refund. The amount is in it, since an older refund that fails meanwhile changes the
// remainder and not the number.
func refundKey(id order.ID, number int, amount int64) string {
	return "refund-" + string(id) + "-" + strconv.Itoa(number) + "-" + strconv.FormatInt(amount, 10)
}

// refundOf reads a refund (https://docs.stripe.com/api/refunds/object).
func refundOf(r *stripe.Refund) (payment.Refund, error) {
	amount, err := minor(r.Amount, r.Currency)
	if err != nil || r.ID == "" {
		return payment.Refund{}, fmt.Errorf("answer is no refund: %w", payment.ErrUnclear)
	}
	out := payment.Refund{ID: r.ID, Amount: amount}
	switch r.Status {
	case stripe.RefundStatusPending, stripe.RefundStatusRequiresAction, stripe.RefundStatusSucceeded:
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		out.Failed, out.Reason = true, reasonOr(string(r.FailureReason), order.RefundFailed)
	default:
		return payment.Refund{}, fmt.Errorf("refund %s has an unknown status: %w", r.ID, payment.ErrUnclear)
	}
	return out, nil
}

// refundMeaning is meaning for an error of asking for a refund: what Stripe says of the charge, its state or the
// balance that is to pay for it is a refusal by business. Some of that has no code, such as too low a balance.
func refundMeaning(e *stripe.Error) error {
	m := meaning(e)
	if _, declined := errors.AsType[*payment.DeclinedError](m); !declined && !errors.Is(m, payment.ErrRefused) {
		return m
	}
	switch {
	case nothingLeft(e):
		return payment.ErrGivenBack
	case malformed(e):
		return payment.ErrRefused
	default:
		return &payment.DeclinedError{Reason: reasonOr(string(e.Code), order.RefundFailed)}
	}
}

// nothingLeft reports whether less is left to refund than was asked for (https://docs.stripe.com/error-codes, charge_already_refunded).
// Where something is left, the error names the amount and mostly has no code.
func nothingLeft(e *stripe.Error) bool {
	return e.Code == stripe.ErrorCodeChargeAlreadyRefunded ||
		e.Param == "amount" && (e.Code == "" || e.Code == stripe.ErrorCodeAmountTooLarge)
}

// malformed reports whether the request itself is wrong: parameter_unknown, parameter_missing and their like.
func malformed(e *stripe.Error) bool {
	return strings.HasPrefix(string(e.Code), "parameter")
}

// reasonOr returns Stripe's code where that makes a reason.
func reasonOr(code string, otherwise order.Reason) order.Reason {
	if reason := order.Reason(code); reason.Valid() {
		return reason
	}
	return otherwise
}
