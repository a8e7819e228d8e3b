// Package money knows the ISO 4217 currencies, how many decimals each has, and the units in which Stripe wants them.
//
// An amount is an int64 in the currency's ISO 4217 minor unit (USD 19.99 is 1999, JPY 500 is 500, KWD 92 is 92000);
// nothing in this package, or anywhere else, holds money in a float.
package money

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var (
	// ErrCurrency means that a code is not an ISO 4217 currency that has a minor unit.
	ErrCurrency = errors.New("not an ISO 4217 currency")
	// ErrForm means that a code names a currency but is not written in the one normal form, three upper-case letters.
	ErrForm = errors.New("a currency is written as three upper-case letters")
)

// Currency is an ISO 4217 alphabetic code in upper case. The zero value is no currency.
type Currency string

// Parse reads a code in its normal form. A code in any other form is refused with ErrForm, which names the normal form,
// so that one currency never has two spellings; anything that is not in the table is refused with ErrCurrency.
func Parse(code string) (Currency, error) {
	if c := Currency(code); c.Known() {
		return c, nil
	}
	if c := Currency(strings.ToUpper(strings.TrimSpace(code))); c.Known() {
		return "", fmt.Errorf("%w: %s", ErrForm, c)
	}
	return "", ErrCurrency
}

// Known reports whether c is in the table of active currencies. Codes without a minor unit (XAU, XDR, XXX …) are not.
func (c Currency) Known() bool {
	_, ok := exponents[c]
	return ok
}

// Exponent is the number of decimals of c by ISO 4217: 0 for JPY, 2 for USD, 3 for KWD, 4 for CLF. It is 0 for an unknown
// currency.
func (c Currency) Exponent() int {
	return int(exponents[c])
}

// Currencies returns all known currencies in alphabetical order.
func Currencies() []Currency {
	return slices.Sorted(maps.Keys(exponents))
}

// Format prints an amount of minor units in major units, with all decimals of the currency and a point, without sign or
// code of the currency: 1999 USD is "19.99", 500 JPY is "500", 92000 KWD is "92.000", -5 USD is "-0.05".
func Format(amount int64, c Currency) string {
	digits, sign := strconv.FormatInt(amount, 10), ""
	if amount < 0 {
		digits, sign = digits[1:], "-"
	}
	exp := c.Exponent()
	if exp == 0 {
		return sign + digits
	}
	if missing := exp + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - exp
	return sign + digits[:point] + "." + digits[point:]
}
