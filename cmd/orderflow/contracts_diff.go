package main

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/contract/compat"
	"github.com/orderflow/orderflow/internal/contract/release"
)

type contractsDiffCommand struct {
	Name    string `arg:"" optional:"" help:"Schema, such as OrderRecorded or definitions; a released version of one, such as OrderRecorded.v1.0; or a file (default: all schemas)."`
	Other   string `arg:"" optional:"" help:"What to compare it with, named in the same way (default: the schema as it is now)."`
	Against string `placeholder:"VERSION" help:"Released version to compare the schema with, such as 1.0 (default: the newest)."`
	Root    string `default:"." placeholder:"FOLDER" help:"The checkout (default: this folder; elsewhere, what the program was built with)."`
}

// Help is what --help adds.
func (contractsDiffCommand) Help() string {
	return `Tells each change by its place, who breaks by it and its verdict: breaking asks for a new major version, minor and annotation for a
new minor one. References are followed, so a changed definition shows in every schema that uses it. Works without a stage and
without a network.

    orderflow contracts diff
    orderflow contracts diff OrderRecorded --against 1.0
    orderflow contracts diff OrderRecorded.v1.0 OrderRecorded.v1.1
    orderflow contracts diff ours/OrderRecorded.v1.json theirs/OrderRecorded.v1.json

It exits with 4 where a change lacks the version that it needs.`
}

// Run compares the schemas.
func (c contractsDiffCommand) Run(s *session) error {
	shelf, err := openShelf(c.Root)
	if err != nil {
		return err
	}
	pairs, err := c.pairs(shelf)
	if err != nil {
		return err
	}
	lacking := 0
	for i, p := range pairs {
		changes := p.changes()
		for _, ch := range changes {
			if !ch.Allowed {
				lacking++
			}
		}
		if err := s.printChanges(p, changes, i == 0); err != nil {
			return err
		}
	}
	if lacking > 0 {
		return fmt.Errorf("%w: %d changes lack the version that they need", errBrokenContract, lacking)
	}
	return nil
}

// pairs returns what is to be compared.
func (c contractsDiffCommand) pairs(in shelf) ([]pair, error) {
	switch {
	case c.Other != "" && c.Against != "":
		return nil, usagef("give a second schema or --against, not both")
	case c.Other != "":
		return in.two(c.Name, c.Other)
	case named(c.Name) == nameFile:
		return nil, usagef("name what to compare %s with", c.Name)
	case named(c.Name) == nameReleased && c.Against != "":
		return nil, usagef("%s is a released version; give it or --against, not both", c.Name)
	case named(c.Name) == nameReleased:
		return in.two(c.Name, strings.TrimSuffix(c.Name, c.Name[strings.LastIndex(c.Name, "."):]))
	default:
		return in.sinceRelease(c.Name, c.Against)
	}
}

// pair is two versions of a schema.
type pair struct {
	old, latest edition
	isNew       bool // there is nothing to compare it with
}

// printedChange is what contracts diff --json prints.
type printedChange struct {
	Schema string `json:"schema"`
	From   string `json:"from"`
	To     string `json:"to"`
	compat.Change
	Allowed bool `json:"allowed"` // the version is high enough for it
}

// changes returns what differs.
func (p pair) changes() []printedChange {
	if p.isNew {
		return nil
	}
	found := release.Compare(p.latest.version.Name, p.old.schema, p.latest.schema)
	same := p.old.version == p.latest.version
	if len(found) == 0 && same && !bytes.Equal(p.old.text, p.latest.text) {
		found = []compat.Change{{What: "text alone", Breaks: compat.Nobody, Verdict: compat.Annotation}}
	}
	changes := make([]printedChange, len(found))
	for i, ch := range found {
		changes[i] = printedChange{
			p.latest.version.Name, p.old.version.String(), p.latest.version.String(), ch,
			release.Allowed(p.old.version, p.latest.version, ch.Verdict),
		}
	}
	return changes
}

func (s *session) printChanges(p pair, changes []printedChange, first bool) error {
	if s.options.JSON {
		for _, ch := range changes {
			if err := s.printJSON(ch); err != nil {
				return err
			}
		}
		return nil
	}
	name, latest := term.Bold(term.Plain(p.latest.version.Name)), p.latest.version
	switch {
	case p.isNew:
		s.say("%s %s is not released", name, latest)
	case len(changes) == 0:
		s.say("%s %s → %s: no change", name, p.old.version, latest)
	default:
		if !first {
			s.say("")
		}
		s.say("%s %s → %s", name, p.old.version, latest)
		return s.printTable(changes, p.old.version)
	}
	return nil
}

func (s *session) printTable(changes []printedChange, since release.Version) error {
	rows := make([][]string, len(changes))
	for i, ch := range changes {
		verdict := string(ch.Verdict)
		if !ch.Allowed {
			verdict = term.Bad(verdict + ", needs " + needs(ch.Verdict, since).String())
		}
		rows[i] = []string{
			cmp.Or(term.Plain(ch.Path), "–"), term.Plain(whatChanged(ch.Change)), string(ch.Breaks), verdict,
		}
	}
	return term.Table(s.stdout, []term.Column{{Title: "path"}, {Title: "change"}, {Title: "who breaks"}, {Title: "verdict"}}, rows)
}

func needs(v compat.Verdict, since release.Version) release.Version {
	if v == compat.Breaking {
		return since.NextMajor()
	}
	return since.NextMinor()
}

// whatChanged says what a change is, with as much of the old and the new as fits a line.
func whatChanged(ch compat.Change) string {
	if ch.Old == "" && ch.New == "" {
		return ch.What
	}
	return ch.What + ": " + short(ch.Old) + " → " + short(ch.New)
}

func short(text string) string {
	const most = 40
	letters := []rune(cmp.Or(text, "–"))
	if len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return string(letters)
}
