package describe_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/contract/describe"
)

const root = "../../.."

func TestTheDocumentsAreWhatTheContractSays(t *testing.T) {
	found, err := describe.Check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestAStaleDocumentIsNamedWithItsFirstDifference(t *testing.T) {
	files, err := describe.Files()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 {
		t.Fatalf("got %d documents, want 4", len(files))
	}
	for i, stale := range files {
		dir := scratch(t, files)
		lines := strings.Split(string(stale.Text), "\n")
		lines[9] += "x"
		put(t, dir, stale.Path, []byte(strings.Join(lines, "\n")))
		missing := files[(i+1)%len(files)].Path
		if err := os.Remove(filepath.Join(dir, missing)); err != nil {
			t.Fatal(err)
		}
		found, err := describe.Check(dir)
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]string{}
		for _, f := range found {
			at[f.File] = f.Path
		}
		if diff := cmp.Diff(map[string]string{stale.Path: "line 10", missing: ""}, at); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestADocumentThatWasCutShortIsStale(t *testing.T) {
	files, err := describe.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t, files)
	put(t, dir, files[0].Path, bytes.TrimSuffix(files[0].Text, []byte("\n")))
	found, err := describe.Check(dir)
	if err != nil || len(found) != 1 || found[0].Path != fmt.Sprintf("line %d", bytes.Count(files[0].Text, []byte("\n"))+1) {
		t.Errorf("got %v, %v, want the line behind the last", found, err)
	}
}

func TestWhatIsWrittenIsNotStale(t *testing.T) {
	dir := scratch(t, nil)
	if err := describe.Write(dir); err != nil {
		t.Fatal(err)
	}
	if found, err := describe.Check(dir); err != nil || len(found) > 0 {
		t.Errorf("got %v, %v, want nothing", found, err)
	}
}

// scratch is a folder that has the documents.
func scratch(t *testing.T, files []describe.File) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		put(t, dir, f.Path, f.Text)
	}
	return dir
}

func put(t *testing.T, dir, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, path), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
