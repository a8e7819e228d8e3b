package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/order"
)

func TestDemoUsersAreValid(t *testing.T) {
	for _, name := range []string{"demo/users.csv", "demo/customer.csv"} {
		if rows, err := demoRows(name); err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
}

// guideText is the guide as a reader copies it.
func guideText(t *testing.T, moved bool) string {
	t.Helper()
	var out bytes.Buffer
	s := newSession(&grammar{}, nil, &out, &out, func(string) string { return "" })
	err := s.printNext(guide{
		api: "http://127.0.0.1:4567/_aws/execute-api/abc/$default", endpoint: "http://127.0.0.1:4567", provider: "http://127.0.0.1:9",
		order:   api.Order{ID: "demo-1", UserID: "u-1", Amount: 5, Currency: "USD", Items: []order.Item{{SKU: "tea", Quantity: 1, UnitAmount: 5}}, RecordedAt: at},
		command: "build/orderflow", moved: moved,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGuideIsShell(t *testing.T) {
	text := guideText(t, false)
	cmd := exec.CommandContext(t.Context(), "sh", "-n")
	_, commands, _ := strings.Cut(text, "terminal:")
	commands, _, _ = strings.Cut(commands, "It is up.")
	cmd.Stdin = strings.NewReader(commands)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, text)
	}
}

// TestGuideCommandsAreTaken feeds each command of the guide to the parser, on a stage where all that it names is there.
func TestGuideCommandsAreTaken(t *testing.T) {
	s := newStage(t)
	s.users["dan"], s.users["u-1"], s.accounts[demoEmail] = "ACTIVE", "ACTIVE", "u-1"
	call(t, s, "", "order", "place", "--id", "demo-1", "--user", "u-1", "--item", "tea:1:5").want(t, exitOK)
	tried := 0
	for line := range strings.Lines(guideText(t, false)) {
		_, command, found := strings.Cut(line, "build/orderflow ")
		if !found || strings.Contains(command, "load ") {
			continue // a load takes a while; its flags have tests of their own
		}
		command, _, _ = strings.Cut(command, "   #")
		args := strings.Fields(strings.TrimRight(command, ")\n"))
		input := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSpace(strings.Split(line, "|")[0]), "'"), "echo '")
		call(t, s, input, args...).want(t, exitOK)
		tried++
	}
	if tried < 5 {
		t.Errorf("only %d commands were found in the guide", tried)
	}
}

func TestGuideNamesAnEndpointThatIsNotTheDefault(t *testing.T) {
	if text := guideText(t, true); strings.Count(text, "build/orderflow ") != strings.Count(text, "--endpoint-url http://127.0.0.1:4567") {
		t.Errorf("a command lacks the endpoint:\n%s", text)
	}
}
