package money_test

import "github.com/orderflow/orderflow/internal/money"

// none marks a currency that Stripe does not take.
const none = -1

// everyCode is written out a second time, from ISO 4217 and from Stripe's page of currencies, so that a slip in the tables shows.
var everyCode = []struct {
	code     money.Currency
	iso      int
	atStripe int // decimals in Stripe's unit
}{
	{"AED", 2, 2}, {"AFN", 2, 2}, {"ALL", 2, 2}, {"AMD", 2, 2}, {"AOA", 2, 2}, {"ARS", 2, 2},
	{"AUD", 2, 2}, {"AWG", 2, 2}, {"AZN", 2, 2}, {"BAM", 2, 2}, {"BBD", 2, 2}, {"BDT", 2, 2},
	{"BHD", 3, 3}, {"BIF", 0, 0}, {"BMD", 2, 2}, {"BND", 2, 2}, {"BOB", 2, 2}, {"BOV", 2, none},
	{"BRL", 2, 2}, {"BSD", 2, 2}, {"BTN", 2, none}, {"BWP", 2, 2}, {"BYN", 2, 2}, {"BZD", 2, 2},
	{"CAD", 2, 2}, {"CDF", 2, 2}, {"CHE", 2, none}, {"CHF", 2, 2}, {"CHW", 2, none}, {"CLF", 4, none},
	{"CLP", 0, 0}, {"CNY", 2, 2}, {"COP", 2, 2}, {"COU", 2, none}, {"CRC", 2, 2}, {"CUP", 2, none},
	{"CVE", 2, 2}, {"CZK", 2, 2}, {"DJF", 0, 0}, {"DKK", 2, 2}, {"DOP", 2, 2}, {"DZD", 2, 2},
	{"EGP", 2, 2}, {"ERN", 2, none}, {"ETB", 2, 2}, {"EUR", 2, 2}, {"FJD", 2, 2}, {"FKP", 2, 2},
	{"GBP", 2, 2}, {"GEL", 2, 2}, {"GHS", 2, none}, {"GIP", 2, 2}, {"GMD", 2, 2}, {"GNF", 0, 0},
	{"GTQ", 2, 2}, {"GYD", 2, 2}, {"HKD", 2, 2}, {"HNL", 2, 2}, {"HTG", 2, 2}, {"HUF", 2, 2},
	{"IDR", 2, 2}, {"ILS", 2, 2}, {"INR", 2, 2}, {"IQD", 3, none}, {"IRR", 2, none}, {"ISK", 0, 2},
	{"JMD", 2, 2}, {"JOD", 3, 3}, {"JPY", 0, 0}, {"KES", 2, 2}, {"KGS", 2, 2}, {"KHR", 2, 2},
	{"KMF", 0, 0}, {"KPW", 2, none}, {"KRW", 0, 0}, {"KWD", 3, 3}, {"KYD", 2, 2}, {"KZT", 2, 2},
	{"LAK", 2, 2}, {"LBP", 2, 2}, {"LKR", 2, 2}, {"LRD", 2, 2}, {"LSL", 2, 2}, {"LYD", 3, none},
	{"MAD", 2, 2}, {"MDL", 2, 2}, {"MGA", 2, 0}, {"MKD", 2, 2}, {"MMK", 2, 2}, {"MNT", 2, 2},
	{"MOP", 2, 2}, {"MRU", 2, none}, {"MUR", 2, 2}, {"MVR", 2, 2}, {"MWK", 2, 2}, {"MXN", 2, 2},
	{"MXV", 2, none}, {"MYR", 2, 2}, {"MZN", 2, 2}, {"NAD", 2, 2}, {"NGN", 2, 2}, {"NIO", 2, 2},
	{"NOK", 2, 2}, {"NPR", 2, 2}, {"NZD", 2, 2}, {"OMR", 3, 3}, {"PAB", 2, 2}, {"PEN", 2, 2},
	{"PGK", 2, 2}, {"PHP", 2, 2}, {"PKR", 2, 2}, {"PLN", 2, 2}, {"PYG", 0, 0}, {"QAR", 2, 2},
	{"RON", 2, 2}, {"RSD", 2, 2}, {"RUB", 2, 2}, {"RWF", 0, 0}, {"SAR", 2, 2}, {"SBD", 2, 2},
	{"SCR", 2, 2}, {"SDG", 2, none}, {"SEK", 2, 2}, {"SGD", 2, 2}, {"SHP", 2, 2}, {"SLE", 2, 2},
	{"SOS", 2, 2}, {"SRD", 2, 2}, {"SSP", 2, none}, {"STN", 2, none}, {"SVC", 2, none}, {"SYP", 2, none},
	{"SZL", 2, 2}, {"THB", 2, 2}, {"TJS", 2, 2}, {"TMT", 2, none}, {"TND", 3, 3}, {"TOP", 2, 2},
	{"TRY", 2, 2}, {"TTD", 2, 2}, {"TWD", 2, 2}, {"TZS", 2, 2}, {"UAH", 2, 2}, {"UGX", 0, 2},
	{"USD", 2, 2}, {"USN", 2, none}, {"UYI", 0, none}, {"UYU", 2, 2}, {"UYW", 4, none}, {"UZS", 2, 2},
	{"VED", 2, none}, {"VES", 2, none}, {"VND", 0, 0}, {"VUV", 0, 0}, {"WST", 2, 2}, {"XAF", 0, 0},
	{"XCD", 2, 2}, {"XCG", 2, none}, {"XOF", 0, 0}, {"XPF", 0, 0}, {"YER", 2, 2}, {"ZAR", 2, 2},
	{"ZMW", 2, 2}, {"ZWG", 2, none},
}
