package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/internal/contract/release"
	"github.com/orderflow/orderflow/schemas"
)

// edition is one version of a schema, as somebody named it.
type edition struct {
	version release.Version
	text    []byte
	schema  compat.Schema
}

// shelf is where schemas and their releases are looked up.
type shelf struct {
	files         fs.FS // the folder schemas/
	current, past compat.Library
	released      []schemas.Release
}

// openShelf opens the schemas of a checkout or, for a folder that is none, those that the program was built with.
func openShelf(root string) (shelf, error) {
	files := schemas.Files()
	folder := filepath.Join(root, "schemas")
	if _, err := os.Stat(filepath.Join(folder, "released")); err == nil {
		files = os.DirFS(folder)
	} else if root != "." {
		return shelf{}, usagef("%s is no checkout of orderflow: it has no schemas/released", root)
	}
	return shelf{
		files: files, current: release.Library(files, false), past: release.Library(files, true), released: schemas.ReleasedIn(files),
	}, nil
}

// nameKind tells how a schema was named.
type nameKind int

const (
	nameCurrent nameKind = iota
	nameReleased
	nameFile
)

func named(name string) nameKind {
	if _, ok := schemas.ParseRelease(name); ok {
		return nameReleased
	}
	if strings.HasSuffix(name, ".json") || strings.ContainsRune(name, filepath.Separator) {
		return nameFile
	}
	return nameCurrent
}

// two finds two schemas to compare with each other.
func (s shelf) two(old, latest string) ([]pair, error) {
	a, err := s.edition(old)
	if err != nil {
		return nil, err
	}
	b, err := s.edition(latest)
	if err != nil {
		return nil, err
	}
	if a.version.Name != b.version.Name {
		return nil, usagef("%s and %s are no versions of one schema", a.version.ID(), b.version.ID())
	}
	return []pair{{old: a, latest: b}}, nil
}

func (s shelf) edition(name string) (edition, error) {
	switch named(name) {
	case nameReleased:
		for _, r := range s.released {
			if r.Folder() == name {
				return read(name, r.Text, s.past)
			}
		}
		return edition{}, usagef("%s is not released", name)
	case nameFile:
		return s.file(name)
	default:
		found, err := s.matching(name)
		if err != nil {
			return edition{}, err
		}
		return found[len(found)-1], nil
	}
}

// file reads a schema from a file. It refers to the definitions beside it, else to those that are known here.
func (s shelf) file(name string) (edition, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return edition{}, usageError{err}
	}
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(name), "definitions.v*.json"))
	if err != nil {
		return edition{}, usagef("list definitions beside %s: %w", name, err)
	}
	lib := compat.Library{}
	for _, file := range beside {
		if definitions, err := os.ReadFile(file); err == nil {
			_ = lib.Add(definitions) // one without an $id cannot be referred to
		}
	}
	for _, known := range []compat.Library{s.current, s.past} {
		for _, definitions := range known {
			_ = lib.Add(definitions) // as above
		}
	}
	return read(name, text, lib)
}

// read parses a schema that was called name.
func read(name string, text []byte, lib compat.Library) (edition, error) {
	parsed, err := compat.Parse(text, lib)
	if err != nil {
		return edition{}, usagef("%s: %w", name, err)
	}
	version, ok := release.ParseID(parsed.ID)
	if !ok {
		return edition{}, usagef("%s: $id is %q, want urn:orderflow:<name>:<major>.<minor>", name, parsed.ID)
	}
	return edition{version, text, parsed}, nil
}

// matching returns the current schemas of that name, with or without a major version; all for no name.
func (s shelf) matching(name string) ([]edition, error) {
	var found []edition
	files, err := fs.Glob(s.files, "*.json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		schema := strings.TrimSuffix(file, ".json")
		bare, _, _ := strings.Cut(schema, ".v")
		if name != "" && name != schema && name != bare {
			continue
		}
		text, err := fs.ReadFile(s.files, file)
		if err != nil {
			return nil, err
		}
		e, err := read(file, text, s.current)
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	if len(found) == 0 {
		return nil, usagef("there is no schema %q; see orderflow contracts ls", name)
	}
	return found, nil
}

// sinceRelease pairs the current schemas of that name with the release to compare each with.
func (s shelf) sinceRelease(name, against string) ([]pair, error) {
	found, err := s.matching(name)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, e := range found {
		r, ok := s.base(e.version, against)
		if !ok {
			pairs = append(pairs, pair{latest: e, isNew: true})
			continue
		}
		old, err := read(r.Folder(), r.Text, s.past)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{old: old, latest: e})
	}
	if against != "" && !slices.ContainsFunc(pairs, func(p pair) bool { return !p.isNew }) {
		return nil, usagef("no version %s is released", strconv.Quote(against))
	}
	return pairs, nil
}

// base returns the release to compare a version with: the one asked for, else the newest of its major version or of the one before it.
func (s shelf) base(v release.Version, against string) (schemas.Release, bool) {
	for _, r := range slices.Backward(s.released) {
		if r.Name != v.Name || r.Major > v.Major {
			continue
		}
		if against == "" || against == release.Of(r).String() {
			return r, true
		}
	}
	return schemas.Release{}, false
}
