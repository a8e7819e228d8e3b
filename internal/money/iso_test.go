package money_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/schemas"
)

// listOne is ISO 4217's list one as of January 2026, the currencies and funds with a minor unit, by its number of decimals
// (https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html).
var listOne = map[int]string{
	0: `BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF`,
	2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
		CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
		KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
		NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
		TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
	3: `BHD IQD JOD KWD LYD OMR TND`,
	4: `CLF UYW`,
}

// unitless are the codes of list one that have no minor unit: metals, units of account, the code for tests and the one for no currency.
const unitless = `XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX`

// funds are those of the above that are funds or units of account. They are codes of ISO 4217, but nothing is sold in them.
const funds = `BOV CHE CHW CLF COU MXV USN UYI UYW XAD`

// withdrawn are codes of list three, with those that came in their place. All of them are refused: an order is for now.
var withdrawn = map[money.Currency]money.Currency{
	"ANG": "XCG", "BGN": "EUR", "BYR": "BYN", "CUC": "CUP", "DEM": "EUR", "EEK": "EUR", "FRF": "EUR", "HRK": "EUR", "LTL": "EUR",
	"LVL": "EUR", "MRO": "MRU", "SLL": "SLE", "STD": "STN", "TRL": "TRY", "USS": "USN", "VEB": "VES", "VEF": "VES", "XFU": "EUR",
	"YUM": "RSD", "ZMK": "ZMW", "ZWD": "ZWG", "ZWL": "ZWG",
}

// TestTheListIsISO4217 counts, too, so that a code cannot be lost from both sides unseen: list one has 178 codes.
func TestTheListIsISO4217(t *testing.T) {
	decimals := map[money.Currency]int{}
	for n, codes := range listOne {
		for code := range strings.FieldsSeq(codes) {
			if _, twice := decimals[money.Currency(code)]; twice {
				t.Errorf("%s stands in the table twice", code)
			}
			decimals[money.Currency(code)] = n
		}
	}
	without := strings.Fields(unitless)
	if got := len(decimals) + len(without); got != 178 {
		t.Errorf("got %d codes, want 178", got)
	}
	for code, want := range decimals {
		if got := code.Exponent(); got != want || !code.Known() {
			t.Errorf("%s: got %d decimals, known %v, want %d", code, got, code.Known(), want)
		}
	}
	if got, want := money.Currencies(), slices.Sorted(maps.Keys(decimals)); !slices.Equal(got, want) {
		t.Errorf("got currencies %v, want %v", got, want)
	}
}

func TestCodesWithoutAMinorUnitAreRefused(t *testing.T) {
	for code := range strings.FieldsSeq(unitless) {
		refused(t, code)
	}
}

func TestWithdrawnCodesAreRefusedAndTheirSuccessorsKnown(t *testing.T) {
	for code, successor := range withdrawn {
		refused(t, string(code))
		if !successor.Known() {
			t.Errorf("%s came in the place of %s, and is not known", successor, code)
		}
	}
}

func refused(t *testing.T, code string) {
	t.Helper()
	if got, err := money.Parse(code); !errors.Is(err, money.ErrCurrency) || money.Currency(code).Known() {
		t.Errorf("%s: got %q, %v, want ErrCurrency", code, got, err)
	}
}

// A fund is in the vocabulary, which is ISO's; that nobody can pay in it is the provider's word.
func TestFundsAreKnownAndNeverCharged(t *testing.T) {
	for code := range strings.FieldsSeq(funds) {
		if c := money.Currency(code); !c.Known() || c.TakenByStripe() {
			t.Errorf("%s: got known %v, taken by the provider %v, want true, false", code, c.Known(), c.TakenByStripe())
		}
	}
}

// Numeric codes are ISO 4217's as well, and names and symbols are what people write; there is one form here.
func TestOnlyAlphabeticCodesAreTaken(t *testing.T) {
	for _, text := range []string{"840", "978", "036", "$", "€", "US$", "Euro", "US Dollar", "ＵＳＤ", "USD\u200b", "U.S.D"} {
		if got, err := money.Parse(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}

func TestTheSchemasCurrenciesAreTheList(t *testing.T) {
	text, err := schemas.Schema(schemas.Definitions)
	if err != nil {
		t.Fatal(err)
	}
	var definitions struct {
		Defs struct {
			Currency struct {
				Enum []money.Currency `json:"enum"`
			} `json:"currency"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &definitions); err != nil {
		t.Fatal(err)
	}
	if got, want := definitions.Defs.Currency.Enum, money.Currencies(); !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("got %v, want %v", got, want)
	}
}
