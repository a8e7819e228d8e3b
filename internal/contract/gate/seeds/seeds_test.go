package seeds

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/contract/gate/pack"
)

const root = "../../../.."

func TestTheGateCatchesEveryMistake(t *testing.T) {
	all := mistakes()
	if len(all) < 20 {
		t.Fatalf("%d mistakes, want twenty or more", len(all))
	}
	control := scratch(t)
	clean := packaged(t, control)
	if found := inspect(t, control, clean); len(found) > 0 {
		t.Fatalf("the checkout has findings before any mistake:\n%s", strings.Join(found, "\n"))
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			found := m.look(t, clean)
			if !slices.ContainsFunc(found, m.isCaughtBy) {
				t.Errorf("want a finding of %s at %s, found\n%s", m.wantFile, m.wantPath, strings.Join(found, "\n"))
			}
		})
	}
}

// isCaughtBy tells whether a finding names the file and the path, and says what to do.
func (m mistake) isCaughtBy(finding string) bool {
	where, what, ok := strings.Cut(finding, ": ")
	file, path, _ := strings.Cut(where, " ")
	return ok && file == m.wantFile && strings.Contains(path, m.wantPath) && strings.Contains(what, "; ")
}

// apply returns the text with the mistake in it. An edit that changes nothing is no mistake.
func (m mistake) apply(t *testing.T, text string) string {
	t.Helper()
	after := m.edit(text)
	if after == text {
		t.Fatal("the edit changes nothing")
	}
	return after
}

// make edits a file of the copy.
func (m mistake) make(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, m.file)
	if m.edit == nil {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return
	}
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(m.apply(t, string(before))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// look returns what the gate finds in a copy with the mistake. The template of the checkout without mistakes stands for that of a
// copy in which it is the same.
func (m mistake) look(t *testing.T, clean []byte) []string {
	t.Helper()
	if m.kind == inTemplate {
		return inspect(t, root, []byte(m.apply(t, string(clean))))
	}
	dir := scratch(t)
	m.make(t, dir)
	switch m.kind {
	case inCode:
		return rebuilt(t, dir)
	case inPackage:
		return inspect(t, dir, packaged(t, dir))
	default:
		return inspect(t, dir, clean)
	}
}

func inspect(t *testing.T, dir string, template []byte) []string {
	t.Helper()
	report := gate.Check(dir)
	in, err := gate.Open(dir, template)
	if err != nil {
		t.Fatal(err)
	}
	report.Add(in.Check())
	found := make([]string, len(report.Findings))
	for i, f := range report.Findings {
		found[i] = f.String()
	}
	return found
}

func packaged(t *testing.T, dir string) []byte {
	t.Helper()
	out := t.TempDir()
	if err := pack.Zips(dir, out); err != nil {
		t.Fatal(err)
	}
	file, err := pack.Stage(t.Context(), dir, "prod", out, filepath.Join(out, "package"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rebuilt has the copy's own gate, built anew, look at the copy, and returns what it says.
func rebuilt(t *testing.T, dir string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-trimpath", "-run", "^TestThisCheckoutKeepsItsContract$", "./internal/contract/gate")
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		t.Fatalf("go test: %v", err)
	}
	var found []string
	for line := range strings.Lines(string(said)) {
		_, finding, _ := strings.Cut(strings.TrimSpace(line), ": ") // behind the place in the test
		found = append(found, finding)
	}
	return found
}

// scratch copies the checkout, without what is built, and with what is installed by reference.
func scratch(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	left := []string{".git", ".tools", ".venv", ".serverless", "build", "node_modules"}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(left, inside) {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, inside), 0o700)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // somebody's temporary file
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, inside), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(from, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}
