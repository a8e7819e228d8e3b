package stripe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// orderKey is the metadata key under which an intent, and a refund, names its order.
const orderKey = "order_id"

// Create makes an unconfirmed payment intent for an order. The same order and parameters give the same intent for 24
// hours. The error is one of payment's; a *payment.DeclinedError where no intent can be made for such an amount,
// currency, customer or payment method.
func (c *Client) Create(ctx context.Context, id order.ID, p payment.Params) (payment.Intent, error) {
	amount, err := money.ToStripe(p.Amount, p.Currency)
	if err != nil {
		return payment.Intent{}, fmt.Errorf("create payment intent of order %s: %w", id, unpayable(err))
	}
	key := createKey(id, p, amount)
	intent, err := c.create(ctx, key, id, p, amount)
	if e, ok := errors.AsType[*answeredError](err); ok && e.stored && e.status >= 500 {
		intent, err = c.create(ctx, laterKey(key, c.now()), id, p, amount)
	}
	if err != nil {
		return payment.Intent{}, fmt.Errorf("create payment intent of order %s: %w", id, err)
	}
	return intent, nil
}

// create sends the same bytes for the same arguments, or Stripe would refuse the key.
func (c *Client) create(ctx context.Context, key string, id order.ID, p payment.Params, amount int64) (payment.Intent, error) {
	return do(ctx, c, func(ctx context.Context, api *stripe.Client) (payment.Intent, error) {
		params := &stripe.PaymentIntentCreateParams{
			Amount:        stripe.Int64(amount),
			Currency:      stripe.String(strings.ToLower(string(p.Currency))),
			Customer:      stripe.String(p.Customer),
			PaymentMethod: stripe.String(p.PaymentMethod),
			AutomaticPaymentMethods: &stripe.PaymentIntentCreateAutomaticPaymentMethodsParams{
				Enabled:        stripe.Bool(true),
				AllowRedirects: stripe.String(string(stripe.PaymentIntentAutomaticPaymentMethodsAllowRedirectsNever)),
			},
			Metadata: map[string]string{orderKey: string(id)},
		}
		params.IdempotencyKey = stripe.String(key)
		return intentOr(api.V1PaymentIntents.Create(ctx, params))
	})
}

// Retrieve reads an intent as it stands. The error is one of payment's.
func (c *Client) Retrieve(ctx context.Context, id string) (payment.Intent, error) {
	intent, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) (payment.Intent, error) {
		return intentOr(api.V1PaymentIntents.Retrieve(ctx, id, nil))
	})
	if err != nil {
		return payment.Intent{}, fmt.Errorf("retrieve payment intent %s: %w", id, err)
	}
	return intent, nil
}

// Confirm charges an intent's payment method, off session: where the customer would have to authenticate, Stripe declines.
// The error is one of payment's, a *payment.DeclinedError where the charge was declined.
//
// The call has a key of its own each time (stripe-go's). A fixed one would replay a stored 500 for 24 hours and guard nothing:
// an intent captures at most once. It names no payment method, so that an intent whose charge was declined is never tried again.
func (c *Client) Confirm(ctx context.Context, id string) (payment.Intent, error) {
	intent, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) (payment.Intent, error) {
		return intentOr(api.V1PaymentIntents.Confirm(ctx, id, &stripe.PaymentIntentConfirmParams{OffSession: stripe.Bool(true)}))
	})
	if err != nil {
		return payment.Intent{}, fmt.Errorf("confirm payment intent %s: %w", id, err)
	}
	return intent, nil
}

// Cancel ends an intent that has not captured. The error is one of payment's, payment.ErrState where it can't be cancelled
// (any more). Its key is a new one each time, for the reason that Confirm's is.
func (c *Client) Cancel(ctx context.Context, id string) (payment.Intent, error) {
	intent, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) (payment.Intent, error) {
		return intentOr(api.V1PaymentIntents.Cancel(ctx, id, &stripe.PaymentIntentCancelParams{
			CancellationReason: stripe.String(string(stripe.PaymentIntentCancellationReasonAbandoned)),
		}))
	})
	if err != nil {
		return payment.Intent{}, fmt.Errorf("cancel payment intent %s: %w", id, err)
	}
	return intent, nil
}

// intentOr reads an answer.
func intentOr(pi *stripe.PaymentIntent, err error) (payment.Intent, error) {
	if err != nil {
		return payment.Intent{}, translate(err, meaning)
	}
	currency := money.Currency(strings.ToUpper(string(pi.Currency)))
	amount, err := money.FromStripe(pi.Amount, currency)
	if err != nil || pi.ID == "" || pi.Status == "" {
		return payment.Intent{}, fmt.Errorf("answer is no payment intent: %w", payment.ErrUnclear)
	}
	intent := payment.Intent{ID: pi.ID, OrderID: order.ID(pi.Metadata[orderKey]), Status: payment.IntentStatus(pi.Status), Amount: amount, Currency: currency}
	if e := pi.LastPaymentError; e != nil {
		intent.Declined = declineReason(e)
	}
	return intent, nil
}
