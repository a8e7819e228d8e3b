package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said is what a command printed and how it ended.
type said struct {
	code     int
	out, err string
}

// call runs the command on s, which may be nil for commands that need no stage.
func call(t *testing.T, s *stage, stdin string, args ...string) said {
	t.Helper()
	endpoint := "http://127.0.0.1:1" // nothing listens there
	if s != nil {
		endpoint = s.url
	}
	getenv := func(name string) string { return map[string]string{"AWS_ENDPOINT_URL": endpoint}[name] }
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs, getenv)
	return said{code, out.String(), errs.String()}
}

func (s said) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if s.code != code {
		t.Errorf("exit code %d, want %d; stdout:\n%s\nstderr:\n%s", s.code, code, s.out, s.err)
	}
	for _, part := range parts {
		if !strings.Contains(s.out+s.err, part) {
			t.Errorf("output lacks %q; stdout:\n%s\nstderr:\n%s", part, s.out, s.err)
		}
	}
}

func TestHelpTellsTheExitCodes(t *testing.T) {
	call(t, nil, "", "--help").want(t, exitOK, "Exit codes:", "totals disagree", "users import", "order watch")
	for _, args := range [][]string{
		{"local"}, {"load"}, {"order", "place"}, {"order", "show"}, {"order", "watch"}, {"order", "cancel"}, {"order", "ls"}, {"saga", "ls"}, {"saga", "show"}, {"saga", "redrive"}, {"publish"}, {"token", "shop"}, {"token", "customer"}, {"users", "import"}, {"version"},
	} {
		call(t, nil, "", append(args, "--help")...).want(t, exitOK, "Usage: orderflow "+strings.Join(args, " "))
	}
}

func TestWrongCommandLineIsUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{},
		{"nonsense"},
		{"order", "place"},
		{"order", "place", "--user", "u"},
		{"order", "place", "--user", "u", "--item", "tea:2"},
		{"order", "place", "--user", "u", "--item", "tea:x:1"},
		{"order", "place", "--user", "u", "--item", "tea:999999:99999999"},
		{"publish", "NoSuchType"},
		{"publish", "OrderRecorded", file},
		{"publish", "OrderRecorded", file + ".not-there"},
		{"users", "import", file + ".not-there"},
		{"users", "import", file},
		{"load", file},
		{"load", "cdnow", "--mix", "decline=200"},
		{"load", "cdnow", "--prefix", "a b"},
		{"load", "cdnow", "--concurrency", "0"},
		{"load", "cdnow", "--stage", "prod"},
		{"local", "--stage", "dev"},
		{"local", "--root", file, "--port", "x"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			call(t, nil, "", args...).want(t, exitUsage, "orderflow: ")
		})
	}
}

func TestStageThatDoesNotRunIsNotFound(t *testing.T) {
	for _, args := range [][]string{
		{"token", "shop"}, {"order", "show", "o-1"}, {"publish", "OrderRecorded", "--example"},
	} {
		call(t, nil, "", args...).want(t, exitNotFound, "nothing answers at http://127.0.0.1:1", "make run")
	}
}

func TestVersion(t *testing.T) {
	call(t, nil, "", "version").want(t, exitOK, "orderflow ", "go1.")
	call(t, nil, "", "version", "--json").want(t, exitOK, `"go":"go1.`)
}

func TestTokens(t *testing.T) {
	s := newStage(t)
	if got := call(t, s, "", "token", "shop"); got != (said{out: "shop-token\n"}) {
		t.Errorf("got %+v", got)
	}
	if got := call(t, s, "", "token", "shop", "--json"); got.out != `{"access_token":"shop-token"}`+"\n" {
		t.Errorf("got %+v", got)
	}
	s.accounts["ada@example.com"] = "subject-1"
	call(t, s, "", "token", "customer", "--user", "ada@example.com", "--password", "p").want(t, exitOK, "token of subject-1\n")
}

const twoUsers = "user_id,status,email,name\nada,ACTIVE,ada@example.com,Ada\nkim,BLOCKED,kim@example.com,Kim\n"

func TestUsersAreImported(t *testing.T) {
	s := newStage(t)
	call(t, s, twoUsers, "users", "import", "-").want(t, exitOK, "2 users imported")
	if diff := cmp.Diff(s.users, map[string]string{"ada": "ACTIVE", "kim": "BLOCKED"}); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
}

func TestBadUserStopsTheImportUnlessSkipped(t *testing.T) {
	s := newStage(t)
	bad := twoUsers + "x y,NO,,\n"
	call(t, s, bad, "users", "import", "-").want(t, exitUsage, "line 4, user_id: must be", "line 4, status: must be", "1 of 3 lines have problems; nothing was imported")
	if len(s.users) != 0 {
		t.Errorf("users are %v", s.users)
	}
	call(t, s, bad, "users", "import", "-", "--skip-invalid").want(t, exitOK, "2 users imported, 1 lines with problems skipped")
	if len(s.users) != 2 {
		t.Errorf("users are %v", s.users)
	}
	call(t, s, bad, "users", "import", "-", "--json").want(t, exitUsage, `{"line":4,"field":"user_id","detail":"must be`)
}

func TestUsersWhoSignInAreKeyedByTheirSubject(t *testing.T) {
	s := newStage(t)
	got := call(t, s, twoUsers, "users", "import", "-", "--sign-in")
	got.want(t, exitOK, "ada      subject-1  Aa1-", "kim      subject-2  Aa1-", "2 users imported")
	if diff := cmp.Diff(s.users, map[string]string{"subject-1": "ACTIVE", "subject-2": "BLOCKED"}); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
	if strings.Contains(got.out+got.err, "ada@example.com") {
		t.Error("an e-mail address was printed")
	}
	call(t, s, twoUsers, "users", "import", "-", "--sign-in", "--reveal", "--password", "Given-password-1", "--json").
		want(t, exitOK, `"password":"Given-password-1","email":"ada@example.com"`, `{"imported":2,"skipped":0}`)
}

