package architecture_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/orderflow/orderflow"

// pkg is what the go command says of a package, without its tests.
type pkg struct {
	ImportPath string
	Name       string
	Doc        string // its first sentence
	Imports    []string
	Deps       []string
}

// short is the path within the module.
func (p pkg) short() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

// own returns those of paths that lie in the module, as paths within it.
func own(paths []string) []string {
	var out []string
	for _, p := range paths {
		if rest, ok := strings.CutPrefix(p, module+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Doc,Imports,Deps", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, failed.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// chosen returns the packages that match, and ends the test where there are fewer than least: a rule about nothing holds always.
func chosen(t *testing.T, least int, match func(pkg) bool) []pkg {
	t.Helper()
	found := slices.DeleteFunc(packages(t), func(p pkg) bool { return !match(p) })
	if len(found) < least {
		t.Fatalf("found %d packages to check, want at least %d", len(found), least)
	}
	return found
}

func isBootstrap(p pkg) bool { return path.Base(p.ImportPath) == "bootstrap" }

func isStage(p pkg) bool {
	return strings.HasPrefix(p.short(), "functions/") && strings.Count(p.short(), "/") == 1
}

// foreign are the modules that the outside world is reached with.
var foreign = []string{
	"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "github.com/aws/aws-lambda-go", "github.com/stripe/stripe-go",
}

func reach(paths []string, modules ...string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		return !slices.ContainsFunc(modules, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
	})
}

// A stage that knew another would call it; a stage that knew AWS or the
// provider could not be run by the simulator, nor read without their manuals.
func TestAStageKnowsNoOtherStageAndNothingOutside(t *testing.T) {
	for _, p := range chosen(t, 7, isStage) {
		if found := reach(p.Imports, foreign...); len(found) > 0 {
			t.Errorf("%s imports %v; declare a port and let the bootstrap wire an adapter", p.short(), found)
		}
		for _, dep := range own(p.Deps) {
			if strings.HasPrefix(dep, "functions/") {
				t.Errorf("%s depends on %s; what two stages share belongs under internal", p.short(), dep)
			}
		}
	}
}

// The schemas are the truth that all else is held against, so they depend on nothing;
// the vocabulary depends on values alone, so that any consumer can afford it.
func TestSchemasAndEventsStandBelowTheRest(t *testing.T) {
	allowed := map[string][]string{
		"schemas":             nil,
		"internal/outcome":    nil,
		"internal/money":      nil,
		"internal/strictjson": nil,
		"internal/order":      {"internal/money"},
		"internal/stage":      nil,
		"events":              {"internal/money", "internal/order", "internal/strictjson"},
	}
	for _, p := range chosen(t, len(allowed), func(p pkg) bool { _, ok := allowed[p.short()]; return ok }) {
		for _, dep := range own(p.Deps) {
			if !slices.Contains(allowed[p.short()], dep) {
				t.Errorf("%s depends on %s, want at most %v", p.short(), dep, allowed[p.short()])
			}
		}
	}
}

// The order's table is read by people who know orders and not AWS: the standard library and the currencies must do.
func TestTheTableOfTransitionsNeedsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range chosen(t, 1, func(p pkg) bool { return p.short() == "internal/order" }) {
		for _, dep := range p.Deps {
			if strings.Contains(dep, ".") && !strings.HasPrefix(dep, module) {
				t.Errorf("internal/order depends on %s", dep)
			}
		}
	}
}

// adapters are the packages that speak to one outside system each.
var adapters = []string{
	"internal/bus", "internal/dynamo", "internal/queue", "internal/secret", "internal/ses", "internal/stripe",
}

// Adapters that knew each other could not be replaced one by one.
func TestAnAdapterKnowsNoOtherAdapter(t *testing.T) {
	for _, p := range chosen(t, len(adapters), func(p pkg) bool { return slices.Contains(adapters, p.short()) }) {
		for _, dep := range own(p.Deps) {
			if slices.Contains(adapters, dep) {
				t.Errorf("%s depends on %s", p.short(), dep)
			}
		}
	}
}

// What stands in for something real, and validators that cost a cold start dearly, must not reach a deployed function.
func TestNothingForTestsIsDeployed(t *testing.T) {
	undeployed := []string{
		"events/eventstest", "schemas", "internal/conformance", "internal/contract", "internal/local", "internal/memory",
		"internal/oracles", "internal/saga/sagatest", "internal/sagatest", "internal/stripe/stripetest", "internal/stripesandbox", "internal/tap", "internal/wiring/wiringtest", "cmd",
	}
	for _, p := range chosen(t, 7, isBootstrap) {
		for _, dep := range own(p.Deps) {
			if slices.ContainsFunc(undeployed, func(u string) bool { return dep == u || strings.HasPrefix(dep, u+"/") }) {
				t.Errorf("%s depends on %s", p.short(), dep)
			}
		}
		if found := reach(p.Deps, "testing", "github.com/santhosh-tekuri/jsonschema", "github.com/cloudevents/sdk-go/v2/client", "github.com/aws/aws-sdk-go-v2/config"); len(found) > 0 {
			t.Errorf("%s depends on %v", p.short(), found)
		}
	}
}

// A reader who opens a package learns from its first sentence what it is for.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range chosen(t, 30, func(pkg) bool { return true }) {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.Doc, want) || len(strings.Fields(p.Doc)) < 5 {
			t.Errorf("%s: got first sentence %q, want one that begins with %q and says what it is for", p.short(), p.Doc, want)
		}
	}
}

// Names that say nothing invite everything.
func TestPackageNamesSaySomething(t *testing.T) {
	empty := []string{"common", "util", "utils", "types", "models", "helpers", "base", "misc", "lib"}
	for _, p := range chosen(t, 30, func(pkg) bool { return true }) {
		if slices.Contains(empty, p.Name) {
			t.Errorf("%s: a package named %s can hold anything", p.short(), p.Name)
		}
	}
}
