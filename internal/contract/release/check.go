package release

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/schemas"
)

// Check holds a copy of the folder schemas/ against the versions that were released of it, and against the
// catalog of event types. It returns what is wrong, in order of file and path:
//
//   - A released version that was edited, or is gone.
//   - A schema that differs from the released version of the same $id.
//   - A change that needs a new minor or major version and did not get it.
//   - A gap between versions, or a way back.
//   - A major version that was released and has no schema any more.
//   - An example of a released version that is gone.
//   - A catalog that speaks of another version. With no catalog that is not looked at.
func Check(files fs.FS, catalog []Version) []Finding {
	c := newChecker(files)
	if len(c.released) == 0 {
		c.find(folder, "", "nothing is released", "run make freeze")
	}
	return c.check(catalog)
}

type checker struct {
	files    fs.FS
	released []schemas.Release
	current  map[string]current // by the name of the schema
	now      compat.Library
	then     compat.Library
	findings []Finding
}

// current is a schema that is not frozen.
type current struct {
	version Version
	text    []byte
}

func newChecker(files fs.FS) *checker {
	return &checker{
		files: files, released: schemas.ReleasedIn(files), current: map[string]current{},
		now: Library(files, false), then: Library(files, true),
	}
}

// find notes what is wrong with a file of the folder schemas/.
func (c *checker) find(file, path, wrong, do string) {
	c.findings = append(c.findings, Finding{checkout + file, path, wrong, do})
}

func (c *checker) check(catalog []Version) []Finding {
	c.checkSums()
	c.checkFrozen()
	c.readCurrent()
	for _, name := range sortedNames(c.current) {
		c.checkCurrent(c.current[name])
	}
	c.checkNumbers()
	c.checkExamples()
	c.checkCatalog(catalog)
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Path, b.Path))
	})
	return c.findings
}

// checkFrozen holds the $id of every released version against its folder.
func (c *checker) checkFrozen() {
	for _, r := range c.released {
		s, err := compat.Parse(r.Text, c.then)
		if err != nil {
			c.find(frozenFile(Of(r)), "", "cannot be judged: "+err.Error(), restore(frozenFile(Of(r))))
			continue
		}
		if s.ID != Of(r).ID() {
			c.find(frozenFile(Of(r)), "/$id", fmt.Sprintf("is %q in the folder of %s", s.ID, Of(r).ID()), restore(frozenFile(Of(r))))
		}
	}
}

func restore(file string) string { return "restore it: git checkout -- " + checkout + file }

func (c *checker) readCurrent() {
	found, err := fs.Glob(c.files, "*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range found {
		text, err := fs.ReadFile(c.files, file)
		if err != nil {
			c.find(file, "", "cannot be read", "make it readable")
			continue
		}
		s, err := compat.Parse(text, c.now)
		if err != nil {
			c.find(file, "", "cannot be judged: "+err.Error(), "mend it; a schema refers to the current definitions by their $id, and a new $id of those asks for a new minor version of it")
			continue
		}
		v, ok := ParseID(s.ID)
		if !ok || currentFile(v) != file {
			name, major, _ := strings.Cut(strings.TrimSuffix(file, ".json"), ".v")
			c.find(file, "/$id", fmt.Sprintf("is %q", s.ID), "write "+idPrefix+name+":"+major+".<minor>, as the file is called")
			continue
		}
		c.current[v.Schema()] = current{v, text}
	}
}

// latest returns the newest release of a major version.
func (c *checker) latest(name string, major int) (schemas.Release, bool) {
	for _, r := range slices.Backward(c.released) {
		if r.Name == name && r.Major == major {
			return r, true
		}
	}
	return schemas.Release{}, false
}

// checkCurrent holds a schema against the newest release of its major version.
func (c *checker) checkCurrent(s current) {
	r, ok := c.latest(s.version.Name, s.version.Major)
	file := currentFile(s.version)
	switch {
	case !ok && s.version.Minor != 0:
		c.find(file, "/$id", fmt.Sprintf("is %s, and no version of major %d is released", s.version, s.version.Major), "begin with minor version 0")
	case !ok:
	case s.version.Minor < r.Minor:
		c.find(file, "/$id", fmt.Sprintf("goes back to %s behind the released %s", s.version, Of(r)), "copy "+checkout+frozenFile(Of(r))+" over it, and raise its $id where something is to change")
	case s.version.Minor > r.Minor+1:
		c.find(file, "/$id", fmt.Sprintf("leaves a gap between the released %s and %s", Of(r), s.version), "write "+Of(r).NextMinor().ID())
	case s.version.Minor == r.Minor && bytes.Equal(s.text, r.Text):
	default:
		c.checkChanges(s, r)
	}
}

// checkChanges finds the changes since the release that the schema's version does not allow.
func (c *checker) checkChanges(s current, r schemas.Release) {
	old, err1 := compat.Parse(r.Text, c.then)
	latest, err2 := compat.Parse(s.text, c.now)
	if err1 != nil || err2 != nil {
		return // found already
	}
	file, changes := currentFile(s.version), Compare(s.version.Name, old, latest)
	for _, ch := range changes {
		if !Allowed(Of(r), s.version, ch.Verdict) {
			c.find(file, ch.Path, describe(ch, Of(r)), remedy(ch.Verdict, Of(r)))
		}
	}
	if len(changes) == 0 && s.version.Minor == r.Minor {
		c.find(file, "", fmt.Sprintf("its text differs from the released %s, which has the same $id", Of(r)),
			"copy "+checkout+frozenFile(Of(r))+" over it, or "+remedy(compat.Minor, Of(r)))
	}
}

// describe says what a change is and whom it breaks.
func describe(ch compat.Change, since Version) string {
	what := ch.What
	if ch.Old != "" || ch.New != "" {
		what += " (" + cut(ch.Old) + " → " + cut(ch.New) + ")"
	}
	if ch.Verdict == compat.Breaking {
		return fmt.Sprintf("%s since the released %s, which breaks %s", what, since, who(ch.Breaks))
	}
	return fmt.Sprintf("%s since the released %s, under the same $id", what, since)
}

func who(s compat.Side) string {
	if s == compat.Both {
		return "producers and consumers"
	}
	return string(s)
}

// cut shortens what a reader need not see whole.
func cut(text string) string {
	const most = 60
	if text == "" {
		return "nothing"
	}
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}

// remedy says where a change has to go.
func remedy(v compat.Verdict, since Version) string {
	next := since.NextMinor()
	do := "raise $id to " + next.ID()
	if v == compat.Breaking {
		next = since.NextMajor()
		do = fmt.Sprintf("take it back here, or make it in a new %s%s with $id %s", checkout, currentFile(next), next.ID())
	}
	switch {
	case bare(schemas.Definitions) == since.Name:
		return do + ", and give every schema that is to refer to it a new version of the same weight"
	case bare(schemas.PlaceOrder) == since.Name:
		return do
	case v == compat.Breaking:
		return do + " and a type of its own in " + catalog
	default:
		return do + ", and the type's Minor in " + catalog
	}
}

// bare returns the name of a schema without its major version.
func bare(schema string) string {
	name, _, _ := strings.Cut(schema, ".v")
	return name
}
