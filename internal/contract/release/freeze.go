package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/orderflow/orderflow/schemas"
)

// Refused is the error of a [Freeze] that did nothing because of what it found.
type Refused struct{ Findings []Finding }

func (e *Refused) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return "nothing was released:\n" + strings.Join(lines, "\n")
}

// Freeze releases the current version of every schema in dir, the folder schemas/ of a checkout, unless it is released
// already, and returns what it released. A version that was released is never touched. The error is a *Refused, and nothing
// was done, where [Check] finds something.
func Freeze(dir string, catalog []Version) ([]Version, error) {
	files := os.DirFS(dir)
	c := newChecker(files)
	if findings := c.check(catalog); len(findings) > 0 {
		return nil, &Refused{findings}
	}
	var done []Version
	for _, name := range sortedNames(c.current) {
		s := c.current[name]
		if r, ok := c.latest(s.version.Name, s.version.Major); ok && Of(r) == s.version {
			continue
		}
		if err := freeze(dir, files, s); err != nil {
			return done, fmt.Errorf("release %s: %w", s.version.ID(), err)
		}
		done = append(done, s.version)
	}
	found, err := sumsOf(files)
	if err != nil {
		return done, fmt.Errorf("release: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, sumsFile), []byte(found.String()), 0o644); err != nil {
		return done, fmt.Errorf("release: %w", err)
	}
	return done, nil
}

// freeze copies a schema and its examples.
func freeze(dir string, files fs.FS, s current) error {
	if err := create(dir, frozenFile(s.version), s.text); err != nil {
		return err
	}
	for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid, schemas.Unreadable} {
		found, err := fs.Glob(files, path.Join("examples", s.version.Schema(), string(kind), "*.json"))
		if err != nil {
			return err
		}
		for _, file := range found {
			text, err := fs.ReadFile(files, file)
			if err != nil {
				return err
			}
			if err := create(dir, path.Join(frozenFolder(s.version), "examples", string(kind), path.Base(file)), text); err != nil {
				return err
			}
		}
	}
	return nil
}

// create writes a file that must not be there yet.
func create(dir, file string, text []byte) error {
	name := filepath.Join(dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
