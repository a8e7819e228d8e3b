package describe_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/schemas"
)

func openOpen(t *testing.T) document {
	t.Helper()
	return open(t, "openapi.yaml", jsonschema.Draft2020)
}

func TestOpenAPIDocumentIsValid(t *testing.T) {
	path := filepath.Join(root, "docs", "openapi.yaml")
	python, err := filepath.Abs(filepath.Join(root, ".venv/bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "-m", "openapi_spec_validator", "--schema", "3.1", path).CombinedOutput()
	if err != nil {
		t.Errorf("%v; where it is not installed, run make deps\n%s", err, out)
	}
}

func TestOpenAPIReferencesResolve(t *testing.T) { openOpen(t).wantReferencesToResolve(t) }

func TestTheBodyOfAnOrderIsWhatTheSchemaSays(t *testing.T) {
	doc := openOpen(t)
	ref := get(doc.tree, "paths", "/orders", "post", "requestBody", "content", "application/json", "schema", "$ref")
	if ref != "#/components/schemas/PlaceOrder" {
		t.Fatalf("POST /orders takes %v", ref)
	}
	schema := doc.at(t, pointer("components", "schemas", "PlaceOrder"))
	for kind, accepted := range map[schemas.Kind]bool{schemas.Valid: true, schemas.Invalid: false} {
		found := schemas.Examples(schemas.PlaceOrder, kind)
		if len(found) < 5 {
			t.Fatalf("got %d examples that are %s", len(found), kind)
		}
		for _, ex := range found {
			if err := schema.Validate(fromJSON(t, ex.Text)); (err == nil) != accepted {
				t.Errorf("%s: got %v, want it %s", ex.Name, err, kind)
			}
		}
	}
	examples, _ := get(doc.tree, "paths", "/orders", "post", "requestBody", "content", "application/json", "examples").(map[string]any)
	if len(examples) != 2 {
		t.Fatalf("got %d examples of the body, want 2", len(examples))
	}
	for name, ex := range examples {
		if err := schema.Validate(get(ex, "value")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryProblemIsOfAnOperationAndHasItsStatus(t *testing.T) {
	documented := documentedAnswers(t, openOpen(t))
	for _, k := range problem.Kinds() {
		var at []string
		for a := range documented {
			if a.problem == k.Type {
				at = append(at, a.route)
				if a.status != k.Status {
					t.Errorf("%s: %s has status %d, want %d", a.route, k.Type, a.status, k.Status)
				}
			}
		}
		if len(at) == 0 {
			t.Errorf("%s is of no operation", k.Type)
		}
	}
}

func TestTheProblemsPageNamesEveryKind(t *testing.T) {
	page := read(t, "problems.md")
	for _, k := range problem.Kinds() {
		row := slices.IndexFunc(strings.Split(page, "\n"), func(l string) bool { return strings.HasPrefix(l, "| `"+string(k.Type)+"` | ") })
		if row < 0 {
			t.Errorf("no row for %s", k.Type)
		}
	}
}
