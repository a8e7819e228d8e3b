package foreign_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leastSamples is far below what aws-lambda-go comes with: with fewer, something is wrong with how they are found.
const leastSamples = 40

// sample is one of aws-lambda-go's sample events or answers.
type sample struct {
	name string // of the file, without .json
	text []byte
}

// samples returns all of aws-lambda-go's, of the very version that the functions are built with.
func samples(t *testing.T) []sample {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatalf("where aws-lambda-go is: %v", err)
	}
	paths, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "events", "testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < leastSamples {
		t.Fatalf("got %d samples, want at least %d", len(paths), leastSamples)
	}
	all := make([]sample, len(paths))
	for i, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = sample{strings.TrimSuffix(filepath.Base(path), ".json"), text}
	}
	return all
}

// ids are the members of samples whose values may stand in a log line: by them an operator finds what was handled.
var ids = []string{"messageId", "requestId", "SequenceNumber"}

// leaf is a text in a sample, and the name of the member that holds it.
type leaf struct{ name, text string }

// leaves returns every text in a JSON document, none where it is not JSON.
func leaves(document []byte) []leaf {
	return leavesOf("", document)
}

func leavesOf(name string, value json.RawMessage) []leaf {
	var object map[string]json.RawMessage
	var array []json.RawMessage
	var text string
	var found []leaf
	switch {
	case json.Unmarshal(value, &object) == nil:
		for member, v := range object {
			found = append(found, leavesOf(member, v)...)
		}
	case json.Unmarshal(value, &array) == nil:
		for _, v := range array {
			found = append(found, leavesOf(name, v)...)
		}
	case json.Unmarshal(value, &text) == nil:
		found = append(found, leaf{name, text})
	}
	return found
}

// traceable returns what of the sample may stand in a log line.
func (s sample) traceable() []string {
	var out []string
	for _, l := range leaves(s.text) {
		if slices.Contains(ids, l.name) {
			out = append(out, l.text)
		}
		if method, route, _ := strings.Cut(l.text, " "); l.name == "routeKey" {
			out = append(out, method, route)
		}
	}
	return out
}
