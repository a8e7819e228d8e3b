package recipes_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// inCheckout runs a command in the folder dir and returns what it said.
func inCheckout(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// Wherever the copy lies, git must not take it for a part of another repository.
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	said, err := inCheckout(t, dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
	return said
}

// scratch copies the checkout, what is not committed yet included; what was installed is linked.
func scratch(t *testing.T) string {
	t.Helper()
	copied := t.TempDir()
	list, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("list the checkout's files: %v", err)
	}
	for name := range bytes.SplitSeq(bytes.Trim(list, "\x00"), []byte{0}) {
		if err := copyFile(filepath.Join(root, string(name)), filepath.Join(copied, string(name))); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"node_modules", ".venv"} {
		installed, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(installed, filepath.Join(copied, name)); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err // not there: it was deleted and that is not committed yet
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}

// apply performs the edits of new-event-type.md, which stand in the patch beside it.
func apply(t *testing.T, dir string) {
	t.Helper()
	patch, err := filepath.Abs("new-event-type.patch")
	if err != nil {
		t.Fatal(err)
	}
	if said, err := inCheckout(t, dir, "git", "apply", "-C1", "--verbose", patch); err != nil {
		t.Fatalf("the patch no longer fits: edit the copy by the recipe, and write its git diff -U1 to docs/recipes/new-event-type.patch\n%s", said)
	}
	if _, err := os.Stat(filepath.Join(dir, "schemas/PaymentPending.v1.json")); err != nil {
		t.Fatal(err)
	}
}

// checked are the packages that hold the contract against itself, and those of the recipe's producer.
var checked = []string{
	"./events", "./internal/contract", "./internal/contract/gate", "./internal/contract/release", "./internal/contract/describe",
	"./internal/payment/facts", "./internal/payment/settle",
}

func TestANewEventTypeByTheRecipeKeepsTheContract(t *testing.T) {
	dir := scratch(t)
	apply(t, dir)
	if said, err := inCheckout(t, dir, "go", "test", "-vet=off", "./internal/contract/release"); err == nil || !strings.Contains(said, "PaymentPending") {
		t.Errorf("before the last steps, got %v; want the type not released\n%s", err, said)
	}
	mustRun(t, dir, "go", "run", "./internal/contract/release/freeze")
	mustRun(t, dir, "go", "run", "./internal/contract/describe/generate")
	said := mustRun(t, dir, "go", append([]string{"test", "-vet=off", "-run", "^Test"}, checked...)...)
	if n := strings.Count(said, "ok  \t"); n != len(checked) {
		t.Errorf("%d packages were tested, want %d\n%s", n, len(checked), said)
	}
}

// A recipe names each file that its patch edits, so that nobody has to read the patch to know what is to be done.
func TestTheRecipeNamesEveryFileThatItsPatchEdits(t *testing.T) {
	recipe, err := os.ReadFile("new-event-type.md")
	if err != nil {
		t.Fatal(err)
	}
	patch, err := os.ReadFile("new-event-type.patch")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for line := range strings.Lines(string(patch)) {
		file, ok := strings.CutPrefix(strings.TrimSpace(line), "+++ b/")
		if !ok {
			continue
		}
		named++
		if strings.HasPrefix(file, "schemas/examples/") {
			file = "schemas/examples/PaymentPending.v1"
		}
		if !strings.Contains(string(recipe), file) {
			t.Errorf("new-event-type.md does not name %s", file)
		}
	}
	if named < 10 {
		t.Errorf("found %d files in the patch", named)
	}
}

func TestRecipesNameOnlyWhatIsThere(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) < 4 {
		t.Fatalf("got pages %v, %v, want the index and three recipes", pages, err)
	}
	links := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "`make ")[1:] {
			target, _, _ := strings.Cut(part, "`")
			if !strings.Contains(string(makefile), "\n"+target+":") {
				t.Errorf("%s: there is no make %s", page, target)
			}
		}
		for _, part := range strings.Split(string(text), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			if strings.HasPrefix(target, "http") {
				continue
			}
			links++
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if links < 15 {
		t.Errorf("found only %d links", links)
	}
}
