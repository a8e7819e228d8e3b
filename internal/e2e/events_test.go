package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
)

// tailing is a running orderflow events tail.
type tailing struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
}

// tail starts the command and returns when it follows the bus.
func tail(t *testing.T, args ...string) *tailing {
	t.Helper()
	args = append([]string{"events", "tail", "--json", "--endpoint-url", world.Endpoint, "--by", "tailing"}, args...)
	v := &tailing{cmd: exec.CommandContext(t.Context(), world.command, args...)}
	stdout, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := v.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.stdout = bufio.NewReader(stdout)
	if line, err := bufio.NewReader(stderr).ReadString('\n'); err != nil || !strings.HasPrefix(line, "following "+world.Stack.BusName) {
		t.Fatalf("got %q, %v; want it to follow the bus", line, err)
	}
	return v
}

// next returns what the command prints of the next event.
func (v *tailing) next(t *testing.T) string {
	t.Helper()
	line, err := v.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("%v after %q", err, line)
	}
	return line
}

// interrupt ends the command as a person does. Neither its rule nor its queue is left.
func (v *tailing) interrupt(t *testing.T) {
	t.Helper()
	if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, v.stdout); err != nil {
		t.Fatal(err)
	}
	_ = v.cmd.Wait() // the code is looked at
	if code := v.cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("got exit code %d, want 130", code)
	}
	left, err := tap.Leftovers(t.Context(), world.Config, world.Stack.BusName)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		if l.Owner == "tailing" {
			t.Errorf("%s is left", l.Name)
		}
	}
}

func TestTheEventsOfAnOrderAreFollowed(t *testing.T) {
	explain(t)
	all := ids(t, 2)
	v := tail(t, "--order", string(all[0]), "--reveal", "--for", patience.String())
	for _, id := range all {
		place(t, placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"})
	}
	missing := map[events.Type]bool{
		events.TypeOrderRecorded: true, events.TypeOrderVerified: true, events.TypePaymentProcessed: true, events.TypeOrderUpdated: true,
	}
	var lines strings.Builder
	count := 0
	for ; len(missing) > 0; count++ { // the provider's webhook has a fact stated again
		line := v.next(t)
		e, err := events.Parse([]byte(line))
		if err != nil || e.Subject() != string(all[0]) {
			t.Fatalf("got %s (%v), want an event of order %s", line, err, all[0])
		}
		delete(missing, events.Type(e.Type()))
		lines.WriteString(line)
	}
	v.interrupt(t)
	stdout, stderr, code := orderflow(t, lines.String(), "events", "test", "-")
	if code != 0 || strings.Count(stdout, "keeps the contract") != count {
		t.Errorf("what was followed cannot be tested: exit code %d: %s%s", code, stdout, stderr)
	}
}

// takersOf are the stages and the saga that take the events that are read, one for each.
func takersOf(t *testing.T, stdin string, args ...string) [][]string {
	t.Helper()
	stdout, stderr, code := orderflow(t, stdin, append(args, "--json")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var all [][]string
	for line := range strings.Lines(stdout) {
		var result struct {
			Rules []struct {
				Takers  []string
				Matches bool
				Reason  *struct{ Field string }
			}
		}
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatal(err)
		}
		takers := []string{}
		for _, r := range result.Rules {
			if r.Matches {
				takers = append(takers, r.Takers...)
			} else if r.Reason == nil || r.Reason.Field == "" {
				t.Errorf("%v take it not, for no reason: %s", r.Takers, line)
			}
		}
		slices.Sort(takers)
		all = append(all, takers)
	}
	return all
}

// TestTheDeployedRulesTakeWhatTheCatalogSays asks about each type, and about each status of an OrderUpdated. A listener's own rule, which takes
// all, is none of the stage's.
func TestTheDeployedRulesTakeWhatTheCatalogSays(t *testing.T) {
	explain(t)
	bus := listen(t)
	for _, entry := range events.Catalog() {
		if entry.Type == events.TypeOrderUpdated {
			continue
		}
		want := [][]string{append([]string{}, entry.Consumers...)}
		if diff := cmp.Diff(want, takersOf(t, "", "publish", entry.Type.Name(), "--example", "--dry-run")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", entry.Type, diff)
		}
	}
	var file strings.Builder
	var want [][]string
	for _, status := range order.Statuses() {
		raw, err := events.Encode(eventstest.Example(t, "full", func(d *events.OrderUpdated) { d.Status = status }))
		if err != nil {
			t.Fatal(err)
		}
		file.Write(append(raw, '\n'))
		switch {
		case status == order.Cancelling:
			want = append(want, []string{events.Saga})
		case status.Told():
			want = append(want, []string{"notify-user"})
		default:
			want = append(want, []string{})
		}
	}
	if diff := cmp.Diff(want, takersOf(t, file.String(), "events", "test", "-")); diff != "" {
		t.Errorf("OrderUpdated (-want +got)\n%s", diff)
	}
	for _, e := range bus.drain(t) {
		if e.Subject() == "order-1042" {
			t.Errorf("%s was published", e.Type())
		}
	}
}

func TestATestedEventThatBreaksTheContractIsTold(t *testing.T) {
	explain(t)
	raw, err := events.Encode(eventstest.Example[events.OrderRejected](t, "full"))
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(raw), `"user_id"`, `"email":"kim@example.com","user_id"`, 1)
	stdout, stderr, code := orderflow(t, bad, "events", "test", "-")
	if code != 4 || !strings.Contains(stdout, "/data/email") || !strings.Contains(stdout, "reaches  update-order") || strings.Contains(stdout+stderr, "kim@") {
		t.Errorf("got exit code %d: %s%s", code, stdout, stderr)
	}
}
