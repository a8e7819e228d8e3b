// Package release keeps released versions of the schemas as they were, and tells which version a change of a schema needs.
package release

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/schemas"
)

// Version names one version of a schema.
type Version struct {
	Name         string // such as "OrderRecorded"
	Major, Minor int
}

// String returns the version without its name, such as "1.0".
func (v Version) String() string { return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) }

// ID returns the $id that a schema of this version has.
func (v Version) ID() string { return idPrefix + v.Name + ":" + v.String() }

// Schema returns the name of the schema of this major version, such as "OrderRecorded.v1".
func (v Version) Schema() string { return v.Name + ".v" + strconv.Itoa(v.Major) }

// NextMinor returns the version for a change that breaks nobody.
func (v Version) NextMinor() Version { return Version{v.Name, v.Major, v.Minor + 1} }

// NextMajor returns the version for a change that breaks somebody.
func (v Version) NextMajor() Version { return Version{v.Name, v.Major + 1, 0} }

const idPrefix = "urn:orderflow:"

var identity = regexp.MustCompile(`^` + idPrefix + `([A-Za-z]+):([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

// ParseID reads the $id of a schema of ours.
func ParseID(id string) (Version, bool) {
	parts := identity.FindStringSubmatch(id)
	if parts == nil {
		return Version{}, false
	}
	major, _ := strconv.Atoi(parts[2]) // they are digits, and few
	minor, _ := strconv.Atoi(parts[3])
	return Version{parts[1], major, minor}, true
}

// Of returns the version of a release.
func Of(r schemas.Release) Version { return Version{r.Name, r.Major, r.Minor} }

// Versions returns what a catalog says of its types' newest versions.
func Versions(entries []events.Entry) []Version {
	versions := make([]Version, len(entries))
	for i, e := range entries {
		versions[i] = Version{e.Type.Name(), e.Type.Major(), e.Minor}
	}
	return versions
}

// Compare returns the changes between two versions of the schema of that name, as an event's or as a request's.
func Compare(name string, old, latest compat.Schema) []compat.Change {
	if name == bare(schemas.PlaceOrder) {
		return compat.CompareRequest(old, latest)
	}
	return compat.Compare(old, latest)
}

// Allowed says whether a schema of version latest may differ from the one of version old by something of that verdict, or by its text alone where there is none.
func Allowed(old, latest Version, worst compat.Verdict) bool {
	if latest.Major != old.Major {
		return latest.Major > old.Major
	}
	return worst != compat.Breaking && latest.Minor > old.Minor
}

// Library returns the schemas of a copy of the folder schemas/ by their $id: the current ones, or the released ones.
// One that has no $id is left out.
func Library(files fs.FS, released bool) compat.Library {
	lib := compat.Library{}
	if released {
		for _, r := range schemas.ReleasedIn(files) {
			_ = lib.Add(r.Text) // what refers to it says that it is not there
		}
		return lib
	}
	found, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range found {
		if text, err := fs.ReadFile(files, name); err == nil {
			_ = lib.Add(text) // as above
		}
	}
	return lib
}

// Paths within the checkout, and within the folder schemas/.
const (
	checkout   = "schemas/"
	folder     = "released"
	sumsFile   = folder + "/SHA256SUMS"
	schemaFile = "schema.json"
	catalog    = "events/catalog.go"
)

func currentFile(v Version) string { return v.Schema() + ".json" }

func frozenFolder(v Version) string { return path.Join(folder, v.Schema()+"."+strconv.Itoa(v.Minor)) }

func frozenFile(v Version) string { return path.Join(frozenFolder(v), schemaFile) }

// Finding is one thing that is wrong with the versions.
type Finding struct {
	File  string `json:"file"`  // of the checkout, with slashes
	Path  string `json:"path"`  // a JSON pointer or a name in it; empty where the file itself is wrong
	Wrong string `json:"wrong"` // what is wrong
	Do    string `json:"do"`    // what to do about it
}

// String returns the finding as one line.
func (f Finding) String() string {
	where := f.File
	if f.Path != "" {
		where += " " + f.Path
	}
	return fmt.Sprintf("%s: %s; %s", where, f.Wrong, f.Do)
}
