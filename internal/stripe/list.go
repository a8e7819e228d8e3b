package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/payment"
)

// pageSize is the largest page that Stripe's lists have (https://docs.stripe.com/api/pagination).
const pageSize = 100

func page() stripe.ListParams { return stripe.ListParams{Limit: stripe.Int64(pageSize)} }

var errNoList = errors.New("answer is no list")

// collect reads every page of a list and returns its items the other way round: Stripe's lists begin with the newest.
func collect[S, T any](ctx context.Context, list *stripe.V1List[S], read func(S) (T, error)) ([]T, error) {
	var out []T
	for item, err := range list.All(ctx) {
		if err != nil {
			return nil, translate(err, meaning)
		}
		read, err := read(item)
		if err != nil {
			return nil, err
		}
		out = append(out, read)
	}
	// An empty list has an empty array. An answer without any must not pass for "nothing was given back".
	if list.Data() == nil {
		return nil, fmt.Errorf("%w: %w", errNoList, payment.ErrUnclear)
	}
	slices.Reverse(out)
	return out, nil
}

// minor turns an amount of an answer into minor units.
func minor(amount int64, c stripe.Currency) (int64, error) {
	return money.FromStripe(amount, money.Currency(strings.ToUpper(string(c))))
}
