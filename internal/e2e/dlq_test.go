package e2e_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/orderflow/orderflow/internal/order"
)

// bury moves what waits in a function's queue into its dead-letter queue as SQS would, and returns how many messages it moved.
func bury(t *testing.T, function string) int {
	t.Helper()
	queue := world.Queues[function]
	moved := 0
	for {
		out, err := world.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue.URL, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return moved
		}
		for _, m := range out.Messages {
			_, err := world.queues.SendMessage(t.Context(), &sqs.SendMessageInput{
				QueueUrl: &queue.DeadLetterURL, MessageBody: m.Body, MessageAttributes: map[string]types.MessageAttributeValue{
					"key": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 27, 255}},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := world.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue.URL, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
			moved++
		}
	}
}

// unpaid places orders whose payment lies in the dead-letter queue, and returns a replay of them. The queue is the test's own until release.
func unpaid(t *testing.T, n int) (all []order.ID, release func()) {
	t.Helper()
	release = hold(t, "process-payment")
	all = ids(t, n)
	sideBySide(n, func(i int) { place(t, placed{OrderID: all[i], UserID: "kim", Amount: 1999, Currency: "USD"}) })
	buried := 0
	eventually(t, func() error {
		if buried += bury(t, "process-payment"); buried < n {
			return errors.New("not all orders have come to their payment")
		}
		return nil
	})
	return all, release
}

// paidOnce waits until all orders are PAID, and checks that the provider charged each of them once.
func paidOnce(t *testing.T, all []order.ID) {
	t.Helper()
	reaches(t, order.Paid, all...)
	atRest(t)
	for _, id := range all {
		if n, total := charges(t, id); n != 1 || total != 1999 {
			t.Errorf("%s: got %d charges of %d, want one of 1999", id, n, total)
		}
	}
	if n := depth(t, world.Queues["process-payment"].DeadLetterURL); n != 0 {
		t.Errorf("%d dead letters are left, want none", n)
	}
}

func TestAReplayedDeadLetterIsPaidOnce(t *testing.T) {
	explain(t)
	all, release := unpaid(t, 3)
	release()
	stdout, stderr, code := orderflow(t, "", "dlq", "ls", "--json")
	if code != 0 || !strings.Contains(stdout, `{"queue":"process-payment","letters":3,`) {
		t.Errorf("ls: got exit code %d, %s and %q; want three letters", code, stdout, stderr)
	}
	stdout, stderr, code = orderflow(t, "", "dlq", "replay", "process-payment")
	if code != 0 || !strings.Contains(stdout, "--execute replays 3 letters") {
		t.Errorf("plan: got exit code %d, %s and %q", code, stdout, stderr)
	}
	stdout, stderr, code = orderflow(t, "", "dlq", "replay", "process-payment", "--execute", "--by", "kim", "--json", "--journal", filepath.Join(t.TempDir(), "journal"))
	if code != 0 || !strings.Contains(stdout, `"sent":3,"deleted":3,`) {
		t.Errorf("replay: got exit code %d, %s and %q; want three sent and deleted", code, stdout, stderr)
	}
	paidOnce(t, all)
}

// TestAReplayThatIsKilledAgainAndAgainLosesAndDoublesNothing kills the process with signal 9 once its journal shows that it is at
// work, and has another go on, until one gets through.
func TestAReplayThatIsKilledAgainAndAgainLosesAndDoublesNothing(t *testing.T) {
	explain(t)
	const letters, kills = 80, 2
	all, release := unpaid(t, letters)
	journal := filepath.Join(t.TempDir(), "journal")
	args := []string{"dlq", "replay", "process-payment", "--execute", "--rate", "20", "--endpoint-url", world.Endpoint}
	release()
	for i := range kills {
		file := "--journal"
		if i > 0 {
			file = "--resume"
		}
		before := size(journal)
		cmd := exec.CommandContext(t.Context(), world.command, append(args, file, journal)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() error {
			if size(journal) <= before+500 {
				return errors.New("hardly a letter is sent")
			}
			return nil
		})
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if failed, ok := errors.AsType[*exec.ExitError](cmd.Wait()); !ok || failed.ExitCode() != -1 {
			t.Fatalf("kill %d came too late: %v", i, failed)
		}
		if n := depth(t, world.Queues["process-payment"].DeadLetterURL); n == 0 {
			t.Fatalf("kill %d came when all was done: the test shows nothing", i)
		}
	}
	if stdout, stderr, code := orderflow(t, "", "dlq", "replay", "process-payment", "--execute", "--resume", journal); code != 0 {
		t.Errorf("got exit code %d, %s and %q", code, stdout, stderr)
	}
	paidOnce(t, all)
}

// size is how much a file holds; 0 where it is not there yet.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
