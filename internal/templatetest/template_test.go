package templatetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/lambdazip"
)

const root = "../.."

// stages are all that the deploy knows; the rules are checked for each.
func stages() []string { return []string{"local", "dev", "staging", "prod"} }

// packed holds the folder of each stage's packaged template; TestMain fills it once.
var packed map[string]string

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
	if err := writeZips(dir); err != nil {
		return 0, err
	}
	packed = make(map[string]string)
	for _, stage := range stages() {
		packed[stage] = filepath.Join(dir, stage)
		if err := packageStage(stage, dir, packed[stage]); err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

// writeZips puts an empty zip in every function's place: the template does not depend on the code.
func writeZips(dir string) error {
	functions, err := lambdazip.Functions(root)
	if err != nil {
		return err
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return err
	}
	for _, f := range functions {
		if err := lambdazip.Write(filepath.Join(dir, f.Key+".zip"), empty); err != nil {
			return err
		}
	}
	return nil
}

// packageStage runs osls with neither credentials nor an address to call.
func packageStage(stage, zips, out string) error {
	cmd := exec.CommandContext(context.Background(), "node", "node_modules/osls/bin/serverless.js", "package",
		"--stage", stage, "--param", "artifacts="+zips, "--package", out)
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + zips, "NODE_NO_WARNINGS=1", "AWS_EC2_METADATA_DISABLED=true"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("package %s (is everything installed by make deps?): %w\n%s", stage, err, said)
	}
	return nil
}

func templateFile(stage string) string {
	return filepath.Join(packed[stage], "cloudformation-template-update-stack.json")
}

// template is a packaged CloudFormation template.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value value }
}

type resource struct {
	Type           string
	Condition      string
	DeletionPolicy string
	Properties     json.RawMessage
}

// value is a property that is written out, or refers to another resource.
type value struct {
	// Text is a text or number as written; of any other function than Ref and GetAtt, its JSON without white space.
	Text string
	// Ref is a resource's name; Attribute is set where it was GetAtt.
	Ref, Attribute string
}

func (v *value) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*v = value{Text: text}
		return nil
	}
	var call struct {
		Ref    string
		GetAtt []string `json:"Fn::GetAtt"`
	}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &call); err != nil {
			return err
		}
	}
	switch {
	case call.Ref != "":
		*v = value{Ref: call.Ref}
	case len(call.GetAtt) == 2:
		*v = value{Ref: call.GetAtt[0], Attribute: call.GetAtt[1]}
	default:
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw); err != nil {
			return err
		}
		*v = value{Text: compact.String()}
	}
	return nil
}

// isARNOf tells whether v is the ARN of the resource called name.
func (v value) isARNOf(name string) bool { return v == value{Ref: name, Attribute: "Arn"} }

func load(t *testing.T, stage string) template {
	t.Helper()
	text, err := os.ReadFile(templateFile(stage))
	if err != nil {
		t.Fatal(err)
	}
	var parsed template
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// all returns the properties of the resources of a type by their names. Finding none fails the test.
func all[P any](t *testing.T, in template, kind string) map[string]P {
	t.Helper()
	found := make(map[string]P)
	for name, r := range in.Resources {
		if r.Type != kind {
			continue
		}
		var properties P
		if err := json.Unmarshal(r.Properties, &properties); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[name] = properties
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

// logicalID is the name that osls gives a function's resources, from its key.
func logicalID(key string) string {
	name := strings.ReplaceAll(key, "-", "Dash")
	return strings.ToUpper(name[:1]) + name[1:]
}

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
