package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/events/eventstest"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/tap"
)

// verification is a running orderflow contracts verify.
type verification struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr *bufio.Reader
}

// verify starts the command and returns when it watches the bus.
func verify(t *testing.T, args ...string) *verification {
	t.Helper()
	args = append([]string{"contracts", "verify", "--json", "--endpoint-url", world.Endpoint, "--by", "test"}, args...)
	v := &verification{cmd: exec.CommandContext(t.Context(), world.command, args...)}
	v.cmd.Stdout = &v.stdout
	pipe, err := v.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.stderr = bufio.NewReader(pipe)
	if line, err := v.stderr.ReadString('\n'); err != nil || !strings.HasPrefix(line, "watching "+world.Stack.BusName) {
		t.Fatalf("got %q, %v; want it to watch the bus", line, err)
	}
	return v
}

// end waits for the command and returns its exit code and what else it said. Neither rule nor queue is left.
func (v *verification) end(t *testing.T) (code int, stderr string) {
	t.Helper()
	rest, err := io.ReadAll(v.stderr)
	if err != nil {
		t.Fatal(err)
	}
	err = v.cmd.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = failed.ExitCode(), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	left, err := tap.Leftovers(t.Context(), world.Config, world.Stack.BusName)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		if !strings.HasPrefix(l.Owner, "listener") {
			t.Errorf("%s is left", l.Name)
		}
	}
	return code, string(rest)
}

// finding is a line of the command's: a violation has a pointer, a count has events.
type finding struct {
	Type       string  `json:"type"`
	OrderID    string  `json:"order_id"`
	Pointer    *string `json:"pointer"`
	Detail     string  `json:"detail"`
	Events     int     `json:"events"`
	Violations int     `json:"violations"`
}

func (v *verification) findings(t *testing.T) []finding {
	t.Helper()
	var all []finding
	for dec := json.NewDecoder(&v.stdout); ; {
		var f finding
		err := dec.Decode(&f)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
}

// TestRealEventsOfEveryTypeKeepTheContract has every type of the catalog stated by the functions while the command watches, and then
// interrupts it as a person would.
func TestRealEventsOfEveryTypeKeepTheContract(t *testing.T) {
	explain(t)
	bus := listen(t)
	v := verify(t, "--for", "5m")
	all := ids(t, 5)
	paid, disputed, returned, poor, nobody := all[0], all[1], all[2], all[3], all[4]
	buy(t, paid, "")
	buy(t, disputed, "pm_card_createDispute")
	buy(t, returned, "pm_card_refundFail")
	place(t, placed{OrderID: poor, UserID: "poor", Amount: price, Currency: "USD"})
	place(t, placed{OrderID: nobody, UserID: "nobody", Amount: price, Currency: "USD"})
	reaches(t, order.Paid, paid, disputed, returned)
	cancel(t, paid)
	cancel(t, returned)
	reaches(t, order.Refunded, paid, returned)
	world.sandbox.Ledger().Settle(string(returned))
	reaches(t, order.NeedsAttention, returned)
	reaches(t, order.Cancelled, poor)
	reaches(t, order.Rejected, nobody)
	eventually(t, func() error {
		stated := map[string]bool{}
		for _, e := range bus.drain(t) {
			stated[e.Type()] = true
		}
		if len(stated) != len(events.Catalog()) {
			return fmt.Errorf("got events of the types %v, want all", stated)
		}
		return nil
	})
	atRest(t) // whatever the listener got, the command's queue got at the same time; it is received within moments
	if err := v.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code, stderr := v.end(t); code != 130 {
		t.Errorf("got exit code %d: %s", code, stderr)
	}
	counted := map[string]bool{}
	for _, f := range v.findings(t) {
		if f.Pointer != nil || f.Violations > 0 {
			t.Errorf("got %+v", f)
		}
		counted[f.Type] = f.Events > 0
	}
	for _, entry := range events.Catalog() {
		if !counted[string(entry.Type)] {
			t.Errorf("%s was not seen", entry.Type)
		}
	}
}

func TestAWatchEndsAtItsMaximum(t *testing.T) {
	explain(t)
	v := verify(t, "--for", "2m", "--max", "2", "--type", "OrderRecorded")
	for _, id := range ids(t, 3) {
		buy(t, id, "")
	}
	if code, stderr := v.end(t); code != 0 {
		t.Errorf("got exit code %d: %s", code, stderr)
	}
	want := []finding{{Type: string(events.TypeOrderRecorded), Events: 2}}
	if diff := cmp.Diff(want, v.findings(t)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestABadEventOnTheBusIsNamed goes around the publisher, which would refuse it. No stage subscribes to the type.
func TestABadEventOnTheBusIsNamed(t *testing.T) {
	explain(t)
	const address = "kim@example.com"
	e := eventstest.Example(t, "full", func(d *events.PaymentDisputed) { d.OrderID = ids(t, 1)[0] })
	good, err := events.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(good), `"dispute_id":`, `"contact":"`+address+`","dispute_id":7,"was":`, 1)
	v := verify(t, "--for", "2m", "--max", "1", "--type", "PaymentDisputed")
	_, err = eventbridge.NewFromConfig(world.Config).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &world.Stack.BusName, Source: aws.String(string(events.SourceOrders)), DetailType: aws.String(e.Type()), Detail: &bad,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	code, stderr := v.end(t)
	if code != 4 || !strings.Contains(stderr, "the contract is broken") {
		t.Errorf("got exit code %d: %s", code, stderr)
	}
	if strings.Contains(v.stdout.String()+stderr, address) {
		t.Error("the address is quoted")
	}
	var places []string
	for _, f := range v.findings(t) {
		if f.Pointer == nil {
			continue
		}
		places = append(places, *f.Pointer)
		if f.Type != e.Type() || f.OrderID != e.Subject() {
			t.Errorf("got %+v, want type and order of the event", f)
		}
	}
	if diff := cmp.Diff([]string{"/source", "/detail/data/contact", "/detail/data/dispute_id"}, places); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
