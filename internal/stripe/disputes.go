package stripe

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
)

// Disputes returns every dispute of an intent's money, oldest first. The error is one of payment's.
func (c *Client) Disputes(ctx context.Context, intentID string) ([]payment.Dispute, error) {
	disputes, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) ([]payment.Dispute, error) {
		params := &stripe.DisputeListParams{ListParams: page(), PaymentIntent: stripe.String(intentID)}
		return collect(ctx, api.V1Disputes.List(ctx, params), disputeOf)
	})
	if err != nil {
		return nil, fmt.Errorf("list disputes of payment intent %s: %w", intentID, err)
	}
	return disputes, nil
}

// disputeOf reads a dispute (https://docs.stripe.com/api/disputes/object).
func disputeOf(d *stripe.Dispute) (payment.Dispute, error) {
	amount, err := minor(d.Amount, d.Currency)
	status := order.Reason(d.Status)
	if err != nil || d.ID == "" || !status.Valid() {
		return payment.Dispute{}, fmt.Errorf("answer is no dispute: %w", payment.ErrUnclear)
	}
	return payment.Dispute{ID: d.ID, Status: status, Amount: amount}, nil
}
