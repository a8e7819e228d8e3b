package architecture_test

import (
	"encoding/json"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A plugin hooks into the insides of the deploy tool, so serverless.yml, package.json and the lock file have to mean the same pair.
//
// Case: the deploy tool and a plugin drifted apart (serverless-step-functions#789, #791).
func TestDeployToolAndPluginsArePinnedAsOne(t *testing.T) {
	var service struct {
		FrameworkVersion string   `yaml:"frameworkVersion"`
		Plugins          []string `yaml:"plugins"`
	}
	read(t, "../../serverless.yml", yaml.Unmarshal, &service)
	var manifest struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	read(t, "../../package.json", json.Unmarshal, &manifest)
	var lock struct {
		Packages map[string]struct {
			Version   string `json:"version"`
			Integrity string `json:"integrity"`
		} `json:"packages"`
	}
	read(t, "../../package-lock.json", json.Unmarshal, &lock)

	if got, want := service.FrameworkVersion, "^"+manifest.DevDependencies["osls"]; got != want {
		t.Errorf("serverless.yml asks for %s, package.json has %s", got, want)
	}
	if len(service.Plugins) == 0 {
		t.Error("serverless.yml has no plugins")
	}
	for _, name := range append(service.Plugins, "osls") {
		installed := lock.Packages["node_modules/"+name]
		if pinned := manifest.DevDependencies[name]; pinned == "" || installed.Version != pinned || installed.Integrity == "" {
			t.Errorf("%s is pinned to %q, and %+v is what is installed", name, pinned, installed)
		}
	}
	if want := len(service.Plugins) + 3; len(manifest.DevDependencies) != want {
		t.Errorf("package.json has %v, want osls, the plugins of serverless.yml, the state machine's linter and AsyncAPI's schema", manifest.DevDependencies)
	}
}

func read(t *testing.T, path string, decode func([]byte, any) error, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := decode(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
