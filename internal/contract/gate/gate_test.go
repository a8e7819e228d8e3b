package gate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/lambdazip"
)

const root = "../../.."

// none fails the test for every finding, and where nothing was looked at.
func none(t *testing.T, r gate.Report) {
	t.Helper()
	if len(r.Checked) == 0 {
		t.Error("nothing was checked")
	}
	for _, f := range r.Findings {
		t.Error(f)
	}
}

func TestThisCheckoutKeepsItsContract(t *testing.T) {
	r := gate.Check(root)
	none(t, r)
	for _, c := range r.Checked {
		t.Logf("%d %s", c.N, c.What)
	}
}

func TestAnEmptyCheckoutIsFullOfFindings(t *testing.T) {
	found := map[string]bool{}
	for _, f := range gate.Check(t.TempDir()).Findings {
		found[f.File] = true
		if f.Wrong == "" || f.Do == "" {
			t.Errorf("%+v does not say what is wrong or what to do", f)
		}
	}
	for _, file := range []string{"schemas", "schemas/examples", "functions", "README.md", "events/data.go", "events/catalog.go"} {
		if !found[file] {
			t.Errorf("nothing is found of %s", file)
		}
	}
}

// Each bootstrap's own test runs its wire with just the variables that it names, and without each of them.
func TestEnvironmentIsWhatTheBootstrapsOwnTestsProve(t *testing.T) {
	functions, err := lambdazip.Functions(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions {
		got, err := gate.Environment(root, f.Folder)
		if err != nil {
			t.Errorf("%s: %v", f.Folder, err)
		}
		want := proved(t, filepath.Join(root, "functions", f.Folder, "bootstrap", "main_test.go"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-proved +read):\n%s", f.Folder, diff)
		}
	}
}

// variable is how an environment variable of ours is called.
var variable = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)

// proved returns the variables that a bootstrap's test names, without those that the Lambda runtime sets.
func proved(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok {
			return true
		}
		name, err := strconv.Unquote(literal.Value)
		if err == nil && variable.MatchString(name) && !strings.HasPrefix(name, "AWS_") {
			names = append(names, name)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
