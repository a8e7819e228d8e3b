package architecture_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A dependency that nobody can give a reason for is one to drop.
func TestEveryDependencyHasItsReason(t *testing.T) {
	reasons, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := slices.Concat(goModules(t), npmPackages(t), pythonPackages(t), jars(t))
	if len(direct) < 20 {
		t.Fatalf("found only %v", direct)
	}
	for _, name := range direct {
		if !strings.Contains(string(reasons), "\n| "+name+" | ") {
			t.Errorf("docs/dependencies.md does not say why %s is there", name)
		}
	}
	for line := range strings.Lines(string(reasons)) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || strings.HasPrefix(rest, "why |") || !strings.HasPrefix(line, "| ") {
			continue
		}
		if !slices.Contains(direct, name) {
			t.Errorf("docs/dependencies.md gives a reason for %s, which is not there", name)
		}
	}
}

func goModules(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, line := range lines(t, "../../go.mod") {
		name, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && strings.HasPrefix(version, "v") && !strings.HasSuffix(line, "// indirect") {
			names = append(names, name)
		}
	}
	return names
}

func npmPackages(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range []map[string]string{manifest.Dependencies, manifest.DevDependencies} {
		for name := range group {
			names = append(names, name)
		}
	}
	return names
}

func pythonPackages(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, line := range append(lines(t, "../../requirements.in"), lines(t, "../../requirements-test.in")...) {
		if name, _, _ := strings.Cut(line, "=="); name != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "-c ") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// pinnedJar is a jar's path in a Maven repository: group, artifact, version, file.
var pinnedJar = regexp.MustCompile(`\{"([a-z/]+)/([a-z-]+)/[^/"]+/[^/"]+\.jar", `)

func jars(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../oracles/ruler/jars.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range pinnedJar.FindAllStringSubmatch(string(text), -1) {
		names = append(names, strings.ReplaceAll(m[1], "/", ".")+":"+m[2])
	}
	return names
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for s := bufio.NewScanner(f); s.Scan(); {
		all = append(all, s.Text())
	}
	return all
}

// A lock file that names a registry works only where that registry is reached, and one without hashes takes whatever it is given.
func TestInstallsArePinnedAndNameNoRegistry(t *testing.T) {
	for _, path := range []string{"../../package-lock.json", "../../requirements.txt", "../../requirements-test.txt"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "registry") || strings.Contains(string(text), "index-url") || strings.Contains(string(text), `"resolved"`) {
			t.Errorf("%s names a registry", path)
		}
	}
	for _, path := range []string{"../../requirements.txt", "../../requirements-test.txt"} {
		pinned, hashed := 0, 0
		for _, line := range lines(t, path) {
			switch {
			case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
			case strings.HasPrefix(strings.TrimSpace(line), "--hash=sha256:"):
				hashed++
			case strings.Contains(line, "=="):
				pinned++
			default:
				t.Errorf("%s: %s is not pinned", path, line)
			}
		}
		if pinned < 10 || hashed < pinned {
			t.Errorf("%s has %d packages and %d hashes, want a hash of each", path, pinned, hashed)
		}
	}
}
