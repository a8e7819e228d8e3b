package e2e_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/order"
)

// functionProcesses returns the processes of this deploy's functions: process id to function key.
func functionProcesses(t *testing.T) map[int]string {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	processes := map[int]string{}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, or is not ours
		}
		env := map[string]string{}
		for _, pair := range strings.Split(string(text), "\x00") {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		function, ours := strings.CutPrefix(env["AWS_LAMBDA_FUNCTION_NAME"], "orderflow-local-")
		if !ours || env["AWS_ENDPOINT_URL"] != world.Endpoint {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		processes[id] = function
	}
	return processes
}

// quickVisibility makes what a killed function left behind visible again after
// seconds in place of minutes. That is longer than any handler here runs.
func quickVisibility(t *testing.T) {
	t.Helper()
	for key, q := range world.Queues {
		if q.URL == "" {
			continue
		}
		const name = types.QueueAttributeNameVisibilityTimeout
		before, err := world.queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &q.URL, AttributeNames: []types.QueueAttributeName{name},
		})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		set := func(seconds string) {
			_, err := world.queues.SetQueueAttributes(context.WithoutCancel(t.Context()), &sqs.SetQueueAttributesInput{
				QueueUrl: &q.URL, Attributes: map[string]string{string(name): seconds},
			})
			if err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		set("10")
		t.Cleanup(func() { set(before.Attributes[string(name)]) })
	}
}

// TestKilledFunctionsLoseAndDoubleNothing kills function processes with signal 9 while orders run through them.
func TestKilledFunctionsLoseAndDoubleNothing(t *testing.T) {
	explain(t)
	quickVisibility(t)
	all := ids(t, 150)
	var (
		killing sync.WaitGroup
		killed  = map[string]int{}
		done    = make(chan struct{})
	)
	killing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(150 * time.Millisecond):
			}
			for id, function := range functionProcesses(t) {
				// The API's functions answer a client that would have to ask again; the queues' and the stream's have to cope alone.
				if function == "record-order" || function == "get-order" || rand.IntN(3) > 0 {
					continue
				}
				if syscall.Kill(id, syscall.SIGKILL) == nil {
					killed[function]++
				}
			}
		}
	})
	sideBySide(len(all), func(i int) {
		place(t, placed{OrderID: all[i], UserID: "kim", Amount: 1000 + int64(i), Currency: "USD"})
	})
	pause(t, 10*time.Second)
	close(done)
	killing.Wait()
	t.Logf("killed %v", killed)
	for _, stage := range []string{"query-user", "process-payment", "update-order", "notify-user"} {
		if killed[stage] == 0 {
			t.Errorf("no process of %s was killed: the test shows nothing of it", stage)
		}
	}

	orders := reaches(t, order.Paid, all...)
	mailed(t, all...)
	atRest(t)
	mails := mailsAbout(t, all...)
	doubled := 0
	for i, id := range all {
		if n, total := charges(t, id); n != 1 || total != 1000+int64(i) {
			t.Errorf("%s: got %d charges of %d, want one of %d", id, n, total, 1000+i)
		}
		if o := orders[id]; o.Version != 2 || len(o.History) != 2 {
			t.Errorf("%s: got version %d with %d entries, want 2 and 2", id, o.Version, len(o.History))
		}
		if n := len(mails[id]); n > 1 {
			doubled += n - 1
		}
	}
	if doubled > killed["notify-user"]*10 {
		t.Errorf("%d mails doubled, though notify-user was killed only %d times with ten mails in hand at most", doubled, killed["notify-user"])
	}
	t.Logf("%d mails doubled", doubled)
}
