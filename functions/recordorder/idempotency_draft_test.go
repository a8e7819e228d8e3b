package recordorder_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/problem"
)

// Where the rules of the table stand.
const (
	draft       = "https://www.ietf.org/archive/id/draft-ietf-httpapi-idempotency-key-header-07.html#"
	draftSyntax = draft + "section-2.1"
	draftUnique = draft + "section-2.2"
	draftErrors = draft + "section-2.7"
	sfItem      = "https://www.rfc-editor.org/rfc/rfc9651#section-4.2"
	sfString    = "https://www.rfc-editor.org/rfc/rfc9651#section-4.2.5"
	fieldLines  = "https://www.rfc-editor.org/rfc/rfc9110#section-5.3"
)

// keyRows are the rules of the field's value: which key it names, or the problem that it is.
var keyRows = []struct {
	rule, section string
	values        []string
	key           string // empty where it is refused
	refusal       problem.Type
}{
	{"a string in quotes", draftSyntax, []string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`}, "8e03978e-40d5-43dd-bc93-6894a57f9324", ""},
	{"bare, as most clients write it: more than the draft has", draftSyntax, []string{`8e03978e-40d5-43dd-bc93-6894a57f9324`}, "8e03978e-40d5-43dd-bc93-6894a57f9324", ""},
	{"a token is bare, too", sfItem, []string{`*key:1/a`}, "*key:1/a", ""},
	{"an integer is bare, too, and kept as it is written", sfItem, []string{`0042`}, "0042", ""},
	{"a byte sequence is bare, too, and not decoded", sfItem, []string{`:a2V5:`}, ":a2V5:", ""},
	{"white space around it is not part of it", sfItem, []string{"  \"k\"\t "}, "k", ""},
	{"white space in quotes is", sfString, []string{`" k "`}, " k ", ""},
	{"a quote is escaped", sfString, []string{`"a\"b"`}, `a"b`, ""},
	{"a backslash is escaped", sfString, []string{`"a\\b"`}, `a\b`, ""},
	{"a comma in quotes is part of it", sfString, []string{`"a,b"`}, "a,b", ""},
	{"255 characters", draftUnique, []string{`"` + strings.Repeat("k", 255) + `"`}, strings.Repeat("k", 255), ""},
	{"256 characters", draftUnique, []string{`"` + strings.Repeat("k", 256) + `"`}, "", problem.InvalidKey},
	{"missing", draftErrors, nil, "", problem.NoOrderID},
	{"an empty field", sfItem, []string{""}, "", problem.InvalidKey},
	{"white space alone", sfItem, []string{" \t"}, "", problem.InvalidKey},
	{"an empty string", draftSyntax, []string{`""`}, "", problem.InvalidKey},
	{"no closing quote", sfString, []string{`"k`}, "", problem.InvalidKey},
	{"nothing behind the backslash", sfString, []string{`"k\`}, "", problem.InvalidKey},
	{"an escape that there is not", sfString, []string{`"k\n"`}, "", problem.InvalidKey},
	{"text behind the string", sfItem, []string{`"k"k`}, "", problem.InvalidKey},
	{"parameters, of which the draft has none", sfItem, []string{`"k";v=1`}, "", problem.InvalidKey},
	{"a control character in quotes", sfString, []string{"\"a\x01b\""}, "", problem.InvalidKey},
	{"a tab in quotes", sfString, []string{"\"a\tb\""}, "", problem.InvalidKey},
	{"a character beyond ASCII", sfString, []string{`"schlüssel"`}, "", problem.InvalidKey},
	{"a display string is no string", "https://www.rfc-editor.org/rfc/rfc9651#section-3.3.8", []string{`%"k,ey"`}, "", problem.InvalidKey},
	{"two field lines", fieldLines, []string{`"a"`, `"b"`}, "", problem.InvalidKey},
	{"two field lines that say the same", fieldLines, []string{`"a"`, `"a"`}, "", problem.InvalidKey},
	{"two joined by a comma, as a gateway does", fieldLines, []string{`"a", "b"`}, "", problem.InvalidKey},
	{"two bare ones, joined", fieldLines, []string{`a,b`}, "", problem.InvalidKey},
	{"a list with an empty member", fieldLines, []string{`a,`}, "", problem.InvalidKey},
}

func TestTheIdempotencyKeyIsReadAsTheDraftSays(t *testing.T) {
	for _, row := range keyRows {
		t.Run(row.rule, func(t *testing.T) {
			a := newAPI()
			rec := a.withKeys(t, shop, example(t, "without-order-id"), row.values...)
			stored := a.tables.Orders.All()
			if row.refusal != "" {
				if got := readRefusal(t, rec); got.Type != row.refusal || got.Status != http.StatusBadRequest || len(stored) != 0 {
					t.Errorf("got %d %s and %d orders, want 400 %s and none: %s", got.Status, got.Type, len(stored), row.refusal, row.section)
				}
				return
			}
			if rec.Code != http.StatusAccepted || len(stored) != 1 || stored[0].ID != idOf(t, row.key) {
				t.Errorf("got %d %s, want the order of key %q: %s", rec.Code, rec.Body, row.key, row.section)
			}
		})
	}
}

// withKeys posts a body with these lines of the field Idempotency-Key.
func (a api) withKeys(t *testing.T, caller httpapi.Caller, body string, values ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(httpapi.WithCaller(t.Context(), caller), http.MethodPost, "/orders", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if len(values) > 0 {
		r.Header["Idempotency-Key"] = values
	}
	rec := httptest.NewRecorder()
	a.handler.ServeHTTP(rec, r)
	return rec
}

// idOf returns the id of the order that key names, written in quotes with everything escaped.
func idOf(t *testing.T, key string) order.ID {
	t.Helper()
	id, rec := idFor(t, shop, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key)+`"`)
	if id == "" {
		t.Fatalf("key %q: got %d %s, want an order", key, rec.Code, rec.Body)
	}
	return id
}

// reuseRows are the rules of a key that comes a second time (section 2.6 of the draft, and its table of errors).
var reuseRows = []struct {
	rule     string
	caller   httpapi.Caller
	change   func(string) string
	status   int
	replayed bool
	orders   int
}{
	{"the same request is answered as the first", shop, func(b string) string { return b }, http.StatusAccepted, true, 1},
	{"the same request, laid out otherwise, too", shop, func(b string) string { return " " + strings.ReplaceAll(b, ": ", ":\n") }, http.StatusAccepted, true, 1},
	{"another payload under the key is refused with 422", shop, func(b string) string { return strings.Replace(b, `"user_id": "`, `"user_id": "x`, 1) }, http.StatusUnprocessableEntity, false, 1},
	{"another client's key is another key", otherShop, func(b string) string { return b }, http.StatusAccepted, false, 2},
	{"a request that is not valid says so first", shop, func(string) string { return "{}" }, http.StatusUnprocessableEntity, false, 1},
}

func TestAKeyThatComesAgain(t *testing.T) {
	for _, row := range reuseRows {
		t.Run(row.rule, func(t *testing.T) {
			a := newAPI()
			text := example(t, "without-order-id")
			first := a.withKeys(t, shop, text, `"k"`)
			again := a.withKeys(t, row.caller, row.change(text), "k")
			if first.Code != http.StatusAccepted || again.Code != row.status {
				t.Fatalf("got %d, then %d %s, want 202, then %d", first.Code, again.Code, again.Body, row.status)
			}
			if got := again.Header().Get("Idempotent-Replayed") == "true"; got != row.replayed {
				t.Errorf("got replayed %v, want %v", got, row.replayed)
			}
			if row.replayed && (again.Body.String() != first.Body.String() || again.Header().Get("Location") != first.Header().Get("Location")) {
				t.Errorf("got %s, want %s as at first", again.Body, first.Body)
			}
			if got := len(a.tables.Orders.All()); got != row.orders {
				t.Errorf("got %d orders, want %d", got, row.orders)
			}
		})
	}
}

// The draft has a server that is still at it answer 409. Here nobody has to: recording is one conditional
// write, so of many at once one is first, and the others are answered as it was.
func TestAKeyThatComesManyTimesAtOnce(t *testing.T) {
	const clients = 50
	a, text := newAPI(), example(t, "without-order-id")
	answers := make([]*httptest.ResponseRecorder, clients)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() { answers[i] = a.withKeys(t, shop, text, `"k"`) })
	}
	wg.Wait()
	fresh := 0
	for _, rec := range answers {
		if rec.Code != http.StatusAccepted || rec.Body.String() != answers[0].Body.String() {
			t.Errorf("got %d %s, want 202 %s", rec.Code, rec.Body, answers[0].Body)
		}
		if rec.Header().Get("Idempotent-Replayed") == "" {
			fresh++
		}
	}
	if got := len(a.tables.Orders.All()); fresh != 1 || got != 1 {
		t.Errorf("got %d first answers and %d orders, want 1 and 1", fresh, got)
	}
}
