package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/schemas"
)

// checkoutWith is a folder whose schemas are ours but for the replacements: file, old text, new text.
func checkoutWith(t *testing.T, replacements ...[3]string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "schemas"), schemas.Files()); err != nil {
		t.Fatal(err)
	}
	for _, r := range replacements {
		file := filepath.Join(root, "schemas", r[0])
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(r[1])) {
			t.Fatalf("%s does not hold %q: %v", r[0], r[1], err)
		}
		if err := os.WriteFile(file, bytes.Replace(text, []byte(r[1]), []byte(r[2]), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var (
	noteAdded   = [3]string{"OrderUpdated.v1.json", `"properties": {`, `"properties": {"note": {"type": "string"},`}
	raisedMinor = [3]string{"OrderUpdated.v1.json", `"urn:orderflow:OrderUpdated:1.0"`, `"urn:orderflow:OrderUpdated:1.1"`}
	reasonAsked = [3]string{"OrderUpdated.v1.json", `"required": [`, `"required": ["reason",`}
)

func TestDiffOfWhatIsReleasedTellsNoChange(t *testing.T) {
	got := call(t, nil, "", "contracts", "diff", "--root", checkoutWith(t))
	got.want(t, exitOK, "OrderUpdated 1.0 → 1.0: no change", "definitions 1.0 → 1.0: no change")
	if lines := strings.Count(got.out, "\n"); lines != len(schemas.Names()) {
		t.Errorf("got %d lines, want one a schema:\n%s", lines, got.out)
	}
	call(t, nil, "", "contracts", "diff", "OrderUpdated").want(t, exitOK, "OrderUpdated 1.0 → 1.0: no change")
}

func TestDiffTellsPathWhoBreaksAndVerdict(t *testing.T) {
	root := checkoutWith(t, noteAdded, reasonAsked, raisedMinor)
	got := call(t, nil, "", "contracts", "diff", "OrderUpdated", "--root", root)
	want := `OrderUpdated 1.0 → 1.1
path              change                                who breaks  verdict
/properties/note  property added: – → {"type":"string"}  nobody      minor
/required         narrowed: – → "reason"                 producers   breaking, needs 2.0
`
	if squeezed := strings.Join(strings.Fields(got.out), " "); squeezed != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got\n%s\nwant\n%s", got.out, want)
	}
	got.want(t, exitDisagree, "the contract is broken: 1 changes lack the version that they need")
}

func TestDiffIsContentWithAHighEnoughVersion(t *testing.T) {
	root := checkoutWith(t, noteAdded, raisedMinor)
	call(t, nil, "", "contracts", "diff", "--root", root).want(t, exitOK, "OrderUpdated 1.0 → 1.1", "property added")
	root = checkoutWith(t, noteAdded)
	call(t, nil, "", "contracts", "diff", "--root", root).want(t, exitDisagree, "minor, needs 1.1")
	root = checkoutWith(t, [3]string{"OrderUpdated.v1.json", "{", "{ "})
	call(t, nil, "", "contracts", "diff", "--root", root).want(t, exitDisagree, "text alone", "annotation, needs 1.1")
}

func TestDiffFollowsADefinitionToAllThatUseIt(t *testing.T) {
	root := checkoutWith(t, [3]string{"definitions.v1.json", `"EUR",`, `"EUR", "EUX",`})
	got := call(t, nil, "", "contracts", "diff", "--root", root)
	got.want(t, exitDisagree, "/$defs/currency/enum", "/properties/currency/enum", `widened: – → "EUX"`)
	if n := strings.Count(got.out, "/properties/currency/enum"); n < 6 {
		t.Errorf("got %d schemas, want all that have a currency:\n%s", n, got.out)
	}
}

func TestDiffAsJSONHasAChangeALine(t *testing.T) {
	root := checkoutWith(t, reasonAsked)
	got := call(t, nil, "", "contracts", "diff", "--json", "--root", root)
	var line map[string]any
	if err := json.Unmarshal([]byte(got.out), &line); err != nil {
		t.Fatalf("%v: %s", err, got.out)
	}
	want := map[string]any{
		"schema": "OrderUpdated", "from": "1.0", "to": "1.0", "path": "/required", "what": "narrowed", "old": "", "new": `"reason"`,
		"breaks": "producers", "verdict": "breaking", "allowed": false,
	}
	if diff := cmp.Diff(line, want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
}

func TestDiffComparesReleasesAndFiles(t *testing.T) {
	root := checkoutWith(t, noteAdded, raisedMinor)
	frozen := filepath.Join(root, "schemas", "released", "OrderUpdated.v1.1")
	if err := os.Mkdir(frozen, 0o750); err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(root, "schemas", "OrderUpdated.v1.json")
	if err := os.Link(current, filepath.Join(frozen, "schema.json")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"OrderUpdated.v1.0", "OrderUpdated.v1.1"},
		{"OrderUpdated.v1.0"},
		{"OrderUpdated", "--against", "1.0"},
		{"OrderUpdated.v1.0", current},
		{filepath.Join(root, "schemas", "released", "OrderUpdated.v1.0", "schema.json"), current},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			args := append([]string{"contracts", "diff", "--root", root}, args...)
			call(t, nil, "", args...).want(t, exitOK, "OrderUpdated 1.0 → 1.1", "/properties/note")
		})
	}
	call(t, nil, "", "contracts", "diff", "--root", root, "OrderUpdated").want(t, exitOK, "OrderUpdated 1.1 → 1.1: no change")
	call(t, nil, "", "contracts", "diff", "--root", root, "OrderUpdated.v1.1", "OrderUpdated.v1.0").want(t, exitDisagree, "property removed")
}

