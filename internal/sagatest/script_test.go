package sagatest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/saga"
	"github.com/orderflow/orderflow/internal/sagatask"
	"github.com/orderflow/orderflow/internal/telemetry"
	"github.com/orderflow/orderflow/internal/wiring"
)

// Names of the functions.
const (
	resolvePayment = "resolve-payment"
	refundPayment  = "refund-payment"
	closeOrder     = "close-order"
)

// call is a call that the machine has to make, and what it is answered. The zero round stands for the first.
type call struct {
	function string
	park     bool
	round    int
	next     saga.Next
	err      error
	hangs    bool // until the test is over
}

func resolve(next saga.Next) call { return call{function: resolvePayment, next: next} }
func refund(next saga.Next) call  { return call{function: refundPayment, next: next} }
func closes(next saga.Next) call  { return call{function: closeOrder, next: next} }
func park(next saga.Next) call    { return call{function: closeOrder, park: true, next: next} }

// fails is a call like c that fails.
func (c call) fails(err error) call {
	c.next, c.err = "", err
	return c
}

// hang is a call like c that is never answered.
func (c call) hang() call {
	c.next, c.hangs = "", true
	return c
}

// in is the call in a later round.
func (c call) in(round int) call {
	c.round = round
	return c
}

var (
	errPermanent = outcome.Permanent("for_good", nil)
	errTransient = outcome.Transient("for_now", nil)
	errRefund    = outcome.Transient("refund_failed", saga.ErrRefundFailed)
)

// version is the version of all orders here.
const version = 7

// script answers the steps' calls: by order, since the executions run side by side. The tasks go through the runner that the
// deployed functions have, so that the machine is held against what these take and answer.
type script struct {
	t    *testing.T
	over chan struct{} // closed at the end of the test

	mu    sync.Mutex
	calls map[order.ID][]call // still to be made
}

// newScript returns a script and the address at which it answers.
func newScript(t *testing.T) (s *script, address string) {
	t.Helper()
	s = &script{t: t, over: make(chan struct{}), calls: map[order.ID][]call{}}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		close(s.over)
		server.Close()
	})
	return s, server.URL
}

func (s *script) expect(id order.ID, calls []call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[id] = calls
}

// left returns how many calls of an order's were not made.
func (s *script) left(id order.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls[id])
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read the task: %v", err)
	}
	function := strings.TrimPrefix(r.URL.Path, "/")
	runner := &sagatask.Runner{
		Step: saga.StepFunc(func(_ context.Context, task saga.Task) (saga.Next, []event.Event, error) {
			next, err := s.answer(function, task)
			return next, nil, err
		}),
		Publisher: wiring.NoBus{},
		Log:       telemetry.New(io.Discard, function, time.Now),
	}
	answer, err := runner.Handle(r.Context(), raw)
	if failure, failed := errors.AsType[messages.InvokeResponse_Error](err); failed {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(failure)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

var errUnscripted = outcome.Permanent("unscripted", nil)

// answer answers the order's next call, if this is it.
func (s *script) answer(function string, task saga.Task) (saga.Next, error) {
	c, ok := s.take(task.OrderID)
	if !ok {
		s.t.Errorf("order %s: %s was called, want no more calls", task.OrderID, function)
		return "", errUnscripted
	}
	want := saga.Task{OrderID: task.OrderID, Version: version, Round: c.round, Park: c.park}
	if function != c.function || task != want {
		s.t.Errorf("order %s: %s was called with %+v, want %s with %+v", task.OrderID, function, task, c.function, want)
		return "", errUnscripted
	}
	if c.hangs {
		<-s.over
	}
	return c.next, c.err
}

func (s *script) take(id order.ID) (call, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls[id]
	if len(calls) == 0 {
		return call{}, false
	}
	s.calls[id] = calls[1:]
	return calls[0], true
}
