package lambdazip_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/lambdazip"
)

// checkout writes a module with one function, whose binary prints greeting.
func checkout(t *testing.T, greeting string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                               "module example.test/shop\n\ngo 1.26\n",
		"functions/greetall/function.yml":      "functions:\n  greet-all:\n    handler: bootstrap\n",
		"functions/greetall/bootstrap/main.go": "package main\n\nfunc main() { print(\"" + greeting + "\") }\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func build(t *testing.T, root string, target lambdazip.Target) []byte {
	t.Helper()
	if err := lambdazip.Build(t.Context(), root, target); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(filepath.Join(target.Dir(root), "greet-all.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func onlyFile(t *testing.T, packed []byte) *zip.File {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 {
		t.Fatalf("the zip holds %d files, want 1", len(r.File))
	}
	return r.File[0]
}

// Case: the bootstrap was not executable or for another machine (serverless#12123, go-plugin#44, sam-cli#3338).
func TestZipHoldsAnExecutableBootstrapForGraviton(t *testing.T) {
	file := onlyFile(t, build(t, checkout(t, "hello"), lambdazip.AWS()))
	if got, want := file.Name, "bootstrap"; got != want {
		t.Errorf("file is named %q, want %q", got, want)
	}
	if got, want := file.Mode(), os.FileMode(0o755); got != want {
		t.Errorf("mode is %v, want %v", got, want)
	}
	opened, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	code, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := elf.NewFile(bytes.NewReader(code))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := binary.Machine, elf.EM_AARCH64; got != want {
		t.Errorf("machine is %v, want %v", got, want)
	}
	if libraries, err := binary.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the binary wants the libraries %v (%v), want a static one", libraries, err)
	}
}

func TestSameSourcesGiveTheSameBytes(t *testing.T) {
	first := build(t, checkout(t, "hello"), lambdazip.AWS())
	second := build(t, checkout(t, "hello"), lambdazip.AWS())
	if !bytes.Equal(first, second) {
		t.Error("two builds of the same sources in two folders differ")
	}
	if other := build(t, checkout(t, "good evening"), lambdazip.AWS()); bytes.Equal(first, other) {
		t.Error("other sources give the same zip")
	}
}

func TestSecondBuildTouchesNothing(t *testing.T) {
	root := checkout(t, "hello")
	build(t, root, lambdazip.Local())
	path := filepath.Join(lambdazip.Local().Dir(root), "greet-all.zip")
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	build(t, root, lambdazip.Local())
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.ModTime().UTC(); !got.Equal(long) {
		t.Errorf("the zip was written again at %v", got)
	}
}

func TestTargetsNeverMix(t *testing.T) {
	if a, l := lambdazip.AWS().Dir("."), lambdazip.Local().Dir("."); a == l {
		t.Errorf("both targets build into %s", a)
	}
}

func TestCompilersComplaintIsInTheError(t *testing.T) {
	root := checkout(t, `") + nonsense + ("`)
	err := lambdazip.Build(t.Context(), root, lambdazip.Local())
	if err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("got error %v, want one that names the undefined word", err)
	}
}

func TestFunctionsAreFoundByTheirFiles(t *testing.T) {
	got, err := lambdazip.Functions(checkout(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, []lambdazip.Function{{Key: "greet-all", Folder: "greetall"}}); diff != "" {
		t.Error(diff)
	}
	if _, err := lambdazip.Functions(t.TempDir()); err == nil {
		t.Error("a folder without functions gives no error")
	}
}

func TestUnknownTargetIsRefused(t *testing.T) {
	if _, err := lambdazip.TargetNamed("azure"); err == nil {
		t.Error("azure is taken as a target")
	}
	for _, want := range []lambdazip.Target{lambdazip.AWS(), lambdazip.Local()} {
		if got, err := lambdazip.TargetNamed(want.Name); err != nil || got != want {
			t.Errorf("TargetNamed(%q) = %v, %v", want.Name, got, err)
		}
	}
}
