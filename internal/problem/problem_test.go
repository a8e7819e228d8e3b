package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/strictjson"
)

func TestProblemIsWrittenAsRFC9457Says(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Header().Set("Retry-After", "2")
	problem.Write(rec, problem.New(problem.InvalidOrder, "The order has two mistakes.").With([]strictjson.Violation{
		{Pointer: "/amount", Detail: "is required"},
		{Pointer: "", Detail: "must be an object"},
	}))

	want := `{"type":"urn:orderflow:problem:invalid-order","title":"The body is not a valid order","status":422,` +
		`"detail":"The order has two mistakes.","errors":[{"pointer":"/amount","detail":"is required"},{"pointer":"","detail":"must be an object"}]}`
	if got := rec.Body.String(); got != want {
		t.Errorf("got body %s, want %s", got, want)
	}
	header := http.Header{
		"Content-Type":           {"application/problem+json"},
		"Cache-Control":          {"no-store"},
		"X-Content-Type-Options": {"nosniff"},
		"Retry-After":            {"2"},
	}
	if diff := cmp.Diff(header, rec.Header()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("got status %d, want 422", rec.Code)
	}
}

func TestEveryKindIsAnErrorWithWordsAndATypeOfItsOwn(t *testing.T) {
	kinds := problem.Kinds()
	if len(kinds) < 12 {
		t.Fatalf("got %d kinds, want at least 12", len(kinds))
	}
	form := regexp.MustCompile(`^urn:orderflow:problem:[a-z]+(-[a-z]+)*$`)
	seen := map[problem.Type]bool{}
	for _, k := range kinds {
		if !form.MatchString(string(k.Type)) || seen[k.Type] {
			t.Errorf("type %s: is malformed or stands twice", k.Type)
		}
		seen[k.Type] = true
		if k.Status < 400 || k.Title == "" || k.Met == "" {
			t.Errorf("type %s: got %+v, want an error status, a title and when it is met", k.Type, k)
		}
		rec := httptest.NewRecorder()
		problem.Write(rec, problem.New(k.Type, "x"))
		if rec.Code != k.Status || !strings.Contains(rec.Body.String(), `"`+string(k.Type)+`"`) {
			t.Errorf("type %s: wrote %d %s", k.Type, rec.Code, rec.Body)
		}
	}
}

func TestUnknownTypeIsAnsweredAsInternal(t *testing.T) {
	rec := httptest.NewRecorder()
	problem.Write(rec, problem.New("urn:else", ""))
	if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), string(problem.Internal)) {
		t.Errorf("got %d %s, want 500 of type internal", rec.Code, rec.Body)
	}
}

func TestAnswerToManyMistakesStaysSmall(t *testing.T) {
	long := "/items" + strings.Repeat("/0", 20_000)
	var many []strictjson.Violation
	for range 10_000 {
		many = append(many, strictjson.Violation{Pointer: long, Detail: "is not a member that this object has"})
	}
	p := problem.New(problem.InvalidOrder, "").With(many)

	if got := len(p.Errors); got != 32 {
		t.Errorf("got %d errors, want 32", got)
	}
	if got, want := p.Errors[31].Detail, "and 9969 more"; got != want {
		t.Errorf("got last %q, want %q", got, want)
	}
	for _, e := range p.Errors[:31] {
		if !strings.HasPrefix(long, e.Pointer+"/") || len(e.Pointer) > 256 || len(e.Pointer) < 200 {
			t.Fatalf("got pointer %q, want one to what the long one lies in", e.Pointer)
		}
	}
}

func TestPointerWithoutAnyShorterOnePointsAtTheWhole(t *testing.T) {
	p := problem.New(problem.InvalidOrder, "").With([]strictjson.Violation{{Pointer: "/" + strings.Repeat("x", 400), Detail: "d"}})
	if got := p.Errors[0].Pointer; got != "" {
		t.Errorf("got %q, want the pointer to the whole", got)
	}
}

func TestThirtyTwoMistakesAreAllNamed(t *testing.T) {
	many := make([]strictjson.Violation, 32)
	for i := range many {
		many[i] = strictjson.Violation{Pointer: "/x", Detail: "d"}
	}
	rec := httptest.NewRecorder()
	problem.Write(rec, problem.New(problem.InvalidOrder, "").With(many))
	var doc struct {
		Errors []strictjson.Violation `json:"errors"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(many, doc.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}
