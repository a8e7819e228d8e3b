package recordorder_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/strictjson"
)

// with returns body with one member's text replaced.
func with(old, replacement string) string { return strings.Replace(body, old, replacement, 1) }

func items(list string) string { return with(`"amount"`, `"items":[`+list+`],"amount"`) }

// Case: a client set price, total or a negative quantity; schema-valid numbers that Go refuses (Universal-Commerce-Protocol/samples#194, RIVETO#423, golang/go#48298).
func TestBadBodiesAreRefusedWithWhatIsWrong(t *testing.T) {
	const badQuantity = "must be from 1 to 999999"
	tests := []struct {
		promise string
		body    string
		want    problem.Type
		pointer string // of the first error
		detail  string // of the same; empty: any
	}{
		{"no body", ``, problem.MalformedBody, "", "is empty or ends in the middle of a JSON value"},
		{"only white space", " \n", problem.MalformedBody, "", "is empty or ends in the middle of a JSON value"},
		{"half a body", body[:20], problem.MalformedBody, "", "is empty or ends in the middle of a JSON value"},
		{"base64", `eyJvcmRlcl9pZCI6Im8tMSJ9`, problem.MalformedBody, "", "is not valid JSON"},
		{"a byte order mark", "\ufeff" + body, problem.MalformedBody, "", "must not begin with a byte order mark (RFC 8259, section 8.1)"},
		{"UTF-16", "{\x00\"\x00", problem.MalformedBody, "", "is not valid JSON"},
		{"invalid UTF-8", with("o-1", "o-\xff"), problem.MalformedBody, "/order_id", "is not valid JSON"},
		{"a lone surrogate", with("o-1", `o-\ud800`), problem.MalformedBody, "/order_id", "is not valid JSON"},
		{"text behind the value", body + body, problem.MalformedBody, "", "has text behind the JSON value"},
		{"doubled names", with(`"amount":1999`, `"amount":1999,"amount":1`), problem.MalformedBody, "/amount", "the same name stands twice in one object"},
		{"nesting without end", strings.Repeat("[", 60_000), problem.MalformedBody, "", ""},
		{"nesting below a name", `{"a":` + strings.Repeat(`{"a":`, 12_000), problem.MalformedBody, "", ""},
		{"NaN", with("1999", "NaN"), problem.MalformedBody, "/amount", "is not valid JSON"},
		{"a leading zero", with("1999", "01999"), problem.MalformedBody, "", ""},

		{"null", `null`, problem.InvalidOrder, "", "must be an object"},
		{"an array", `[` + body + `]`, problem.InvalidOrder, "", "must be an object"},
		{"a string", `"order"`, problem.InvalidOrder, "", "must be an object"},
		{"names in another case", with(`"amount":1999`, `"amount":1999,"Amount":1`), problem.InvalidOrder, "/Amount", "has a name that is not lower snake case"},
		{"a name that is not ours", with(`{`, `{"price":1,`), problem.InvalidOrder, "/price", "is not a member that this object has"},
		{"null for a member", with(`"o-1"`, `null`), problem.InvalidOrder, "/order_id", "must be a string"},
		{"an empty order id", with(`"o-1"`, `""`), problem.InvalidOrder, "/order_id", "must not be empty: leave it out"},
		{"a slash in the order id", with(`"o-1"`, `"o/1"`), problem.InvalidOrder, "/order_id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -"},
		{"a fraction of zero", with("1999", "1999.0"), problem.InvalidOrder, "/amount", "must be an integer, written without fraction or exponent"},
		{"a fraction of a cent", with("1999", "9175.2"), problem.InvalidOrder, "/amount", "must be an integer, written without fraction or exponent"},
		{"a small exponent", with("1999", "1e3"), problem.InvalidOrder, "/amount", "must be an integer, written without fraction or exponent"},
		{"an exponent", with("1999", "1e400"), problem.InvalidOrder, "/amount", "must be an integer, written without fraction or exponent"},
		{"over 64 bits", with("1999", "9223372036854775808"), problem.InvalidOrder, "/amount", "must be an integer that fits in 64 bits"},
		{"nine digits", with("1999", "100000000"), problem.InvalidOrder, "/amount", "must be from 0 to 99999999 minor units"},
		{"a negative amount", with("1999", "-1"), problem.InvalidOrder, "/amount", "must be from 0 to 99999999 minor units"},
		{"an amount as text", with("1999", `"1999"`), problem.InvalidOrder, "/amount", "must be an integer"},
		{"no amount", with(`"amount":1999,`, ``), problem.InvalidOrder, "/amount", "is required"},
		{"usd", with("USD", "usd"), problem.InvalidOrder, "/currency", "must be written as three upper-case letters, as in ISO 4217"},
		{"Usd", with("USD", "Usd"), problem.InvalidOrder, "/currency", "must be written as three upper-case letters, as in ISO 4217"},
		{"zzz", with("USD", "zzz"), problem.InvalidOrder, "/currency", "must be the ISO 4217 code of a currency that has a minor unit"},
		{"XAU", with("USD", "XAU"), problem.InvalidOrder, "/currency", "must be the ISO 4217 code of a currency that has a minor unit"},
		{"an empty currency", with("USD", ""), problem.InvalidOrder, "/currency", "must be the ISO 4217 code of a currency that has a minor unit"},
		{"no items in the list", items(``), problem.InvalidOrder, "/items", "must not be empty: leave it out"},
		{"quantity 0", items(`{"sku":"a","quantity":0,"unit_amount":1999}`), problem.InvalidOrder, "/items/0/quantity", badQuantity},
		{"quantity -1", items(`{"sku":"a","quantity":-1,"unit_amount":1999}`), problem.InvalidOrder, "/items/0/quantity", badQuantity},
		{"quantity 1.5", items(`{"sku":"a","quantity":1.5,"unit_amount":1}`), problem.InvalidOrder, "/items/0/quantity", "must be an integer, written without fraction or exponent"},
		{"quantity 1e9", items(`{"sku":"a","quantity":1000000000,"unit_amount":1}`), problem.InvalidOrder, "/items/0/quantity", badQuantity},
		{"a negative price", items(`{"sku":"a","quantity":1,"unit_amount":-1}`), problem.InvalidOrder, "/items/0/unit_amount", "must be from 0 to 99999999 minor units"},
		{"a sum that is another", items(`{"sku":"a","quantity":1,"unit_amount":1998}`), problem.InvalidOrder, "/amount", "must be the sum of quantity × unit_amount over all items"},
		{"a sum that overflows", items(`{"sku":"a","quantity":999999,"unit_amount":99999999}`), problem.InvalidOrder, "/items", "must not add up to more than 99999999 minor units"},
		{"401 items", items(strings.Repeat(`{"sku":"a","quantity":1,"unit_amount":0},`, 400) + `{"sku":"a","quantity":1,"unit_amount":1999}`), problem.InvalidOrder, "/items", "must have at most 400 lines"},
		{"a payment method with a space", with(`{`, `{"payment_method":"pm 1",`), problem.InvalidOrder, "/payment_method", "must be 1 to 255 characters of A-Z, a-z, 0-9 and _"},
	}
	for _, tt := range tests {
		t.Run(tt.promise, func(t *testing.T) {
			a := newAPI()
			rec := a.post(t.Context(), shop, tt.body, "Idempotency-Key", "k")
			got := readRefusal(t, rec)
			if got.Type != tt.want || rec.Code/100 != 4 {
				t.Errorf("got %d %s, want %s", rec.Code, got.Type, tt.want)
			}
			if len(got.Errors) == 0 {
				t.Fatalf("got %s, want errors", rec.Body)
			}
			if first := (strictjson.Violation{Pointer: tt.pointer, Detail: tt.detail}); tt.detail != "" && got.Errors[0] != first {
				t.Errorf("got %+v, want %+v", got.Errors[0], first)
			}
			if rec.Body.Len() > 32<<10 {
				t.Errorf("got an answer of %d bytes", rec.Body.Len())
			}
			if len(a.tables.Orders.All()) != 0 {
				t.Error("got an order stored, want none")
			}
		})
	}
}

