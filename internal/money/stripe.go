package money

import (
	"errors"
	"fmt"
	"math"
)

var (
	// ErrNotTaken means that Stripe does not take a currency for charges.
	ErrNotTaken = errors.New("currency is not taken by Stripe")
	// ErrIndivisible means that an amount cannot be said exactly in the other unit. Nothing here ever rounds.
	ErrIndivisible = errors.New("amount is finer than the currency's unit at Stripe allows")
	// ErrTooLarge means that an amount does not fit into an int64 in the other unit.
	ErrTooLarge = errors.New("amount is too large")
)

// StripeMaximum is the largest amount, in Stripe's unit, that a payment intent takes: eight digits
// (https://docs.stripe.com/api/payment_intents/create, amount).
const StripeMaximum = 99_999_999

// decimalsAtStripe holds the currencies whose unit at Stripe is another than ISO 4217's. ISK and UGX lost their decimals but
// are still written with two; MGA has two by ISO (a fifth each) but none at Stripe
// (https://docs.stripe.com/currencies, zero-decimal currencies and special cases). HUF and TWD are special only in payouts.
var decimalsAtStripe = map[Currency]uint8{"ISK": 2, "UGX": 2, "MGA": 0}

// stripeStep holds the smallest step of an amount, in Stripe's unit, where that is not 1: no fractions of ISK and UGX, and
// three-decimal amounts end in 0 (https://docs.stripe.com/currencies, special cases and three-decimal currencies).
var stripeStep = map[Currency]int64{"ISK": 100, "UGX": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}

// notTaken holds the ISO 4217 currencies that are not among Stripe's presentment currencies
// (https://docs.stripe.com/currencies, supported presentment currencies).
var notTaken = map[Currency]bool{
	"BOV": true, "BTN": true, "CHE": true, "CHW": true, "CLF": true, "COU": true, "CUP": true, "ERN": true, "GHS": true,
	"IQD": true, "IRR": true, "KPW": true, "LYD": true, "MRU": true, "MXV": true, "SDG": true, "SSP": true, "STN": true,
	"SVC": true, "SYP": true, "TMT": true, "USN": true, "UYI": true, "UYW": true, "VED": true, "VES": true, "XAD": true,
	"XCG": true, "ZWG": true,
}

// stripeMinimums holds the smallest charge in ISO minor units (https://docs.stripe.com/currencies, minimum and maximum charge
// amounts). Stripe's bound is that of the settlement currency; this is it for an account that settles in what it charges.
var stripeMinimums = map[Currency]int64{
	"AED": 200, "ARS": 50, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "COP": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
	"GBP": 30, "HKD": 400, "HUF": 17500, "IDR": 50, "ILS": 50, "INR": 50, "JPY": 50, "KRW": 50, "MXN": 1000, "MYR": 200,
	"NOK": 300, "NZD": 50, "PHP": 50, "PLN": 200, "RON": 200, "RUB": 50, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
	"ZAR": 50,
}

// TakenByStripe reports whether Stripe takes charges in c.
func (c Currency) TakenByStripe() bool {
	return c.Known() && !notTaken[c]
}

// ToStripe turns ISO minor units into the amount that Stripe's API wants: 5 ISK is 500, 500 minor units of MGA are 5. It never
// rounds: the error is ErrNotTaken, ErrIndivisible (a three-decimal amount not in tens, a fraction of MGA) or ErrTooLarge.
func ToStripe(amount int64, c Currency) (int64, error) {
	out, err := rescale(amount, c, c.Exponent(), c.stripeDecimals())
	if err == nil && out%c.stripeStep() != 0 {
		err = ErrIndivisible
	}
	if err != nil {
		return 0, fmt.Errorf("amount in %s to Stripe's unit: %w", c, err)
	}
	return out, nil
}

// FromStripe turns an amount of Stripe's API into ISO minor units. The errors are those of ToStripe.
func FromStripe(amount int64, c Currency) (int64, error) {
	out, err := rescale(amount, c, c.stripeDecimals(), c.Exponent())
	if err != nil {
		return 0, fmt.Errorf("amount in %s from Stripe's unit: %w", c, err)
	}
	return out, nil
}

// StripeMinimum returns the smallest amount that Stripe charges in c, in ISO minor units, and whether Stripe documents one.
func StripeMinimum(c Currency) (int64, bool) {
	m, ok := stripeMinimums[c]
	return m, ok
}

func (c Currency) stripeDecimals() int {
	if d, ok := decimalsAtStripe[c]; ok {
		return int(d)
	}
	return c.Exponent()
}

func (c Currency) stripeStep() int64 {
	return max(stripeStep[c], 1)
}

// rescale writes amount, which has from decimals, with to decimals.
func rescale(amount int64, c Currency, from, to int) (int64, error) {
	if !c.TakenByStripe() {
		return 0, ErrNotTaken
	}
	for ; from < to; from++ {
		if amount > math.MaxInt64/10 || amount < math.MinInt64/10 {
			return 0, ErrTooLarge
		}
		amount *= 10
	}
	for ; from > to; from-- {
		if amount%10 != 0 {
			return 0, ErrIndivisible
		}
		amount /= 10
	}
	return amount, nil
}
