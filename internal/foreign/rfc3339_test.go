package foreign_test

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/contract"
)

// Where the rules of the table stand.
const (
	rfc        = "https://www.rfc-editor.org/rfc/rfc3339#section-"
	rfcOffset  = rfc + "4.3"
	rfcGrammar = rfc + "5.6"
	rfcDays    = rfc + "5.7"
)

// Why we refuse what RFC 3339 has.
const (
	weTakeUTC   = "all times here are in UTC and end in Z, so that they compare as text"
	noLeap      = "time.Time, like most clocks, has no second 60"
	nineDigits  = "time.Time has nanoseconds: a tenth digit would be lost on the way"
	oneSpelling = "one time has one spelling"
)

// timeRows are the rules of RFC 3339: whether it has such a time, and whether we take it.
var timeRows = []struct {
	rule, section, value string
	inRFC, taken         bool
	because              string // where we refuse what the RFC has
}{
	{"in UTC", rfcGrammar, "2026-03-01T09:30:00Z", true, true, ""},
	{"one decimal", rfcGrammar, "2026-03-01T09:30:00.1Z", true, true, ""},
	{"milliseconds", rfcGrammar, "2026-03-01T09:30:00.125Z", true, true, ""},
	{"nanoseconds", rfcGrammar, "2026-03-01T09:30:00.123456789Z", true, true, ""},
	{"decimals that are zero", rfcGrammar, "2026-03-01T09:30:00.000Z", true, true, ""},
	{"ten decimals", rfcGrammar, "2026-03-01T09:30:00.1234567890Z", true, false, nineDigits},
	{"thirty decimals", rfcGrammar, "2026-03-01T09:30:00." + strings.Repeat("3", 30) + "Z", true, false, nineDigits},
	{"a point without decimals", rfcGrammar, "2026-03-01T09:30:00.Z", false, false, ""},
	{"a comma, as ISO 8601 allows", rfcGrammar, "2026-03-01T09:30:00,125Z", false, false, ""},
	{"an offset", rfcGrammar, "2026-03-01T10:30:00+01:00", true, false, weTakeUTC},
	{"an offset of zero", rfcOffset, "2026-03-01T09:30:00+00:00", true, false, weTakeUTC},
	{"an offset that is not known", rfcOffset, "2026-03-01T09:30:00-00:00", true, false, weTakeUTC},
	{"the largest offset", rfcGrammar, "2026-03-01T09:30:00+23:59", true, false, weTakeUTC},
	{"an offset of a day", rfcGrammar, "2026-03-01T09:30:00+24:00", false, false, ""},
	{"an offset of 60 minutes", rfcGrammar, "2026-03-01T09:30:00+00:60", false, false, ""},
	{"an offset without a colon", rfcGrammar, "2026-03-01T10:30:00+0100", false, false, ""},
	{"an offset of hours alone", rfcGrammar, "2026-03-01T10:30:00+01", false, false, ""},
	{"no offset", rfcGrammar, "2026-03-01T09:30:00", false, false, ""},
	{"both Z and an offset", rfcGrammar, "2026-03-01T09:30:00Z+00:00", false, false, ""},
	{"a lower-case t", rfcGrammar, "2026-03-01t09:30:00Z", true, false, oneSpelling},
	{"a lower-case z", rfcGrammar, "2026-03-01T09:30:00z", true, false, oneSpelling},
	{"a space for the T, for people to read", rfcGrammar, "2026-03-01 09:30:00Z", false, false, ""},
	{"a leap second", rfcDays, "2016-12-31T23:59:60Z", true, false, noLeap},
	{"a leap second elsewhere", rfcDays, "2016-12-31T15:59:60-08:00", true, false, noLeap},
	{"a second 60 at noon", rfcDays, "2016-12-31T12:00:60Z", false, false, ""},
	{"a second 61", rfcDays, "2016-12-31T23:59:61Z", false, false, ""},
	{"the last second of a day", rfcDays, "2026-12-31T23:59:59.999999999Z", true, true, ""},
	{"hour 24", rfcDays, "2026-12-31T24:00:00Z", false, false, ""},
	{"minute 60", rfcDays, "2026-12-31T23:60:00Z", false, false, ""},
	{"an hour of one digit", rfcGrammar, "2026-03-01T9:30:00Z", false, false, ""},
	{"no seconds", rfcGrammar, "2026-03-01T09:30Z", false, false, ""},
	{"a date alone", rfcGrammar, "2026-03-01", false, false, ""},
	{"a time alone", rfcGrammar, "09:30:00Z", false, false, ""},
	{"without hyphens and colons", rfcGrammar, "20260301T093000Z", false, false, ""},
	{"a week date", rfcGrammar, "2026-W09-7T09:30:00Z", false, false, ""},
	{"an ordinal date", rfcGrammar, "2026-060T09:30:00Z", false, false, ""},
	{"29 February of a leap year", rfcDays, "2024-02-29T00:00:00Z", true, true, ""},
	{"29 February of another year", rfcDays, "2026-02-29T00:00:00Z", false, false, ""},
	{"29 February of a century", rfcDays, "2100-02-29T00:00:00Z", false, false, ""},
	{"29 February of the fourth century", rfcDays, "2000-02-29T00:00:00Z", true, true, ""},
	{"30 February", rfcDays, "2024-02-30T00:00:00Z", false, false, ""},
	{"31 April", rfcDays, "2026-04-31T00:00:00Z", false, false, ""},
	{"day 0", rfcDays, "2026-04-00T00:00:00Z", false, false, ""},
	{"day 32", rfcDays, "2026-01-32T00:00:00Z", false, false, ""},
	{"month 0", rfcDays, "2026-00-01T00:00:00Z", false, false, ""},
	{"month 13", rfcDays, "2026-13-01T00:00:00Z", false, false, ""},
	{"year 0", rfcGrammar, "0000-01-01T00:00:00Z", true, true, ""},
	{"the first time that Go has, its zero", rfcGrammar, "0001-01-01T00:00:00Z", true, true, ""},
	{"the last year", rfcGrammar, "9999-12-31T23:59:59Z", true, true, ""},
	{"a year of five digits", rfcGrammar, "10000-01-01T00:00:00Z", false, false, ""},
	{"a year of two digits", rfcGrammar, "26-03-01T00:00:00Z", false, false, ""},
	{"a year with a sign", rfcGrammar, "-2026-03-01T00:00:00Z", false, false, ""},
	{"digits of another script", rfcGrammar, "２０２６-03-01T09:30:00Z", false, false, ""},
	{"white space before it", rfcGrammar, " 2026-03-01T09:30:00Z", false, false, ""},
	{"white space behind it", rfcGrammar, "2026-03-01T09:30:00Z ", false, false, ""},
	{"a line break behind it", rfcGrammar, `2026-03-01T09:30:00Z\n`, false, false, ""},
	{"seconds since 1970", rfcGrammar, "1772357400", false, false, ""},
	{"nothing", rfcGrammar, "", false, false, ""},
}

