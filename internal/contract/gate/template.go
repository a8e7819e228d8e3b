package gate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/internal/contract/gate/cfn"
	"github.com/orderflow/orderflow/internal/lambdazip"
)

// Template is a packaged template together with the files of the checkout that it was made from.
type Template struct {
	root      string
	schemas   schemaSet
	functions []lambdazip.Function
	files     map[string]string // by logical id, the file that declares the resource

	queues   map[string]cfn.Queue
	lambdas  map[string]cfn.Function
	mappings map[string]cfn.Mapping
	rules    map[string]cfn.Rule // those that react to events of ours
	policies map[string]cfn.Policy
}

// Open reads a packaged template. Root is the checkout's folder.
func Open(root string, text []byte) (*Template, error) {
	in, err := cfn.Parse(text)
	if err != nil {
		return nil, err
	}
	t := &Template{root: root, schemas: readSchemas(root, &Report{})}
	if t.functions, err = lambdazip.Functions(root); err != nil {
		return nil, err
	}
	if err := t.declare(); err != nil {
		return nil, err
	}
	return t, t.read(in)
}

// read picks the resources that the contract is about.
func (t *Template) read(in cfn.Template) error {
	var err error
	if t.queues, err = cfn.All[cfn.Queue](in, cfn.TypeQueue); err != nil {
		return err
	}
	if t.lambdas, err = cfn.All[cfn.Function](in, cfn.TypeFunction); err != nil {
		return err
	}
	if t.mappings, err = cfn.All[cfn.Mapping](in, cfn.TypeMapping); err != nil {
		return err
	}
	if t.policies, err = cfn.All[cfn.Policy](in, cfn.TypeQueuePolicy); err != nil {
		return err
	}
	t.rules, err = cfn.All[cfn.Rule](in, cfn.TypeRule)
	return err
}

// declare finds the file in which each resource is written. osls adds some of its own to a function, which are mended in that function's file.
func (t *Template) declare() error {
	t.files = map[string]string{}
	for _, pattern := range []string{"*.yml", filepath.Join("*", "*.yml")} {
		files, err := filepath.Glob(filepath.Join(t.root, "functions", pattern))
		if err != nil {
			return fmt.Errorf("list deploy files: %w", err)
		}
		for _, path := range files {
			if err := t.declareFile(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Template) declareFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var declared struct {
		Functions map[string]yaml.Node `yaml:"functions"`
		Resources struct {
			Resources map[string]yaml.Node `yaml:"Resources"`
		} `yaml:"resources"`
	}
	if err := yaml.Unmarshal(text, &declared); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	file, err := filepath.Rel(t.root, path)
	if err != nil {
		return err
	}
	for id := range declared.Resources.Resources {
		t.files[id] = filepath.ToSlash(file)
	}
	for key := range declared.Functions {
		t.files[cfn.LogicalID(key)] = filepath.ToSlash(file)
	}
	return nil
}

// at is the place of a resource's property, such as VisibilityTimeout, in the file that declares the resource.
func (t *Template) at(id, property string) place {
	file, ok := t.files[id]
	for prefix, f := range t.files {
		if !ok && strings.HasPrefix(id, prefix) && strings.Contains(prefix, "Dash") {
			file, ok = f, true
		}
	}
	if !ok {
		file = "serverless.yml"
	}
	return place{file, strings.TrimSuffix(id+"."+property, ".")}
}

// Check looks at all that the template says of the contract.
func (t *Template) Check() Report {
	var r Report
	for _, part := range []func() Report{t.Rules, t.Targets, t.Policies, t.Queues, t.Mappings, t.Environments} {
		r.Add(part())
	}
	r.sort()
	return r
}
