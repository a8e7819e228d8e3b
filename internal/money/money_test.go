package money_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/money"
)

func TestEveryCodeHasItsExponent(t *testing.T) {
	listed := make([]money.Currency, 0, len(everyCode))
	for _, row := range everyCode {
		listed = append(listed, row.code)
		if got := row.code.Exponent(); got != row.iso {
			t.Errorf("%s.Exponent() = %d, want %d", row.code, got, row.iso)
		}
		if got, err := money.Parse(string(row.code)); got != row.code || err != nil {
			t.Errorf("Parse(%s) = %s, %v", row.code, got, err)
		}
	}
	if got := money.Currencies(); !slices.Equal(got, listed) {
		t.Errorf("Currencies() = %v, want %v", got, listed)
	}
}

// Case: one currency had several spellings (seen with stripe-mock).
func TestParseTakesOnlyTheNormalForm(t *testing.T) {
	for _, code := range []string{"usd", "Usd", "uSD", " USD", "USD\n", "u\u017fd"} {
		_, err := money.Parse(code)
		if !errors.Is(err, money.ErrForm) || !strings.HasSuffix(err.Error(), ": USD") {
			t.Errorf("Parse(%q): error %v, want ErrForm that names USD", code, err)
		}
	}
}

// Case: no currency was taken for one (seen with stripe-mock).
func TestParseRefusesWhatIsNoCurrency(t *testing.T) {
	without := []string{"XAU", "XAG", "XPT", "XPD", "XDR", "XSU", "XUA", "XBA", "XBB", "XBC", "XBD", "XTS", "XXX"}
	withdrawn := []string{"ANG", "BGN", "CUC", "HRK", "SLL", "ZWL", "STD", "VEF"}
	for _, code := range slices.Concat(without, withdrawn, []string{"", "zzz", "ZZZ", "US", "USDD", "840", "$", "xau"}) {
		if got, err := money.Parse(code); !errors.Is(err, money.ErrCurrency) || got != "" {
			t.Errorf("Parse(%q) = %q, %v, want ErrCurrency", code, got, err)
		}
	}
}

// Case: 500 yen were printed as 5.00 (Paymenter#1258, woocommerce-gateway-stripe#2720).
func TestFormatPrintsMajorUnits(t *testing.T) {
	for _, row := range []struct {
		amount int64
		code   money.Currency
		want   string
	}{
		{500, "JPY", "500"},
		{0, "JPY", "0"},
		{-80, "JPY", "-80"},
		{92000, "KWD", "92.000"},
		{35205, "BHD", "35.205"},
		{1999, "USD", "19.99"},
		{5, "USD", "0.05"},
		{0, "USD", "0.00"},
		{100, "USD", "1.00"},
		{-5, "USD", "-0.05"},
		{-1999, "USD", "-19.99"},
		{24409194, "USD", "244091.94"},
		{12345, "CLF", "1.2345"},
		{math.MaxInt64, "USD", "92233720368547758.07"},
		{math.MinInt64, "USD", "-92233720368547758.08"},
	} {
		if got := money.Format(row.amount, row.code); got != row.want {
			t.Errorf("Format(%d, %s) = %q, want %q", row.amount, row.code, got, row.want)
		}
	}
}