func TestOrderIsPlacedAndFollowed(t *testing.T) {
	s := newStage(t)
	s.users["kim"] = "ACTIVE"
	call(t, s, "", "order", "place", "--id", "o-1", "--user", "kim", "--item", "tea:2:450", "--item", "cup:1:1299", "--watch").
		want(t, exitOK, "order o-1 placed in ", "21.99 USD", "09:30:00.000  RECORDED", "09:30:00.310  PAID  after 310ms")
	call(t, s, "", "order", "place", "--id", "o-1", "--user", "kim", "--amount", "2199").want(t, exitOK, "(it was there already)")
	call(t, s, "", "order", "show", "o-1").want(t, exitOK,
		"order o-1 is PAID\n21.99 USD for user kim\n  2 × tea at 4.50\n  1 × cup at 12.99\npayment: none\n",
		"at                        after  source  what      version  reason  details\n"+
			"2026-03-01T09:30:00.000Z         order   RECORDED        1\n"+
			"2026-03-01T09:30:00.000Z    0µs  mail    SENT            2          email\n"+
			"2026-03-01T09:30:00.310Z  310ms  order   PAID            2          by event c\n")
	call(t, s, "", "order", "watch", "o-1", "--json").want(t, exitOK, `{"version":2,"status":"PAID","at":"2026-03-01T09:30:00.31Z","order_id":"o-1","after_ms":310}`)
	call(t, s, "", "order", "show", "o-1", "--json").want(t, exitOK, `{"order_id":"o-1","user_id":"kim","status":"PAID","version":2`)
}

func TestOrderThatDoesNotRestHasItsOwnExitCode(t *testing.T) {
	s := newStage(t)
	call(t, s, "", "order", "place", "--id", "o-1", "--user", "nobody", "--amount", "5", "--watch", "--timeout", "1ms").
		want(t, exitDisagree, "CANCELLING (unknown_user)", "did not come to rest")
}

func TestUnknownOrderIsNotFound(t *testing.T) {
	call(t, newStage(t), "", "order", "show", "o-1").want(t, exitNotFound, "get order o-1: no such order")
}

func TestRefusalOfTheAPICannotMoveTheCursor(t *testing.T) {
	got := call(t, newStage(t), "", "order", "place", "--id", "o-1", "--user", "kim", "--amount=-5")
	got.want(t, exitUsage, "the API answers 422 Invalid order: \ufffd[2J")
	if strings.Contains(got.err, "\x1b") {
		t.Errorf("printed %q", got.err)
	}
}

func TestExamplesOfEveryTypeArePublished(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"OrderRecorded", "OrderCancelRequested.v1", "com.orderflow.PaymentDisputed.v1"} {
		call(t, s, "", "publish", name, "--example").want(t, exitOK, "published com.orderflow.", " of order order-1042")
	}
	if len(s.published) != 3 || !strings.Contains(s.published[0], `"specversion":"1.0"`) {
		t.Errorf("published %q", s.published)
	}
}

const paymentFailed = `{"order_id":"o-1","reason":"card_declined"}`

func TestEveryLineBecomesAnEvent(t *testing.T) {
	s := newStage(t)
	call(t, s, paymentFailed+"\n\n"+strings.Replace(paymentFailed, "o-1", "o-2", 1), "publish", "PaymentFailed", "--json").
		want(t, exitOK, `"order_id":"o-1"`, `"order_id":"o-2"`)
	whole := s.published[0]
	call(t, s, whole, "publish", "PaymentFailed").want(t, exitOK, "of order o-1")
	if diff := cmp.Diff(s.published[2], whole); diff != "" {
		t.Errorf("a whole event was not published as it is: -got +want\n%s", diff)
	}
}

func TestBadLineStopsPublishing(t *testing.T) {
	s := newStage(t)
	for _, row := range []struct{ promise, line, want string }{
		{"missing", `{"order_id":"o-1"}`, "line 2: /reason is required"},
		{"wrong kind", `{"order_id":7,"reason":"x"}`, "line 2: /order_id must be a string"},
		{"bounds", `{"order_id":"o-1","reason":"Not Snake"}`, "line 2: /reason must be 1 to 64"},
		{"bad id", `{"order_id":"o 1","reason":"x"}`, "line 2: /order_id must be 1 to 64"},
		{"no JSON", `SECRET`, "line 2: is not valid JSON"},
		{"an event of another type", `{"specversion":"1.0","type":"com.orderflow.OrderRecorded.v1","id":"1","source":"orderflow.orders","subject":"o-1","time":"2026-03-01T09:30:00Z","datacontenttype":"application/json","dataschema":"urn:orderflow:OrderRecorded:1.0","data":{}}`, "line 2: /type must be com.orderflow.PaymentFailed.v1"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			got := call(t, s, paymentFailed+"\n"+row.line+"\n", "publish", "PaymentFailed")
			got.want(t, exitUsage, row.want, "nothing was published")
			if strings.Contains(got.out+got.err, "SECRET") {
				t.Error("the line was quoted")
			}
		})
	}
	if len(s.published) != 0 {
		t.Errorf("published %q", s.published)
	}
}

func TestEventThatTheBusDoesNotTakeIsAFailure(t *testing.T) {
	s := newStage(t)
	s.rejectBus = true
	call(t, s, paymentFailed, "publish", "PaymentFailed").want(t, exitFailure, "1 of 1 events were not published")
}
