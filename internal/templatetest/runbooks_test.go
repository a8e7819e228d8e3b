package templatetest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var runbook = regexp.MustCompile(`docs/runbooks/[a-z-]+\.md`)

// Whoever is woken by an alarm is told where to read on.
func TestEveryAlarmNamesItsRunbook(t *testing.T) {
	eachStage(t, func(t *testing.T, _ string, in template) {
		for name, a := range all[struct{ AlarmDescription string }](t, in, "AWS::CloudWatch::Alarm") {
			page := runbook.FindString(a.AlarmDescription)
			if page == "" {
				t.Errorf("%s names no page of docs/runbooks", name)
				continue
			}
			if _, err := os.Stat(filepath.Join(root, page)); err != nil {
				t.Errorf("%s names a page that is not there: %v", name, err)
			}
		}
	})
}

func TestTheIndexNamesEveryRunbook(t *testing.T) {
	dir := filepath.Join(root, "docs/runbooks")
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 2 {
		t.Fatal("there are no runbooks")
	}
	for _, page := range pages {
		name := filepath.Base(page)
		if name != "README.md" && !strings.Contains(string(index), "]("+name+")") {
			t.Errorf("the index does not name %s", name)
		}
	}
}
