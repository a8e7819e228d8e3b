// Package describe writes the documents that are made from the contract: AsyncAPI for the bus, OpenAPI for the API, and pages that list the events and the problems.
//
// What they say comes from the schemas, the catalog, the kinds of problems and the
// table of operations in this package; a test holds that table against the answers of the real handlers. The
// files under docs/ are written by `make docs`, and a test fails where they are stale.
package describe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/internal/contract/release"
)

// File is one document.
type File struct {
	Path string // below the root of the checkout, with slashes
	Text []byte
}

// madeBy stands at the top of every document, in the form of a comment.
const madeBy = "Made from schemas/, events/catalog.go and internal/problem by internal/contract/describe. Do not edit: make docs"

// Files makes every document. The error names the one that could not be made.
func Files() ([]File, error) {
	makers := []struct {
		path string
		text func() ([]byte, error)
	}{
		{"docs/asyncapi.yaml", asyncAPI},
		{"docs/events.md", eventsPage},
		{"docs/openapi.yaml", openAPI},
		{"docs/problems.md", problemsPage},
	}
	var files []File
	for _, m := range makers {
		text, err := m.text()
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", m.path, err)
		}
		files = append(files, File{m.path, text})
	}
	return files, nil
}

// Write writes every document into the checkout at root.
func Write(root string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(f.Path)), f.Text, 0o644); err != nil {
			return fmt.Errorf("describe: %w", err)
		}
	}
	return nil
}

const remedy = "run make docs"

// Check returns the documents of the checkout at root that are stale, each with its first difference.
func Check(root string) ([]release.Finding, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	var found []release.Finding
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.Path)))
		switch {
		case err != nil:
			found = append(found, release.Finding{File: f.Path, Wrong: "cannot be read", Do: remedy})
		case !bytes.Equal(text, f.Text):
			line, got, want := difference(text, f.Text)
			found = append(found, release.Finding{
				File: f.Path, Path: "line " + strconv.Itoa(line), Wrong: fmt.Sprintf("is stale: got %q, want %q", got, want), Do: remedy,
			})
		}
	}
	return found, nil
}

// difference returns the first line that differs, from 1, with what either text has there.
func difference(got, want []byte) (line int, gotLine, wantLine string) {
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y || i >= len(a) || i >= len(b) {
			return i + 1, x, y
		}
	}
	return 0, "", ""
}
