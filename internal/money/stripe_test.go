package money_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/money"
)

// digits writes n major units with a number of decimals, as text, so that the test shares no arithmetic with the code.
func digits(t *testing.T, n string, decimals int) int64 {
	t.Helper()
	v, err := strconv.ParseInt(n+strings.Repeat("0", decimals), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryCodeGoesToStripeAndBack(t *testing.T) {
	for _, row := range everyCode {
		amount := digits(t, "1234", row.iso)
		got, err := money.ToStripe(amount, row.code)
		if row.atStripe == none {
			if !errors.Is(err, money.ErrNotTaken) || row.code.TakenByStripe() {
				t.Errorf("%s: ToStripe = %d, %v, TakenByStripe = %t; want it refused", row.code, got, err, row.code.TakenByStripe())
			}
			if _, err := money.FromStripe(amount, row.code); !errors.Is(err, money.ErrNotTaken) {
				t.Errorf("%s: FromStripe error %v, want ErrNotTaken", row.code, err)
			}
			continue
		}
		if want := digits(t, "1234", row.atStripe); got != want || err != nil || !row.code.TakenByStripe() {
			t.Errorf("ToStripe(%d, %s) = %d, %v, want %d", amount, row.code, got, err, want)
		}
		if back, err := money.FromStripe(got, row.code); back != amount || err != nil {
			t.Errorf("FromStripe(%d, %s) = %d, %v, want %d", got, row.code, back, err, amount)
		}
	}
}

func TestEveryCodeKeepsItsSmallestUnitOrRefusesIt(t *testing.T) {
	refused := map[money.Currency]bool{"MGA": true, "BHD": true, "JOD": true, "KWD": true, "OMR": true, "TND": true}
	for _, row := range everyCode {
		if row.atStripe == none {
			continue
		}
		got, err := money.ToStripe(1, row.code)
		if refused[row.code] {
			if !errors.Is(err, money.ErrIndivisible) || got != 0 {
				t.Errorf("ToStripe(1, %s) = %d, %v, want ErrIndivisible", row.code, got, err)
			}
			continue
		}
		if back, backErr := money.FromStripe(got, row.code); back != 1 || err != nil || backErr != nil {
			t.Errorf("%s: 1 went to Stripe as %d (%v) and came back as %d (%v)", row.code, got, err, back, backErr)
		}
	}
}

// Case: zero-decimal amounts times 100, three-decimal ones divided by 10 (Paymenter#1258, cartalyst/stripe#59, InvoicePlane#1677, woocommerce-gateway-stripe#2720).
func TestAmountsThatOthersChargedWrong(t *testing.T) {
	for _, row := range []struct {
		promise  string
		amount   int64
		code     money.Currency
		atStripe int64
	}{
		{"80 yen are 80", 80, "JPY", 80},
		{"80 dollars are 8000 cents", 8000, "USD", 8000},
		{"35.200 dinars keep three decimals", 35200, "BHD", 35200},
		{"5 krónur are written 500", 5, "ISK", 500},
		{"5 shillings are written 500", 5, "UGX", 500},
		{"5 ariary are written 5", 500, "MGA", 5},
		{"forints keep two decimals", 17550, "HUF", 17550},
		{"Taiwan dollars keep two decimals", 80045, "TWD", 80045},
	} {
		t.Run(row.promise, func(t *testing.T) {
			if got, err := money.ToStripe(row.amount, row.code); got != row.atStripe || err != nil {
				t.Errorf("ToStripe(%d, %s) = %d, %v, want %d", row.amount, row.code, got, err, row.atStripe)
			}
		})
	}
}

// Case: the third decimal was cut (woocommerce-gateway-stripe#2720, stripe-ios#2141).
func TestAmountsAreNeverRounded(t *testing.T) {
	to := map[money.Currency]int64{"BHD": 35205, "KWD": 5124, "MGA": 505, "OMR": -9}
	for c, amount := range to {
		if got, err := money.ToStripe(amount, c); !errors.Is(err, money.ErrIndivisible) || got != 0 {
			t.Errorf("ToStripe(%d, %s) = %d, %v, want ErrIndivisible", amount, c, got, err)
		}
	}
	from := map[money.Currency]int64{"ISK": 505, "UGX": 510}
	for c, amount := range from {
		if got, err := money.FromStripe(amount, c); !errors.Is(err, money.ErrIndivisible) || got != 0 {
			t.Errorf("FromStripe(%d, %s) = %d, %v, want ErrIndivisible", amount, c, got, err)
		}
	}
}

func TestConversionNeverOverflows(t *testing.T) {
	for _, amount := range []int64{math.MaxInt64, math.MinInt64, math.MaxInt64 / 50} {
		if got, err := money.ToStripe(amount, "ISK"); !errors.Is(err, money.ErrTooLarge) || got != 0 {
			t.Errorf("ToStripe(%d, ISK) = %d, %v, want ErrTooLarge", amount, got, err)
		}
		if got, err := money.FromStripe(amount, "MGA"); !errors.Is(err, money.ErrTooLarge) || got != 0 {
			t.Errorf("FromStripe(%d, MGA) = %d, %v, want ErrTooLarge", amount, got, err)
		}
	}
}

// Case: the gateway was the guard against unknown currencies (seen with stripe-mock).
func TestUnknownCurrencyNeverReachesStripe(t *testing.T) {
	for _, c := range []money.Currency{"", "usd", "ZZZ", "XAU"} {
		if _, err := money.ToStripe(100, c); !errors.Is(err, money.ErrNotTaken) {
			t.Errorf("ToStripe(100, %q): %v, want ErrNotTaken", c, err)
		}
	}
}

func TestMinimumsAreInISOMinorUnits(t *testing.T) {
	want := map[money.Currency]string{
		"USD": "0.50", "AED": "2.00", "ARS": "0.50", "AUD": "0.50", "BRL": "0.50", "CAD": "0.50", "CHF": "0.50", "COP": "0.50",
		"CZK": "15.00", "DKK": "2.50", "EUR": "0.50", "GBP": "0.30", "HKD": "4.00", "HUF": "175.00", "IDR": "0.50",
		"ILS": "0.50", "INR": "0.50", "JPY": "50", "KRW": "50", "MXN": "10.00", "MYR": "2.00", "NOK": "3.00", "NZD": "0.50",
		"PHP": "0.50", "PLN": "2.00", "RON": "2.00", "RUB": "0.50", "SEK": "3.00", "SGD": "0.50", "THB": "10.00", "ZAR": "0.50",
	}
	for _, c := range money.Currencies() {
		got, ok := money.StripeMinimum(c)
		if text, documented := want[c]; ok != documented || ok && money.Format(got, c) != text {
			t.Errorf("StripeMinimum(%s) = %s, %t, want %q", c, money.Format(got, c), ok, text)
		}
	}
}
