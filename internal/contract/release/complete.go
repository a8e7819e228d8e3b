package release

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/orderflow/orderflow/schemas"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// checkNumbers looks for gaps between versions, and for released major versions that have no schema any more.
func (c *checker) checkNumbers() {
	var before Version
	for _, r := range c.released {
		v := Of(r)
		first := v.Name != before.Name || v.Major != before.Major
		switch {
		case first && v.Minor != 0:
			c.find(frozenFolder(v), "", fmt.Sprintf("is the first of its major version, and %d.0 is not there", v.Major), restore(frozenFolder(Version{v.Name, v.Major, 0})))
		case !first && v.Minor != before.Minor+1:
			c.find(frozenFolder(v), "", fmt.Sprintf("comes after %s, with a gap between them", before), restore(frozenFolder(before.NextMinor())))
		default:
		}
		if _, ok := c.current[v.Schema()]; first && !ok && !c.there(currentFile(v)) {
			newest, _ := c.latest(v.Name, v.Major)
			c.find(currentFile(v), "", "is gone, and its version was released: events of it are on their way, in archives and in dead-letter queues", "copy "+checkout+frozenFile(Of(newest))+" there")
		}
		before = v
	}
	for _, name := range sortedNames(c.current) {
		v := c.current[name].version
		if _, ok := c.current[(Version{v.Name, v.Major - 1, 0}).Schema()]; v.Major > 1 && !ok {
			c.find(currentFile(v), "", fmt.Sprintf("major version %d is not there beside it", v.Major-1), "major versions are counted without gaps, and live side by side")
		}
	}
}

func (c *checker) there(file string) bool {
	_, err := fs.Stat(c.files, file)
	return err == nil
}

// checkExamples looks for examples that were released and are no longer there: those of the version that a schema
// still has, and the valid ones of every earlier version.
func (c *checker) checkExamples() {
	for _, r := range c.released {
		s, ok := c.current[r.Schema()]
		if !ok {
			continue
		}
		kinds := []schemas.Kind{schemas.Valid}
		if s.version == Of(r) {
			kinds = append(kinds, schemas.Invalid, schemas.Unreadable)
		}
		for _, kind := range kinds {
			c.checkKind(r, kind)
		}
	}
}

func (c *checker) checkKind(r schemas.Release, kind schemas.Kind) {
	frozen, err := fs.Glob(c.files, path.Join(frozenFolder(Of(r)), "examples", string(kind), "*.json"))
	if err != nil {
		panic(err) // no name of a schema has a bracket
	}
	for _, file := range frozen {
		want, err := fs.ReadFile(c.files, file)
		if err != nil {
			continue // the sums tell
		}
		example := path.Join("examples", r.Schema(), string(kind), path.Base(file))
		got, err := fs.ReadFile(c.files, example)
		switch {
		case err != nil:
			c.find(example, "", "is gone, and was released with "+Of(r).String(), "copy "+checkout+file+" there")
		case !bytes.Equal(got, want):
			c.find(example, "", "differs from what was released with "+Of(r).String(), "copy "+checkout+file+" over it; what it is to show now is another example")
		default:
		}
	}
}

// checkCatalog holds the catalog's versions against the schemas.
func (c *checker) checkCatalog(versions []Version) {
	for _, v := range versions {
		s, ok := c.current[v.Schema()]
		switch {
		case !ok && !c.there(currentFile(v)):
			c.findings = append(c.findings, Finding{catalog, v.Schema(), "has no schema", "write " + checkout + currentFile(v)})
		case ok && s.version != v:
			c.findings = append(c.findings, Finding{
				catalog, v.Schema() + " Minor", fmt.Sprintf("says %s, and $id in %s says %s", v, checkout+currentFile(v), s.version), "make them agree",
			})
		default:
		}
	}
	if len(versions) == 0 {
		return
	}
	for _, name := range sortedNames(c.current) {
		v := c.current[name].version
		isEvent := v.Name != bare(schemas.PlaceOrder) && v.Name != bare(schemas.Definitions)
		if isEvent && !slices.ContainsFunc(versions, func(w Version) bool { return w.Schema() == name }) {
			c.find(currentFile(v), "", "no type in "+catalog+" has this schema", "add the type, or take the schema away")
		}
	}
}
