package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/order"
)

const sample = root + "/internal/cdnow/data/CDNOW_sample.txt.gz"

// buildCommand builds the command into dir and returns its path.
func buildCommand(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "orderflow")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, root+"/cmd/orderflow").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return path, nil
}

// orderflow runs the command against the deploy and returns what it printed and its exit code.
func orderflow(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), world.command, append(args, "--endpoint-url", world.Endpoint)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errOut.String(), failed.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), 0
}

// summary is what load says with --json.
type summary struct {
	Orders   int `json:"orders"`
	Placed   int `json:"placed"`
	Replayed int `json:"replayed"`
	Statuses []struct {
		Status order.Status `json:"status"`
		Reason order.Reason `json:"reason"`
		Orders int          `json:"orders"`
	} `json:"statuses"`
	Money []struct {
		Currency string `json:"currency"`
		Recorded int64  `json:"recorded"`
		Paid     int64  `json:"paid"`
		Captured int64  `json:"captured"`
		Refunded int64  `json:"refunded"`
		Net      int64  `json:"net"`
	} `json:"money"`
	Cancellations map[order.Status]int `json:"cancellations"`
	Free          int                  `json:"free"`
	Provider      struct {
		Captures int `json:"captures"`
		Orders   int `json:"orders"`
		Refunds  int `json:"refunds"`
	} `json:"provider"`
	Mails map[string]int `json:"mails"`
}

func (s summary) count(status order.Status, reason order.Reason) int {
	n := 0
	for _, row := range s.Statuses {
		if row.Status == status && (reason == "" || row.Reason == reason) {
			n += row.Orders
		}
	}
	return n
}

