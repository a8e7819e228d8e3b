package recordorder_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/schemas"
)

// FuzzPost sends what a client could send. Whatever that is, the answer is an acceptance of a body that the
// schema takes, and the same again for the same again, or a refusal that is the client's to mend.
func FuzzPost(f *testing.F) {
	for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid, schemas.Unreadable} {
		for _, ex := range schemas.Examples(schemas.PlaceOrder, kind) {
			f.Add(string(ex.Text), "application/json", "k-1")
		}
	}
	for _, text := range []string{
		"", "null", "{}", "[]", "\ufeff" + body, "\xff", with("o-1", `\ud800`), with("1999", "1e400"), with("1999", "1000.0"),
		with("1999", "9223372036854775808"), with(`"amount":1999`, `"amount":1999,"amount":1`), with(`"amount"`, `"AMOUNT"`), body + body,
		strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 20_000), strings.Repeat("x", 1_000_000),
	} {
		f.Add(text, "application/json", `"k"`)
	}
	f.Add(body, "text/plain", "")
	f.Add(body, "application/json; charset=latin1", "a,b")
	v := validator(f)
	f.Fuzz(func(t *testing.T, text, contentType, key string) {
		a := newAPI()
		headers := []string{"Content-Type", contentType, "Idempotency-Key", key}
		rec := a.post(t.Context(), shop, text, headers...)
		if _, err := recordorder.Decode([]byte(text)); err == nil && !bySchema(t, v, []byte(text)) {
			t.Fatalf("Decode takes %q, the schema does not", text)
		}
		switch {
		case rec.Code == http.StatusAccepted:
			if !json.Valid(rec.Body.Bytes()) || !bySchema(t, v, []byte(text)) {
				t.Fatalf("%q: got %d %s, which the schema refuses", text, rec.Code, rec.Body)
			}
			if again := a.post(t.Context(), shop, text, headers...); again.Body.String() != rec.Body.String() || again.Code != rec.Code {
				t.Fatalf("%q: got %d %s, then %d %s", text, rec.Code, rec.Body, again.Code, again.Body)
			}
		case rec.Code/100 != 4 || !strings.HasPrefix(string(readRefusal(t, rec).Type), "urn:orderflow:problem:"):
			t.Fatalf("%q: got %d %s", text, rec.Code, rec.Body)
		case readRefusal(t, rec).Type == problem.Internal || len(a.tables.Orders.All()) != 0:
			t.Fatalf("%q: got %s and %d orders", text, rec.Body, len(a.tables.Orders.All()))
		}
	})
}
