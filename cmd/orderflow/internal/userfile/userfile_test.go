package userfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/userfile"
	"github.com/orderflow/orderflow/internal/user"
)

var ada = user.User{
	ID: "ada", Status: user.Active, Email: "ada@example.com", Name: `Ada "A" Lovelace, Countess`,
	Locale: "en", Customer: "cus_ada", PaymentMethod: "pm_card_visa",
}

func read(t *testing.T, text string, rules userfile.Rules) userfile.File {
	t.Helper()
	f, err := userfile.Read(strings.NewReader(text), rules)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBothFormatsReadTheSame(t *testing.T) {
	const quoted = `"Ada ""A"" Lovelace, Countess"`
	for promise, text := range map[string]string{
		"csv":                     "user_id,status,email,name,locale,customer,payment_method\nada,ACTIVE,ada@example.com," + quoted + ",en,cus_ada,pm_card_visa\n",
		"columns in any order":    "payment_method,customer,locale,name,email,status,user_id\npm_card_visa,cus_ada,en," + quoted + ",ada@example.com,ACTIVE,ada",
		"a spreadsheet's mark":    "\ufeffuser_id,status,email,name,locale,customer,payment_method\r\nada,ACTIVE,ada@example.com," + quoted + ",en,cus_ada,pm_card_visa\r\n",
		"ndjson":                  `{"user_id":"ada","status":"ACTIVE","email":"ada@example.com","name":"Ada \"A\" Lovelace, Countess","locale":"en","customer":"cus_ada","payment_method":"pm_card_visa"}`,
		"blank lines are no rows": "{\"user_id\":\"ada\",\"status\":\"ACTIVE\",\"email\":\"ada@example.com\",\"name\":\"Ada \\\"A\\\" Lovelace, Countess\",\"locale\":\"en\",\"customer\":\"cus_ada\",\"payment_method\":\"pm_card_visa\"}\n\n",
	} {
		t.Run(promise, func(t *testing.T) {
			got := read(t, text, userfile.Rules{})
			if len(got.Problems) > 0 || len(got.Rows) != 1 {
				t.Fatalf("got %d rows, problems %v", len(got.Rows), got.Problems)
			}
			if diff := cmp.Diff(got.Rows[0].User, ada); diff != "" {
				t.Errorf("-got +want\n%s", diff)
			}
		})
	}
}

func TestOptionalFieldsMayBeLeftOut(t *testing.T) {
	for promise, text := range map[string]string{
		"csv without the columns": "user_id,status\nkim,BLOCKED\n",
		"csv with empty cells":    "user_id,status,email,locale\nkim,BLOCKED,,\n",
		"ndjson":                  `{"user_id":"kim","status":"BLOCKED"}`,
	} {
		t.Run(promise, func(t *testing.T) {
			got := read(t, text, userfile.Rules{})
			if len(got.Problems) > 0 || len(got.Rows) != 1 || got.Rows[0].User != (user.User{ID: "kim", Status: user.Blocked}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestEveryProblemNamesLineAndField(t *testing.T) {
	for _, row := range []struct {
		promise, text string
		want          []userfile.Problem // without Cure
	}{
		{"status", "user_id,status\nada,active\n", []userfile.Problem{{Line: 2, Field: "status"}}},
		{"empty status is not taken for active", "user_id,status\nada,\n", []userfile.Problem{{Line: 2, Field: "status"}}},
		{"all of a line's problems at once", "user_id,status,email\na b,,x\n", []userfile.Problem{{Line: 2, Field: "user_id"}, {Line: 2, Field: "status"}, {Line: 2, Field: "email"}}},
		{"e-mail with a name", "user_id,status,email\nada,ACTIVE,Ada <a@example.com>\n", []userfile.Problem{{Line: 2, Field: "email"}}},
		{"header injection", "user_id,status,name\nada,ACTIVE,\"Ada\r\nBcc: x@example.com\"\n", []userfile.Problem{{Line: 2, Field: "name"}}},
		{"invalid UTF-8", "user_id,status,name\nada,ACTIVE,\xff\n", []userfile.Problem{{Line: 2, Field: "name"}}},
		{"locale", "user_id,status,locale\nada,ACTIVE,english!\n", []userfile.Problem{{Line: 2, Field: "locale"}}},
		{"payment method without customer", "user_id,status,payment_method\nada,ACTIVE,pm_card_visa\n", []userfile.Problem{{Line: 2, Field: "customer"}}},
		{"same id twice", "user_id,status\nada,ACTIVE\nada,BLOCKED\n", []userfile.Problem{{Line: 3, Field: "user_id"}}},
		{"too few fields", "user_id,status\nada\n", []userfile.Problem{{Line: 2}}},
		{"broken quotes", "user_id,status\na\"da,ACTIVE\n", []userfile.Problem{{Line: 2}}},
		{"lines after a multi-line field are counted", "user_id,status,name\nada,ACTIVE,\"x\ny\"\nkim,NO,\n", []userfile.Problem{{Line: 2, Field: "name"}, {Line: 4, Field: "status"}}},
		{"unknown column", "user_id,status,phone\nada,ACTIVE,1\n", []userfile.Problem{{Line: 1}}},
		{"doubled column", "user_id,status,status\nada,ACTIVE,BLOCKED\n", []userfile.Problem{{Line: 1, Field: "status"}}},
		{"no header", "ada,ACTIVE\n", []userfile.Problem{{Line: 1}, {Line: 1}, {Line: 1, Field: "user_id"}, {Line: 1, Field: "status"}}},
		{"empty file", "", []userfile.Problem{{Line: 1}}},
		{"ndjson: unknown member", "\n{\"user_id\":\"ada\",\"status\":\"ACTIVE\",\"phone\":\"1\"}\n", []userfile.Problem{{Line: 2, Field: "phone"}}},
		{"ndjson: missing and wrong", "{\"user_id\":\"ada\",\"status\":\"ACTIVE\"}\n{\"user_id\":7}\n", []userfile.Problem{{Line: 2, Field: "user_id"}, {Line: 2, Field: "status"}}},
		{"ndjson: cut off", "{\"user_id\":\"ada\",\"sta\n", []userfile.Problem{{Line: 1}}},
	} {
		t.Run(row.promise, func(t *testing.T) {
			got := read(t, row.text, userfile.Rules{}).Problems
			for i := range got {
				if got[i].Cure == "" {
					t.Errorf("%v says nothing of what to do", got[i])
				}
				got[i].Cure = ""
			}
			if diff := cmp.Diff(got, row.want); diff != "" {
				t.Errorf("-got +want\n%s", diff)
			}
		})
	}
}

func TestGoodLinesOfABadFileAreKept(t *testing.T) {
	got := read(t, "user_id,status\nada,ACTIVE\nx y,NO\na\"b,ACTIVE\nkim,BLOCKED\n", userfile.Rules{})
	if len(got.Rows) != 2 || got.Rows[0].User.ID != "ada" || got.Rows[1].User.ID != "kim" || got.Rows[1].Line != 5 {
		t.Errorf("rows are %+v", got.Rows)
	}
	if got.Bad != 2 || len(got.Problems) != 3 {
		t.Errorf("%d bad lines, problems %v", got.Bad, got.Problems)
	}
}

func TestSigningInNeedsAnAddress(t *testing.T) {
	got := read(t, "user_id,status\nada,ACTIVE\n", userfile.Rules{NeedEmail: true})
	if len(got.Problems) != 1 || got.Problems[0].Field != "email" {
		t.Errorf("problems are %v", got.Problems)
	}
}

func TestProblemQuotesNothingOfTheFile(t *testing.T) {
	const secret = "SECRET"
	for _, text := range []string{
		"user_id,status,email,name\n" + secret + " x," + secret + "," + secret + ",\"" + secret + "\r\n\"\n",
		"user_id,status\n\"" + secret + "\n",
		secret + "\n",
		`{"user_id":"` + secret + ` ","` + secret + `":1}`,
	} {
		for _, p := range read(t, text, userfile.Rules{}).Problems {
			if strings.Contains(p.Cure, secret) {
				t.Errorf("%v quotes the file", p)
			}
		}
	}
}

func TestReadErrorIsNoEndOfFile(t *testing.T) {
	broken := errors.New("disk")
	for _, begin := range []string{"", "user_id,status\nada,ACTIVE\n", "{\"user_id\":\"ada\",\"status\":\"ACTIVE\"}\n"} {
		r := io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken))
		if _, err := userfile.Read(r, userfile.Rules{}); !errors.Is(err, broken) {
			t.Errorf("after %q: error is %v, want that of the disk", begin, err)
		}
	}
}
