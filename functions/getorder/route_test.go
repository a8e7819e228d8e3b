package getorder_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/functions/getorder"
)

// template is what function.yml says of routes.
type template struct {
	Functions map[string]struct {
		Events []struct {
			HTTPAPI struct {
				Method string `yaml:"method"`
				Path   string `yaml:"path"`
			} `yaml:"httpApi"`
		} `yaml:"events"`
	} `yaml:"functions"`
}

func TestTheRoutesAreThoseOfTheTemplate(t *testing.T) {
	text, err := os.ReadFile("function.yml")
	if err != nil {
		t.Fatal(err)
	}
	var in template
	if err := yaml.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range in.Functions["get-order"].Events {
		got = append(got, e.HTTPAPI.Method+" "+e.HTTPAPI.Path)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{getorder.RouteList, getorder.RouteOne}, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}