func TestAllThatIsWrongIsNamedAtOnce(t *testing.T) {
	rec := newAPI().post(t.Context(), shop, `{"user_id":"","amount":-1,"currency":"usd","items":[{"sku":"","quantity":0,"unit_amount":-1}]}`)
	var pointers []string
	for _, e := range readRefusal(t, rec).Errors {
		pointers = append(pointers, e.Pointer)
	}
	want := []string{"/user_id", "/amount", "/currency", "/items/0/sku", "/items/0/quantity", "/items/0/unit_amount"}
	if diff := cmp.Diff(want, pointers); diff != "" {
		t.Errorf("pointers (-want +got):\n%s", diff)
	}
}

func TestBodyOver64KiBIsTooLarge(t *testing.T) {
	atTheLimit := body + strings.Repeat(" ", recordorder.MaxBody-len(body))
	if rec := newAPI().post(t.Context(), shop, atTheLimit); rec.Code != http.StatusAccepted {
		t.Errorf("64 KiB: got %d %s, want 202", rec.Code, rec.Body)
	}
	for name, text := range map[string]string{
		"one byte more": atTheLimit + " ",
		"1 MB":          strings.Repeat("x", 1_000_000),
		"1 MB of order": items(strings.Repeat(`{"sku":"a","quantity":1,"unit_amount":0},`, 25_000)),
	} {
		if got := readRefusal(t, newAPI().post(t.Context(), shop, text)); got.Type != problem.BodyTooLarge || got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d %s, want 413", name, got.Status, got.Type)
		}
	}
}

