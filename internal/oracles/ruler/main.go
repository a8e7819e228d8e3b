// Command ruler asks AWS's own event-ruler, the library that EventBridge evaluates patterns with, and the emulator, which events of ours every
// deployed rule matches, and fails unless both say what the catalog says. It needs a JDK, and what make deps installs.
//
// make oracles runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderflow/orderflow/internal/contract/gate"
	"github.com/orderflow/orderflow/internal/contract/gate/pack"
	"github.com/orderflow/orderflow/internal/local"
)

func main() {
	os.Exit(local.WithEmulator(".", func(conf aws.Config) int {
		if err := run(context.Background(), conf); err != nil {
			fmt.Fprintln(os.Stderr, "event-ruler:", err)
			return 1
		}
		return 0
	}))
}

// stage is the stage whose rules are looked at: the one that no condition takes a rule from.
const stage = "prod"

// run works in the checkout's folder.
func run(ctx context.Context, conf aws.Config) error {
	cases, err := packagedCases(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(".tools", "event-ruler")
	if err := install(ctx, dir, central, jars); err != nil {
		return err
	}
	ruler, err := askRuler(ctx, dir, cases)
	if err != nil {
		return err
	}
	return compare(cases, ruler, askEmulator(ctx, conf, cases))
}

// packagedCases packages the stage and returns the cases of its rules.
func packagedCases(ctx context.Context) (cases []gate.Case, err error) {
	dir, err := os.MkdirTemp("", "orderflow-ruler-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := pack.Zips(".", dir); err != nil {
		return nil, err
	}
	file, err := pack.Stage(ctx, ".", stage, dir, filepath.Join(dir, "package"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	template, err := gate.Open(".", text)
	if err != nil {
		return nil, err
	}
	return template.Cases()
}

var (
	errDisagree = errors.New("the catalog, event-ruler and the emulator disagree")
	errNothing  = errors.New("there is nothing to ask")
)

// compare prints every disagreement, or how much was asked. A rule that is to match everything, or nothing, has not been tried.
func compare(cases []gate.Case, ruler, emulator []string) error {
	tried := map[string]map[bool]int{}
	disagree := 0
	for i, c := range cases {
		want := fmt.Sprint(c.Want)
		if ruler[i] != want || emulator[i] != want {
			disagree++
			fmt.Fprintf(os.Stderr, "%s, %s: the catalog says %s, event-ruler %s, the emulator %s\n", c.Rule, c.Name, want, ruler[i], emulator[i])
		}
		if tried[c.Rule] == nil {
			tried[c.Rule] = map[bool]int{}
		}
		tried[c.Rule][c.Want]++
	}
	matches := 0
	for rule, n := range tried {
		if n[true] == 0 || n[false] == 0 {
			return fmt.Errorf("%s: %d events to match and %d not to: %w", rule, n[true], n[false], errNothing)
		}
		matches += n[true]
	}
	switch {
	case disagree > 0:
		return fmt.Errorf("%d of %d cases: %w", disagree, len(cases), errDisagree)
	case len(tried) == 0:
		return errNothing
	}
	fmt.Printf("event-ruler: %d rules, %d events, %d of them to be matched: the catalog, event-ruler and the emulator agree\n", len(tried), len(cases), matches)
	return nil
}
