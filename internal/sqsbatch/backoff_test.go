package sqsbatch_test

import (
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/sqsbatch"
)

func TestTheBackoffDoublesUpToFifteenMinutes(t *testing.T) {
	for receives, want := range map[int]time.Duration{
		-1: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 10: 512 * time.Second,
		11: 15 * time.Minute, 12: 15 * time.Minute, 1 << 40: 15 * time.Minute,
	} {
		if got := sqsbatch.Backoff(receives, 1); got != want {
			t.Errorf("after %d receives: got %v, want %v", receives, got, want)
		}
	}
}

func TestJitterDecidesTheUpperHalfOfTheBackoff(t *testing.T) {
	for jitter, want := range map[float64]time.Duration{0: 4 * time.Second, 0.5: 6 * time.Second, 1: 8 * time.Second} {
		if got := sqsbatch.Backoff(4, jitter); got != want {
			t.Errorf("jitter %v: got %v, want %v", jitter, got, want)
		}
	}
}

func TestTheBackoffIsAlwaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := sqsbatch.Backoff(rapid.Int().Draw(t, "receives"), rapid.Float64Range(0, 0.999).Draw(t, "jitter"))
		if got < time.Second || got > 15*time.Minute {
			t.Fatalf("got %v", got)
		}
	})
}

// Queues give a message up after 20 receives.
func TestTwentyReceivesOutlastAnHourWhateverTheJitter(t *testing.T) {
	var total time.Duration
	for receives := 1; receives < 20; receives++ {
		total += sqsbatch.Backoff(receives, 0)
	}
	if total < time.Hour {
		t.Errorf("got %v, want an hour at least", total)
	}
}

func TestTheDelayFollowsTheReceiveCount(t *testing.T) {
	b := newBench(t, each(fails(errBroken)))
	b.runner.Jitter = func() float64 { return 0.5 }
	uncounted, garbled := message(t, "m4", "d"), message(t, "m5", "e")
	uncounted.Attributes = nil
	garbled.Attributes = map[string]string{"ApproximateReceiveCount": "many"}
	b.run(t.Context(), message(t, "m1", "a"), received(message(t, "m2", "b"), 4), received(message(t, "m3", "c"), 19), uncounted, garbled)
	equal(t, "seconds", b.delays, map[string]int{"receipt-m1": 1, "receipt-m2": 6, "receipt-m3": 675, "receipt-m4": 1, "receipt-m5": 1})
}

func TestOnlyWhatComesAgainIsDelayed(t *testing.T) {
	b := newBench(t, each(handlerFunc(verify)))
	b.run(t.Context(), message(t, "m1", "a"), raw("m2", ""))
	equal(t, "delayed", b.delayed, nil)
}

func TestADelayThatFailsIsOnlyLogged(t *testing.T) {
	b := newBench(t, each(fails(errBroken)))
	b.delayErr = errBroken
	equal(t, "answer", b.run(t.Context(), []lambdaevents.SQSMessage{message(t, "m1", "a")}...), failures("m1"))
	equal(t, "first line", b.lines()[0], logLine{
		Msg: "fault", Operation: "delay", Code: "visibility_failed", MessageID: "m1", Order: "a", EventID: recorded(t, "a").ID(),
	})
	equal(t, "log", b.logged(), []string{"m1 transient unclassified"})
}
