package local_test

import (
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for a process to appear or to go.
const patience = 20 * time.Second

// process is a line of ps.
type process struct {
	id, parent, group int
	environment       string
}

// list returns all processes of this machine with their environment.
func list(t *testing.T) []process {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "axeww", "-o", "pid=,ppid=,pgid=,command=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []process
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		all = append(all, process{number(t, fields[0]), number(t, fields[1]), number(t, fields[2]), strings.Join(fields[3:], " ")})
	}
	return all
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// groupListeningAt returns the process group of the emulator at endpoint.
func groupListeningAt(t *testing.T, endpoint string) int {
	t.Helper()
	address, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list(t) {
		if p.id == p.group && strings.Contains(p.environment, "GATEWAY_PORT="+address.Port()) {
			return p.group
		}
	}
	t.Fatalf("no process group for %s", endpoint)
	return 0
}

// emulatorOf returns the process between the starter, which leads the group, and the functions.
func emulatorOf(t *testing.T, group int) int {
	t.Helper()
	for _, p := range list(t) {
		if p.group == group && p.parent == group {
			return p.id
		}
	}
	t.Fatalf("no emulator in group %d", group)
	return 0
}

// processes returns the command lines of a group, a line each.
func processes(t *testing.T, group int) string {
	t.Helper()
	var lines strings.Builder
	for _, p := range list(t) {
		if p.group == group {
			lines.WriteString(strconv.Itoa(p.id) + " " + p.environment[:min(200, len(p.environment))] + "\n")
		}
	}
	return lines.String()
}

func wantGone(t *testing.T, group int) {
	t.Helper()
	eventually(t, "the process group is empty", func() bool { return processes(t, group) == "" })
}

// eventually looks again and again until ok, for things that the operating system does in its own time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