func TestTheLargestOrderFits(t *testing.T) {
	line := `{"sku":"` + strings.Repeat("s", order.MaxSKULength) + `","quantity":999999,"unit_amount":0},`
	list := strings.Repeat(line, order.MaxItems-1) + `{"sku":"` + strings.Repeat("s", order.MaxSKULength) + `","quantity":1,"unit_amount":99999999}`
	text := `{"order_id":"` + strings.Repeat("o", 64) + `","user_id":"` + strings.Repeat("u", 64) + `","amount":99999999,"currency":"USD",` +
		`"payment_method":"` + strings.Repeat("p", 255) + `","items":[` + list + `]}`
	if rec := newAPI().post(t.Context(), shop, text); rec.Code != http.StatusAccepted {
		t.Errorf("got %d %s, want 202", rec.Code, rec.Body)
	}
}

func TestOnlyJSONInUTF8IsRead(t *testing.T) {
	tests := []struct {
		header, value string
		ok            bool
	}{
		{"Content-Type", "application/json", true},
		{"Content-Type", "Application/JSON; charset=UTF-8", true},
		{"Content-Type", `application/json;charset="utf-8"`, true},
		{"Content-Type", "", false},
		{"Content-Type", "text/plain", false},
		{"Content-Type", "application/x-www-form-urlencoded", false},
		{"Content-Type", "application/cloudevents+json", false},
		{"Content-Type", "application/json; charset=iso-8859-1", false},
		{"Content-Type", "application/json, application/json", false},
		{"Content-Type", "/", false},
		{"Content-Encoding", "identity", true},
		{"Content-Encoding", "gzip", false},
	}
	for _, tt := range tests {
		rec := newAPI().post(t.Context(), shop, body, tt.header, tt.value)
		if tt.ok && rec.Code != http.StatusAccepted {
			t.Errorf("%s %q: got %d %s, want 202", tt.header, tt.value, rec.Code, rec.Body)
		}
		if !tt.ok && readRefusal(t, rec).Type != problem.UnsupportedMediaType {
			t.Errorf("%s %q: got %d %s, want 415", tt.header, tt.value, rec.Code, rec.Body)
		}
	}
}
