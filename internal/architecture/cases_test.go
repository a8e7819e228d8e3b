package architecture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A case is held by a test only for as long as that test is there.
func TestEveryCaseIsHeldByATest(t *testing.T) {
	cases := 0
	for _, line := range lines(t, "../../docs/cases.md") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) != 3 || cells[0] == "what went wrong" {
			continue
		}
		cases++
		folder, test, ok := strings.Cut(cells[2], " ")
		if !ok || !definesTest(t, folder, test) {
			t.Errorf("docs/cases.md names %q for %q, which is not there", cells[2], cells[0])
		}
	}
	if cases < 30 {
		t.Errorf("found %d cases, want at least 30", cases)
	}
}

func definesTest(t *testing.T, folder, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+test+"(t *testing.T)") {
			return true
		}
	}
	return false
}