const (
	anOrder   = `{"order_id":"order-1042","user_id":"user-7","amount":1999,"currency":"USD","recorded_at":"TIME"}`
	itsType   = "com.orderflow.OrderRecorded.v1"
	itsSchema = "OrderRecorded.v1"
)

// TestTimesAreReadAlike holds all that reads times against each other: the schema under a full validator, the decoder of
// the data, and the decoder of the envelope. And the RFC's own format beside them, so that what we refuse of it is written down.
func TestTimesAreReadAlike(t *testing.T) {
	v, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	format := dateTime(t)
	for _, row := range timeRows {
		t.Run(row.rule, func(t *testing.T) {
			data := strings.Replace(anOrder, "TIME", row.value, 1)
			findings, err := v.Validate(itsSchema, []byte(data))
			if err != nil {
				t.Fatal(err)
			}
			for reader, taken := range map[string]bool{
				"the schema":   len(findings) == 0,
				"the data":     decodes(t, data),
				"the envelope": parses(t, row.value),
			} {
				if taken != row.taken {
					t.Errorf("%s takes it: %v, want %v: %s", reader, taken, row.taken, row.section)
				}
			}
			if got := format.Validate(strings.ReplaceAll(row.value, `\n`, "\n")) == nil; got != row.inRFC {
				t.Errorf("the format date-time has it: %v, want %v: %s", got, row.inRFC, row.section)
			}
			if stricter := row.inRFC && !row.taken; stricter != (row.because != "") || row.taken && !row.inRFC {
				t.Errorf("in the RFC: %v, taken: %v, because %q", row.inRFC, row.taken, row.because)
			}
		})
	}
}

// dateTime is the format of JSON Schema that stands for RFC 3339's date-time, and nothing else.
func dateTime(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:date-time", map[string]any{"format": "date-time"}); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:date-time")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decodes(t *testing.T, data string) bool {
	t.Helper()
	e := eventstest.Example[events.OrderRecorded](t, "full")
	e.SetSubject("order-1042")
	e.DataEncoded = []byte(data)
	_, err := events.DataOf(e)
	return err == nil
}

func parses(t *testing.T, value string) bool {
	t.Helper()
	const at = `"time":"2026-03-01T09:30:00.125Z"`
	raw, err := events.Encode(eventstest.Example[events.OrderRecorded](t, "full"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), at) || !strings.Contains(string(raw), itsType) {
		t.Fatalf("the example has changed: %s", raw)
	}
	_, err = events.Parse([]byte(strings.Replace(string(raw), at, `"time":"`+value+`"`, 1)))
	return err == nil
}
