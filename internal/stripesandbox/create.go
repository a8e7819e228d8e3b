package stripesandbox

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/internal/money"
)

// newIntent checks the parameters in the order in which Stripe complains of them.
func newIntent(p CreateParams) (*Intent, error) {
	c := money.Currency(strings.ToUpper(p.Currency))
	if strings.ToLower(p.Currency) != p.Currency || !c.TakenByStripe() {
		return nil, unknownCurrency(p.Currency)
	}
	minor, err := chargeable(p.Amount, c)
	if err != nil {
		return nil, err
	}
	if p.Customer != "" && !strings.HasPrefix(p.Customer, "cus_") {
		return nil, missing(http.StatusBadRequest, "customer", "customer", p.Customer)
	}
	in := &Intent{
		Status: RequiresPaymentMethod, Amount: p.Amount, Minor: minor, Currency: c,
		Customer: p.Customer, Description: p.Description, Metadata: map[string]string{},
		PaymentMethodTypes: slices.Clone(p.PaymentMethodTypes), AllowRedirects: len(p.PaymentMethodTypes) == 0 && !p.NoRedirects,
	}
	maps.Copy(in.Metadata, p.Metadata)
	if p.PaymentMethod == "" {
		return in, nil
	}
	if _, err := in.takes(p.PaymentMethod); err != nil {
		return nil, err
	}
	in.PaymentMethod, in.Status = p.PaymentMethod, RequiresConfirmation
	return in, nil
}

// chargeable checks an amount in Stripe's unit and returns it in minor units.
func chargeable(amount int64, c money.Currency) (int64, error) {
	code := strings.ToLower(string(c))
	if amount < 1 {
		return 0, badParam("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	}
	if amount > money.StripeMaximum {
		return 0, badParam("amount", "amount_too_large", "Amount must be no more than %d in the smallest unit of %s", money.StripeMaximum, code)
	}
	minor, err := divisible(amount, c)
	if err != nil {
		return 0, err
	}
	if least, ok := money.StripeMinimum(c); ok && minor < least {
		return 0, badParam("amount", "amount_too_small", "Amount must be at least %s %s", money.Format(least, c), code)
	}
	return minor, nil
}

// divisible returns an amount in Stripe's unit in minor units, if the currency allows it.
func divisible(amount int64, c money.Currency) (int64, error) {
	minor, err := money.FromStripe(amount, c)
	if err == nil {
		_, err = money.ToStripe(minor, c)
	}
	if err != nil {
		return 0, badParam("amount", "parameter_invalid_integer", "Invalid amount: it has a fraction that %s does not allow.", strings.ToLower(string(c)))
	}
	return minor, nil
}
