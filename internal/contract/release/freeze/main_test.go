package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/schemas"
)

// first is our schemas as if none of them were released yet.
func first(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "schemas")
	if err := os.CopyFS(dir, schemas.Files()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "released")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "released"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "released", "SHA256SUMS"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestItSaysWhatItReleased(t *testing.T) {
	dir := first(t)
	var out strings.Builder
	if err := run(dir, &out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "released urn:orderflow:"); got != len(schemas.Names()) {
		t.Errorf("got %d lines, want one a schema:\n%s", got, out.String())
	}
	out.Reset()
	if err := run(dir, &out); err != nil || out.String() != "every version is released already\n" {
		t.Errorf("got %q %v the second time", out.String(), err)
	}
}

func TestItReleasesNothingWhereTheGateFindsSomething(t *testing.T) {
	dir := first(t)
	if err := os.Remove(filepath.Join(dir, "OrderUpdated.v1.json")); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := run(dir, &out)
	if err == nil || !strings.Contains(err.Error(), "events/catalog.go OrderUpdated.v1: has no schema; write schemas/OrderUpdated.v1.json") {
		t.Errorf("got %v, want what is wrong", err)
	}
	if out.String() != "" {
		t.Errorf("got %q, want nothing released", out.String())
	}
}
