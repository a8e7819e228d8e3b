package gate

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
)

// Environments holds what the template gives each function against what its bootstrap asks for: all of it, and nothing else.
func (t *Template) Environments() Report {
	var r Report
	for _, f := range t.functions {
		id := cfn.FunctionID(f.Key)
		bootstrap := "functions/" + f.Folder + "/bootstrap/main.go"
		wants, err := Environment(t.root, f.Folder)
		if err != nil {
			r.find(place{bootstrap, "wire"}, "ask for names of constants by awsenv.Require or wiring.QueueFed", "cannot be read: %v", err)
			continue
		}
		at := t.at(id, "Environment.Variables")
		given := t.lambdas[id].Environment.Variables
		for _, name := range wants {
			if _, ok := given[name]; !ok {
				r.find(at.below("."+name), "give it", "%s asks for %s, and the function is not given it", bootstrap, name)
			}
		}
		for _, name := range sortedKeys(given) {
			if !slices.Contains(wants, name) {
				r.find(at.below("."+name), "correct its name, or take it out", "the function is given %s, for which %s does not ask", name, bootstrap)
			}
		}
	}
	r.checked("environments of functions", len(t.functions), "functions")
	return r
}

// Environment returns the names of the variables that the bootstrap of the function in this folder cannot do without, in
// order, as its source has it. Those that the Lambda runtime sets are not among them.
func Environment(root, folder string) ([]string, error) {
	constants := map[string]string{}
	for qualifier, path := range map[string]string{"wiring.": "internal/wiring", "awsenv.": "internal/awsenv", "": "functions/" + folder + "/bootstrap"} {
		if err := readConstants(filepath.Join(root, path), qualifier, constants); err != nil {
			return nil, err
		}
	}
	files, err := parseFolder(filepath.Join(root, "functions", folder, "bootstrap"))
	if err != nil {
		return nil, err
	}
	var names []string
	calls := 0
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !asks(call) {
				return true
			}
			calls++
			if nameOf(call.Fun) == "wiring.QueueFed" {
				names = append(names, constants["wiring.QueueURL"], constants["wiring.DeadLetterQueueURL"])
			}
			for _, arg := range call.Args[1:] {
				value, known := constants[nameOf(arg)]
				if !known {
					err = errors.Join(err, fmt.Errorf("the name of a variable is no constant: %s", nameOf(arg)))
				}
				names = append(names, value)
			}
			return true
		})
	}
	if calls == 0 {
		err = errors.Join(err, errors.New("it asks for nothing"))
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// asks tells whether a call is one that reads the environment.
func asks(call *ast.CallExpr) bool {
	return slices.Contains([]string{"awsenv.Require", "wiring.QueueFed"}, nameOf(call.Fun)) && len(call.Args) > 0
}

// nameOf returns a name, with its package where it has one: "wiring.BusName".
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	default:
		return ""
	}
}

func parseFolder(folder string) ([]*ast.File, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no Go files in %s", filepath.Base(filepath.Dir(folder))+"/"+filepath.Base(folder))
	}
	return files, nil
}

// readConstants adds the text constants of a package, each under its name behind the qualifier.
func readConstants(folder, qualifier string, into map[string]string) error {
	files, err := parseFolder(folder)
	if err != nil {
		return err
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != len(spec.Values) {
				return true
			}
			for i, name := range spec.Names {
				literal, ok := spec.Values[i].(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					continue
				}
				if value, err := strconv.Unquote(literal.Value); err == nil {
					into[qualifier+name.Name] = value
				}
			}
			return true
		})
	}
	return nil
}
