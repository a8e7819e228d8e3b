package schemas

import (
	"cmp"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// Release is a frozen version of a schema.
type Release struct {
	Name         string // without versions, such as "OrderRecorded"
	Major, Minor int
	Text         []byte
}

// Schema returns the name that the schema of this major version has among the current ones: "OrderRecorded.v1".
func (r Release) Schema() string { return r.Name + ".v" + strconv.Itoa(r.Major) }

// Folder returns the name of the release's folder under released/: "OrderRecorded.v1.0".
func (r Release) Folder() string { return r.Schema() + "." + strconv.Itoa(r.Minor) }

// Examples returns the examples that were frozen with the schema, in order of their names; none where there are none.
func (r Release) Examples(kind Kind) []Example {
	return examplesIn(path.Join("released", r.Folder(), "examples"), kind)
}

// Released returns every frozen version, in order of name, major and minor version.
func Released() []Release { return ReleasedIn(files) }

// ReleasedIn is [Released] for another copy of the folder schemas/. A release whose schema is gone is left out.
func ReleasedIn(files fs.FS) []Release {
	folders, err := fs.ReadDir(files, "released")
	if err != nil {
		return nil
	}
	var releases []Release
	for _, folder := range folders {
		r, ok := ParseRelease(folder.Name())
		if !ok {
			continue
		}
		if r.Text, err = fs.ReadFile(files, path.Join("released", folder.Name(), "schema.json")); err == nil {
			releases = append(releases, r)
		}
	}
	slices.SortFunc(releases, Release.Compare)
	return releases
}

// Compare orders releases by name, major and minor version.
func (r Release) Compare(s Release) int {
	return cmp.Or(cmp.Compare(r.Name, s.Name), cmp.Compare(r.Major, s.Major), cmp.Compare(r.Minor, s.Minor))
}

var releaseFolder = regexp.MustCompile(`^([A-Za-z]+)\.v([1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

// ParseRelease reads the name of a folder under released/, such as "OrderRecorded.v1.0". The release has no text.
func ParseRelease(folder string) (Release, bool) {
	parts := releaseFolder.FindStringSubmatch(folder)
	if parts == nil {
		return Release{}, false
	}
	major, _ := strconv.Atoi(parts[2]) // they are digits, and few
	minor, _ := strconv.Atoi(parts[3])
	return Release{Name: parts[1], Major: major, Minor: minor}, true
}

// Files returns the folder schemas/ itself, for those that look at all of it.
func Files() fs.FS { return files }
