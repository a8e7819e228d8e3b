// Package gate holds the contract between producers and consumers against itself: schemas, examples, catalog, Go types,
// released versions and the packaged template, all read from a checkout.
//
// It reads files and calls nothing. What it finds names the file to mend, the
// place in it, what is wrong and what to do. Looking and finding nothing to look at is a finding too.
package gate

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/release"
	"github.com/orderflow/orderflow/schemas"
)

// Finding is one thing that is wrong, as the release check also says it.
type Finding = release.Finding

// Count says how many things of a kind were looked at.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// Report is what a check looked at and what it found.
type Report struct {
	Findings []Finding
	Checked  []Count
}

// Add puts another report behind r.
func (r *Report) Add(other Report) {
	r.Findings = append(r.Findings, other.Findings...)
	r.Checked = append(r.Checked, other.Checked...)
}

// find notes a finding. The place is a file and a path in it.
func (r *Report) find(at place, do, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{File: at.file, Path: at.path, Wrong: fmt.Sprintf(format, args...), Do: do})
}

// checked notes how many things were looked at; none is a finding about the file or folder they should be in.
func (r *Report) checked(what string, n int, in string) {
	r.Checked = append(r.Checked, Count{what, n})
	if n == 0 {
		r.find(place{in, ""}, "run the check in a whole checkout, or mend what hides them", "there are no %s to check", what)
	}
}

// sort orders the findings by file and path.
func (r *Report) sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Path, b.Path))
	})
}

// place is a file and a place in it.
type place struct{ file, path string }

func (p place) below(path string) place { return place{p.file, p.path + path} }

// Check looks at everything but the template: the schemas, their examples, the catalog, the Go types and the released versions of the checkout in the folder root.
func Check(root string) Report {
	var r Report
	set := readSchemas(root, &r)
	set.check(&r)
	examples := readExamples(root, set, &r)
	examples.check(&r)
	checkCatalog(root, set, &r)
	checkGoTypes(root, set, &r)
	checkReleased(root, &r)
	r.sort()
	return r
}

// checkReleased holds the schemas against the versions that were released of them.
func checkReleased(root string, r *Report) {
	files := os.DirFS(filepath.Join(root, "schemas"))
	r.Findings = append(r.Findings, release.Check(files, release.Versions(events.Catalog()))...)
	r.checked("released versions", len(schemas.ReleasedIn(files)), "schemas/released")
}
