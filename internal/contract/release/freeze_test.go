package release_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/contract/release"
)

// onDisk writes files into a folder.
func onDisk(t *testing.T, files fstest.MapFS) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "schemas")
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFreezingReleasesWhatIsNewAndTouchesNothingElse(t *testing.T) {
	files := copied(t)
	replace(t, files, "OrderUpdated.v1.json", `"$id": "urn:orderflow:OrderUpdated:1.0"`, `"$id": "urn:orderflow:OrderUpdated:1.1"`)
	replace(t, files, "OrderUpdated.v1.json", `"properties": {`, `"properties": {"note": {"type": "string"},`)
	dir := onDisk(t, files)
	got, err := release.Freeze(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, []release.Version{{Name: "OrderUpdated", Major: 1, Minor: 1}}); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
	for file, f := range files {
		now, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || (!bytes.Equal(now, f.Data) && file != "released/SHA256SUMS") {
			t.Errorf("%s is another now: %v", file, err)
		}
	}
	if found := release.Check(os.DirFS(dir), nil); len(found) > 0 {
		t.Errorf("got %v after the release", found)
	}
	if again, err := release.Freeze(dir, nil); err != nil || len(again) > 0 {
		t.Errorf("got %v %v the second time, want nothing to do", again, err)
	}
}

func TestFreezingRefusesAnotherTextUnderAReleasedVersion(t *testing.T) {
	files := copied(t)
	replace(t, files, "OrderUpdated.v1.json", "status changed.", "status is another.")
	dir := onDisk(t, files)
	_, err := release.Freeze(dir, nil)
	refused, ok := errors.AsType[*release.Refused](err)
	if !ok || !strings.Contains(err.Error(), "nothing was released:\nschemas/OrderUpdated.v1.json /description: changed") {
		t.Fatalf("got %v, want a refusal that names the file", err)
	}
	wantFound(t, refused.Findings, []string{"schemas/OrderUpdated.v1.json /description"})
	frozen, err := os.ReadFile(filepath.Join(dir, "released/OrderUpdated.v1.0/schema.json"))
	if err != nil || !bytes.Equal(frozen, files["released/OrderUpdated.v1.0/schema.json"].Data) {
		t.Errorf("the frozen version was touched: %v", err)
	}
}