func load(t *testing.T, args ...string) summary {
	t.Helper()
	stdout, stderr, code := orderflow(t, "", append([]string{"load", sample, "--json"}, args...)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	var s summary
	if err := json.Unmarshal([]byte(stdout), &s); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if len(s.Money) != 1 || s.Money[0].Currency != "USD" {
		t.Fatalf("got money %+v, want dollars alone", s.Money)
	}
	return s
}

// firstPurchases adds up the first n rows of the sample.
func firstPurchases(t *testing.T, n int) (cents int64, free int) {
	t.Helper()
	f, err := os.Open(sample)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := 0
	for p, err := range cdnow.Read(f) {
		if err != nil {
			t.Fatal(err)
		}
		if read++; read > n {
			break
		}
		cents += p.Cents
		if p.Cents == 0 {
			free++
		}
	}
	if read < n {
		t.Fatalf("the sample has only %d rows", read)
	}
	return cents, free
}

func TestLoadingRealOrdersTwiceChargesThemOnce(t *testing.T) {
	explain(t)
	const n = 250
	cents, free := firstPurchases(t, n)
	for round, placed := range []int{n, 0} {
		s := load(t, "--limit", "250", "--prefix", "twice")
		if s.Placed != placed || s.Replayed != n-placed {
			t.Errorf("round %d: got %d new and %d repeated, want %d new", round, s.Placed, s.Replayed, placed)
		}
		if s.count(order.Paid, "") != n || s.Free != free || s.Provider.Captures != n-free || s.Provider.Orders != n-free {
			t.Errorf("round %d: got %+v, want %d PAID of which %d free, each other captured once", round, s, n, free)
		}
		if m := s.Money[0]; m.Recorded != cents || m.Paid != cents || m.Captured != cents {
			t.Errorf("round %d: got %+v, want %d throughout", round, m, cents)
		}
		if s.Mails["SENT"] != n {
			t.Errorf("round %d: got mails %v, want %d sent", round, s.Mails, n)
		}
	}
	all := make([]order.ID, n)
	for i := range all {
		all[i] = order.ID("twice-" + strconv.Itoa(i+1))
	}
	reaches(t, order.Paid, all...)
	about := mailsAbout(t, all...)
	for _, id := range all {
		if len(about[id]) != 1 {
			t.Errorf("%s: got %d mails in the box, want one", id, len(about[id]))
		}
	}
}

func TestLoadingOrdersThatCannotBePaidStillAddsUp(t *testing.T) {
	explain(t)
	const n = 200
	s := load(t, "--limit", "200", "--prefix", "mixed", "--mix", "decline=10,unknown=10,blocked=10")
	paid := s.count(order.Paid, "")
	for reason, status := range map[order.Reason]order.Status{
		order.CardDeclined: order.Cancelled, order.UnknownUser: order.Rejected, order.BlockedUser: order.Rejected,
	} {
		ended := s.count(status, reason)
		if ended == 0 {
			t.Errorf("no order is %s for %s: the load shows nothing of it", status, reason)
		}
		paid += ended
	}
	if paid != n {
		t.Errorf("got %v, want %d orders PAID, CANCELLED or REJECTED for a reason", s.Statuses, n)
	}
	paid = s.count(order.Paid, "")
	if unknown := s.count(order.Rejected, order.UnknownUser); s.Mails["SENT"] != n-unknown || s.Mails["NO_ADDRESS"] != unknown {
		t.Errorf("got mails %v, want one sent for each order but those of %d unknown users", s.Mails, unknown)
	}
	if s.Provider.Captures != paid-s.Free || s.Provider.Orders != paid-s.Free || s.Provider.Refunds != 0 {
		t.Errorf("got %+v, want one capture for each of %d orders", s.Provider, paid-s.Free)
	}
	if m := s.Money[0]; m.Net != m.Paid || m.Captured != m.Paid || m.Paid >= m.Recorded {
		t.Errorf("got %+v, want captured what is paid, and less than recorded", m)
	}
}

func TestAUserWhoWasImportedSignsInAndSeesTheirOrder(t *testing.T) {
	explain(t)
	const file = "user_id,status,email,name,locale,customer,payment_method\nshop-name,ACTIVE,imported@example.com,Imported,en,cus_imported,pm_card_visa\n"
	const password = "Orderflow-e2e-2"
	stdout, stderr, code := orderflow(t, file, "users", "import", "-", "--sign-in", "--password", password, "--json")
	if code != 0 {
		t.Fatalf("import: exit code %d: %s%s", code, stdout, stderr)
	}
	var imported struct {
		Subject order.UserID `json:"subject"`
	}
	if err := json.Unmarshal([]byte(strings.SplitN(stdout, "\n", 2)[0]), &imported); err != nil || imported.Subject == "" {
		t.Fatalf("import said %s (%v), want the user's id", stdout, err)
	}
	token, stderr, code := orderflow(t, "", "token", "customer", "--user", "imported@example.com", "--password", password)
	if code != 0 {
		t.Fatalf("token: exit code %d: %s", code, stderr)
	}
	id := ids(t, 1)[0]
	place(t, placed{OrderID: id, UserID: imported.Subject, Amount: 1999, Currency: "USD"})
	reaches(t, order.Paid, id)
	if s, status := show(t, strings.TrimSpace(token), id); status != 200 || s.Status != order.Paid {
		t.Errorf("got %d %+v, want their paid order", status, s)
	}
}

func TestABadFileOfUsersIsRefusedByLineAndField(t *testing.T) {
	explain(t)
	const file = `{"user_id":"fine","status":"ACTIVE","email":"fine@example.com","name":"Fine"}
{"user_id":"broken","status":"SLEEPING","email":"broken","name":"Broken"}
`
	_, stderr, code := orderflow(t, file, "users", "import", "-")
	if code != 2 || !strings.Contains(stderr, "line 2") || !strings.Contains(stderr, "status") || !strings.Contains(stderr, "email") {
		t.Errorf("got exit code %d and %q, want 2 and the fields of line 2", code, stderr)
	}
	if _, found, err := world.users.Get(t.Context(), "fine"); found || err != nil {
		t.Errorf("got %t, %v; want nothing imported of a bad file", found, err)
	}
}

func TestAPublishedEventTriggersTheFlow(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	release := hold(t, "query-user")
	place(t, placed{OrderID: id, UserID: "kim", Amount: 1999, Currency: "USD"})
	_, stderr, code := orderflow(t, `{"order_id":"`+string(id)+`","user_id":"kim","reason":"blocked_user"}`, "publish", "OrderRejected")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if o := reaches(t, order.Cancelling, id)[id]; o.Reason != order.BlockedUser {
		t.Errorf("got reason %s, want blocked_user", o.Reason)
	}
	release()
	atRest(t)
	if n, _ := charges(t, id); n != 0 {
		t.Errorf("got %d charges after all, want none", n)
	}
	_, stderr, code = orderflow(t, `{"order_id":"`+string(id)+`","reason":"Blocked"}`, "publish", "OrderRejected")
	if code != 2 || !strings.Contains(stderr, "/user_id") || !strings.Contains(stderr, "/reason") {
		t.Errorf("got exit code %d and %q, want 2 and where what is wrong", code, stderr)
	}
}
