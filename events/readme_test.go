package events_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/events"
)

func TestTheReadmesTableIsTheCatalog(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Catalog() {
		row := fmt.Sprintf("| %s | %s | %s |\n", e.Type.Name(), e.Source, e.Stated)
		if !strings.Contains(string(text), row) {
			t.Errorf("README.md lacks the row %s", row)
		}
	}
}
