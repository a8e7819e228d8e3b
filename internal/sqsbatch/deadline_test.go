package sqsbatch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/stage"
)

// invocation runs test in a bubble of its own time, with a context that ends in ten seconds, as that of an invocation does.
func invocation(t *testing.T, test func(t *testing.T, ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		test(t, ctx)
	})
}

// lasting is a stage that looks at nothing and answers after d.
func lasting(d time.Duration) handlerFunc {
	return func(ctx context.Context, in event.Event) ([]event.Event, error) {
		time.Sleep(d)
		return verify(ctx, in)
	}
}

func TestAHandlersContextEndsTwoSecondsBeforeTheFunction(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		b := newBench(t, each(except(map[string]handlerFunc{"b": func(ctx context.Context, _ event.Event) ([]event.Event, error) {
			<-ctx.Done()
			equal(t, "context ended after", time.Since(began), 8*time.Second)
			return nil, ctx.Err()
		}})))
		equal(t, "answer", b.run(ctx, message(t, "m1", "a"), message(t, "m2", "b")), failures("m2"))
		equal(t, "published", b.published, []string{"a"})
		equal(t, "took", time.Since(began), 8*time.Second)
	})
}

func TestAHandlerThatHangsCostsItsOwnOrderOnly(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		release, handled := make(chan struct{}), 0
		b := newBench(t, each(except(map[string]handlerFunc{"b": func(ctx context.Context, in event.Event) ([]event.Event, error) {
			handled++
			<-release
			return verify(ctx, in)
		}})))
		answer := b.run(ctx, message(t, "m1", "a"), message(t, "m2", "b"), message(t, "m3", "b"), message(t, "m4", "c"))
		equal(t, "answer", answer, failures("m2", "m3"))
		equal(t, "published", sorted(b.published), []string{"a", "c"})
		equal(t, "answered after", time.Since(began), 9*time.Second)
		equal(t, "log", b.logged(), []string{"m1 done", "m2 transient deadline", "m3 transient deadline", "m4 done"})

		close(release)
		synctest.Wait()
		equal(t, "handled after the answer", handled, 1)
		equal(t, "published after the answer", sorted(b.published), []string{"a", "c"})
	})
}

func TestAHandlerThatIsALittleLateStillCounts(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		b := newBench(t, each(lasting(8500*time.Millisecond)))
		equal(t, "answer", b.run(ctx, message(t, "m1", "a")), failures())
		equal(t, "published", b.published, []string{"a"})
	})
}

func TestNoRecordIsBegunWithinTheMargin(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		b := newBench(t, each(lasting(2800*time.Millisecond)))
		b.runner.Workers = 1
		answer := b.run(ctx, message(t, "m1", "a"), message(t, "m2", "b"), message(t, "m3", "c"), message(t, "m4", "d"))
		equal(t, "answer", answer, failures("m4"))
		equal(t, "log", b.logged(), []string{"m1 done", "m2 done", "m3 done", "m4 transient deadline"})
	})
}

func TestABatchThatComesTooLateIsReportedUntouched(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		time.Sleep(9 * time.Second)
		b := newBench(t, preparer(func(context.Context, []event.Event) (stage.Handler, error) {
			t.Error("prepared a stage that has no time left")
			return handlerFunc(verify), nil
		}))
		equal(t, "answer", b.run(ctx, message(t, "m1", "a"), message(t, "m2", "a")), failures("m1", "m2"))
		equal(t, "log", b.logged(), []string{"m1 transient deadline", "m2 transient deadline"})
	})
}

func TestAPreparationThatHangsDoesNotHangTheBatch(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		release := make(chan struct{})
		b := newBench(t, preparer(func(context.Context, []event.Event) (stage.Handler, error) {
			<-release
			return handlerFunc(func(context.Context, event.Event) ([]event.Event, error) {
				t.Error("handled a record after the answer")
				return nil, nil
			}), nil
		}))
		equal(t, "answer", b.run(ctx, message(t, "m1", "a"), raw("m2", "")), failures("m1"))
		equal(t, "parked", len(b.parked), 1)
		close(release)
		synctest.Wait()
	})
}

func TestPublishingEndsBeforeTheFunctionDoes(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		b := newBench(t, each(handlerFunc(verify)))
		b.closing = func(ctx context.Context) {
			<-ctx.Done()
			equal(t, "publishing ended after", time.Since(began), 9500*time.Millisecond)
		}
		b.run(ctx, message(t, "m1", "a"))
		equal(t, "calls of Publish", b.calls, 1)
	})
}

func TestTheMarginCanBeSet(t *testing.T) {
	invocation(t, func(t *testing.T, ctx context.Context) {
		began := time.Now()
		b := newBench(t, each(handlerFunc(func(ctx context.Context, _ event.Event) ([]event.Event, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})))
		b.runner.Margin = 4 * time.Second
		b.run(ctx, message(t, "m1", "a"))
		equal(t, "took", time.Since(began), 6*time.Second)
	})
}

func TestWithoutADeadlineTheRunnerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, each(lasting(time.Hour)))
		equal(t, "answer", b.run(t.Context(), message(t, "m1", "a")), failures())
	})
}