func TestDiffOfANewMajorIsAgainstTheOldOne(t *testing.T) {
	root := checkoutWith(t, [3]string{"OrderUpdated.v1.json", `"urn:orderflow:OrderUpdated:1.0"`, `"urn:orderflow:OrderUpdated:2.0"`}, reasonAsked)
	folder := filepath.Join(root, "schemas")
	if err := os.Rename(filepath.Join(folder, "OrderUpdated.v1.json"), filepath.Join(folder, "OrderUpdated.v2.json")); err != nil {
		t.Fatal(err)
	}
	call(t, nil, "", "contracts", "diff", "OrderUpdated.v2", "--root", root).want(t, exitOK, "OrderUpdated 1.0 → 2.0", "producers", "breaking")
	fresh := `{"$id": "urn:orderflow:OrderPacked:1.0"}`
	if err := os.WriteFile(filepath.Join(folder, "OrderPacked.v1.json"), []byte(fresh), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, nil, "", "contracts", "diff", "OrderPacked", "--root", root).want(t, exitOK, "OrderPacked 1.0 is not released")
}

func TestDiffThatCannotBeMadeIsUsage(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"$id": "elsewhere"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		want string
		args []string
	}{
		{"there is no schema", []string{"Nothing"}},
		{"no version \"9.9\" is released", []string{"--against", "9.9"}},
		{"OrderUpdated.v1.9 is not released", []string{"OrderUpdated.v1.9"}},
		{"not both", []string{"OrderUpdated.v1.0", "--against", "1.0"}},
		{"not both", []string{"OrderUpdated.v1.0", "OrderUpdated", "--against", "1.0"}},
		{"name what to compare", []string{bad}},
		{"want urn:orderflow:<name>", []string{bad, bad}},
		{"no such file", []string{bad + ".json", bad}},
		{"no versions of one schema", []string{"OrderUpdated.v1.0", "OrderRecorded.v1.0"}},
		{"no checkout of orderflow", []string{"--root", t.TempDir()}},
	} {
		t.Run(strings.Join(row.args, " "), func(t *testing.T) {
			call(t, nil, "", append([]string{"contracts", "diff"}, row.args...)...).want(t, exitUsage, row.want)
		})
	}
}
