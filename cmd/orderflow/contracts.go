package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/contract/gate/pack"
)

type contractsCommands struct {
	Check  contractsCheckCommand  `cmd:"" help:"Hold a checkout against its contract: schemas, examples, catalog, Go types, template."`
	Diff   contractsDiffCommand   `cmd:"" help:"Tell what changed since a released version, who breaks, and the version that it needs."`
	Ls     contractsLsCommand     `cmd:"" help:"List the types of events, who states them and who takes them."`
	Show   contractsShowCommand   `cmd:"" help:"Print a schema or its examples."`
	Verify contractsVerifyCommand `cmd:"" help:"Watch a stage's bus and hold each event against the contract."`
}

type contractsCheckCommand struct {
	Root     string `default:"." placeholder:"FOLDER" help:"The checkout (default: this folder)."`
	Template string `placeholder:"FILE" help:"A packaged template (default: those that make package left in build/package)."`
}

// Help is what --help adds.
func (contractsCheckCommand) Help() string {
	return `Works without a stage and without a network. Each finding names the file to mend, the place in it, what is wrong and what to do.
A template that is older than the files that it is made from is not checked, unless --template names it.

    make package STAGE=dev && orderflow contracts check
    orderflow contracts check --json

It exits with 4 where there is a finding.`
}

// Run checks the contract.
func (c contractsCheckCommand) Run(_ context.Context, s *session) error {
	if _, err := os.Stat(filepath.Join(c.Root, "serverless.yml")); err != nil {
		return usagef("%s is no checkout of orderflow: it has no serverless.yml; see --root", c.Root)
	}
	report := gate.Check(c.Root)
	templates, skipped, err := c.templates()
	if err != nil {
		return err
	}
	for _, file := range templates {
		found, err := c.template(file)
		if err != nil {
			return err
		}
		report.Add(found)
	}
	return s.reportGate(report, skipped)
}

// templates returns the files of the templates to check, and what is not checked and why.
func (c contractsCheckCommand) templates() (files, skipped []string, err error) {
	if c.Template != "" {
		return []string{c.Template}, nil, nil
	}
	found, err := filepath.Glob(filepath.Join(c.Root, "build", "package", "*", pack.File))
	if err != nil {
		return nil, nil, fmt.Errorf("list templates: %w", err)
	}
	for _, file := range found {
		newer, err := c.newer(file)
		if err != nil {
			return nil, nil, err
		}
		if newer != "" {
			skipped = append(skipped, fmt.Sprintf("%s, which is older than %s: make package STAGE=%s", file, newer, filepath.Base(filepath.Dir(file))))
			continue
		}
		files = append(files, file)
	}
	if len(found) == 0 {
		skipped = append(skipped, "a template, for none is packaged: make package STAGE=dev")
	}
	return files, skipped, nil
}

// newer returns a deploy file that was changed after the template was packaged, or an empty string.
func (c contractsCheckCommand) newer(template string) (string, error) {
	packaged, err := os.Stat(template)
	if err != nil {
		return "", err
	}
	newest, at := "", packaged.ModTime()
	look := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".yml", ".json"}, filepath.Ext(path)) {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(at) {
			newest, at = path, info.ModTime()
		}
		return err
	}
	for _, part := range []string{"serverless.yml", "functions"} {
		if err := filepath.WalkDir(filepath.Join(c.Root, part), look); err != nil {
			return "", err
		}
	}
	return newest, nil
}

func (c contractsCheckCommand) template(file string) (gate.Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return gate.Report{}, usagef("read template: %w", err)
	}
	in, err := gate.Open(c.Root, text)
	if err != nil {
		return gate.Report{}, usagef("%s: %w", file, err)
	}
	report := in.Check()
	report.Checked = append(report.Checked, gate.Count{What: "template " + file, N: 1})
	return report, nil
}

// gateSummary ends what contracts check --json prints.
type gateSummary struct {
	Findings   int          `json:"findings"`
	Checked    []gate.Count `json:"checked"`
	NotChecked []string     `json:"not_checked"`
}

func (s *session) reportGate(r gate.Report, skipped []string) error {
	err := s.printGate(r, skipped)
	if err == nil && len(r.Findings) > 0 {
		err = fmt.Errorf("%d findings: %w", len(r.Findings), errBrokenContract)
	}
	return err
}

func (s *session) printGate(r gate.Report, skipped []string) error {
	if s.options.JSON {
		for _, f := range r.Findings {
			if err := s.printJSON(f); err != nil {
				return err
			}
		}
		return s.printJSON(gateSummary{len(r.Findings), r.Checked, append([]string{}, skipped...)})
	}
	for _, f := range r.Findings {
		s.say("%s", strings.TrimSpace(term.Bold(f.File)+" "+term.Plain(f.Path)))
		s.say("  %s", term.Bad(term.Plain(f.Wrong)))
		s.say("  %s", term.Plain(f.Do))
	}
	for _, c := range r.Checked {
		s.note("checked %d %s", c.N, c.What)
	}
	for _, what := range skipped {
		s.note("did not check %s", what)
	}
	return nil
}

type contractsLsCommand struct{}

// listedType is what contracts ls --json prints.
type listedType struct {
	Type      events.Type   `json:"type"`
	Version   string        `json:"version"`
	Source    events.Source `json:"source"`
	Stated    string        `json:"stated"`
	Producers []string      `json:"producers"`
	Consumers []string      `json:"consumers"`
}

// Run lists the types.
func (contractsLsCommand) Run(s *session) error {
	var rows [][]string
	for _, e := range events.Catalog() {
		l := listedType{e.Type, versionOf(e), e.Source, e.Stated, e.Producers, append([]string{}, e.Consumers...)}
		if s.options.JSON {
			if err := s.printJSON(l); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{
			e.Type.Name(), l.Version, string(l.Source), strings.Join(l.Producers, ", "), cmp.Or(strings.Join(l.Consumers, ", "), "–"),
		})
	}
	if s.options.JSON {
		return nil
	}
	return term.Table(s.stdout, []term.Column{{Title: "type"}, {Title: "version"}, {Title: "source"}, {Title: "stated by"}, {Title: "taken by"}}, rows)
}

func versionOf(e events.Entry) string {
	return strconv.Itoa(e.Type.Major()) + "." + strconv.Itoa(e.Minor)
}
