package templatetest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/contract/gate/pack"
	"github.com/orderflow/orderflow/internal/local"
)

const root = "../.."

// stages are all that the deploy knows; the rules are checked for each.
func stages() []string { return []string{"local", "dev", "staging", "prod"} }

// What all tests share; TestMain fills it once.
var (
	packed   map[string]string // the folder of each stage's packaged template
	emulator aws.Config        // of an emulator with nothing deployed
)

func TestMain(m *testing.M) {
	code, err := packageAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func packageAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "orderflow-template-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := pack.Zips(root, dir); err != nil {
		return 0, err
	}
	packed = make(map[string]string)
	for _, stage := range stages() {
		packed[stage] = filepath.Join(dir, stage)
		if _, err := pack.Stage(context.Background(), root, stage, dir, packed[stage]); err != nil {
			return 0, err
		}
	}
	return local.WithEmulator(root, func(conf aws.Config) int {
		emulator = conf
		return m.Run()
	}), nil
}

func templateFile(stage string) string { return filepath.Join(packed[stage], pack.File) }

// The template's types are those that the gate reads it with.
type (
	template = cfn.Template
	value    = cfn.Value
)

func load(t *testing.T, stage string) template {
	t.Helper()
	text, err := os.ReadFile(templateFile(stage))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cfn.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// all returns the properties of the resources of a type by their names. Finding none fails the test.
func all[P any](t *testing.T, in template, kind string) map[string]P {
	t.Helper()
	found, err := cfn.All[P](in, kind)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s to check", kind)
	}
	return found
}

// eachStage runs check on every stage's template.
func eachStage(t *testing.T, check func(t *testing.T, stage string, in template)) {
	t.Helper()
	for _, stage := range stages() {
		t.Run(stage, func(t *testing.T) { check(t, stage, load(t, stage)) })
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func logicalID(key string) string { return cfn.LogicalID(key) }

func TestTemplatesPassTheLinter(t *testing.T) {
	// W3005 is about DependsOn that osls writes beside a GetAtt.
	args := []string{"--ignore-checks", "W3005", "--"}
	for _, stage := range []string{"local", "prod"} {
		args = append(args, templateFile(stage))
	}
	if said, err := exec.CommandContext(t.Context(), root+"/.venv/bin/cfn-lint", args...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, said)
	}
}
