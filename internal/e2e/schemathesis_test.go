package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// documentedOrder is the order that docs/openapi.yaml names in its examples.
const documentedOrder order.ID = "order-1042"

// schemathesisSettings say what is asked and what answers are held against; the tokens are a shop's and a customer's.
//
// That valid data is accepted is not looked at: whether the lines of an order add up to its amount, or a
// signature is right, no schema says. A cancellation whose body is white space is taken as one without a body,
// which no schema says either.
const schemathesisSettings = `
headers = { Authorization = "Bearer %s" }

[generation]
max-examples = 10
deterministic = true

[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_headers_conformance.enabled = true
response_schema_conformance.enabled = true
negative_data_rejection.enabled = true
ignored_auth.enabled = true

[[operations]]
include-operation-id = "listOrders"
headers = { Authorization = "Bearer %s" }

[[operations]]
include-operation-id = "cancelOrder"
checks.negative_data_rejection.enabled = false
`

// TestTheAPIDoesWhatItsDocumentSays has schemathesis make requests out of docs/openapi.yaml, valid and
// invalid, the same ones each time.
func TestTheAPIDoesWhatItsDocumentSays(t *testing.T) {
	explain(t)
	document, err := os.ReadFile(absolute(t, "docs/openapi.yaml"))
	if err != nil || !strings.Contains(string(document), "example: "+string(documentedOrder)+"\n") {
		t.Fatalf("the document does not name the order %s: %v", documentedOrder, err)
	}
	owner := signIn(t, "documented@example.com")
	place(t, placed{OrderID: documentedOrder, UserID: owner.id, Amount: 1999, Currency: "USD"})
	reaches(t, order.Paid, documentedOrder)

	printed := schemathesis(t, owner.access)
	const operations, fewest = 5, 200
	if !strings.Contains(printed, fmt.Sprintf("Tested: %d", operations)) {
		t.Errorf("want %d operations tested", operations)
	}
	if n := generated(printed); n < fewest {
		t.Errorf("got %d requests, want at least %d", n, fewest)
	}
	if t.Failed() {
		t.Log(printed)
	}
	atRest(t)
}

// schemathesis runs its command against the deploy and returns what it printed, or ends the test with that where it found something.
func schemathesis(t *testing.T, customerToken string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	settings := filepath.Join(dir, "schemathesis.toml")
	if err := os.WriteFile(settings, fmt.Appendf(nil, schemathesisSettings, world.shop, customerToken), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, absolute(t, ".venv/bin/schemathesis"),
		"--config-file", settings, "run", absolute(t, "docs/openapi.yaml"), "--url", world.Stack.APIURL, "--no-color")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "COLUMNS=160")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis: %v\n%s", err, out)
	}
	return string(out)
}

var generatedCases = regexp.MustCompile(`(\d+) generated`)

// generated reads how many requests were made.
func generated(printed string) int {
	found := generatedCases.FindStringSubmatch(printed)
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return 0
	}
	return n
}

// absolute returns the path of a file of the checkout, which has to be there.
func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run make deps", err)
	}
	return path
}
