package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/orderflow/orderflow/internal/contract/gate"
)

func TestEveryJarIsPinned(t *testing.T) {
	if len(jars) == 0 {
		t.Fatal("there are no jars")
	}
	for _, j := range jars {
		if len(j.sum) != 64 || filepath.Ext(j.path) != ".jar" {
			t.Errorf("%s has no SHA-256", j.path)
		}
	}
}

// The SHA-256 of "abc" is the one example of FIPS 180-2, appendix B.1.
var abc = jar{"a/abc.jar", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}

// repository serves the same text for every file, and counts how often.
func repository(t *testing.T, text string) (address string, served *int) {
	t.Helper()
	served = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*served++
		if r.URL.Path != "/"+abc.path {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", served
}

func TestAJarIsFetchedOnce(t *testing.T) {
	address, served := repository(t, "abc")
	dir := filepath.Join(t.TempDir(), "jars")
	for range 2 {
		if err := install(t.Context(), dir, address, []jar{abc}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "abc.jar")); err != nil || string(got) != "abc" || *served != 1 {
		t.Errorf("got %q, %v, fetched %d times; want abc, fetched once", got, err, *served)
	}
}

func TestAJarWithAnotherSumIsNotKept(t *testing.T) {
	address, _ := repository(t, "abd")
	dir := t.TempDir()
	if err := install(t.Context(), dir, address, []jar{abc}); !errors.Is(err, errSum) {
		t.Errorf("got %v, want errSum", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got %v %v, want an empty folder", left, err)
	}
}

func TestAJarThatIsNotThereIsAnError(t *testing.T) {
	address, _ := repository(t, "abc")
	if err := install(t.Context(), t.TempDir(), address, []jar{{"b/abc.jar", abc.sum}}); err == nil {
		t.Error("got no error")
	}
}

func TestOnlyThreeEqualAnswersAgree(t *testing.T) {
	cases := []gate.Case{{Name: "own", Rule: "R", Want: true}, {Name: "foreign", Rule: "R"}}
	right := []string{"true", "false"}
	if err := compare(cases, right, right); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	for promise, wrong := range map[string][]string{
		"misses its own":        {"false", "false"},
		"takes a foreign event": {"true", "true"},
		"is no pattern":         {"refused: x", "refused: x"},
	} {
		if err := compare(cases, wrong, right); !errors.Is(err, errDisagree) {
			t.Errorf("event-ruler says that it %s: got %v, want errDisagree", promise, err)
		}
		if err := compare(cases, right, wrong); !errors.Is(err, errDisagree) {
			t.Errorf("the emulator says that it %s: got %v, want errDisagree", promise, err)
		}
	}
}

func TestARuleThatIsNotTriedBothWaysFails(t *testing.T) {
	for promise, cases := range map[string][]gate.Case{
		"no cases":            nil,
		"none to match":       {{Rule: "R"}},
		"none not to match":   {{Rule: "R", Want: true}},
		"one of two is tried": {{Rule: "R", Want: true}, {Rule: "R"}, {Rule: "S"}},
	} {
		var answers []string
		for _, c := range cases {
			answers = append(answers, map[bool]string{true: "true", false: "false"}[c.Want])
		}
		if err := compare(cases, answers, answers); !errors.Is(err, errNothing) {
			t.Errorf("%s: got %v, want errNothing", promise, err)
		}
	}
}
