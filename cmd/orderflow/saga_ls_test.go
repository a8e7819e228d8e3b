package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/saga"
)

const refundFailed = `{"errorMessage":"refund_failed: order o-1","errorType":"RefundFailed"}`

// parked is a run that could not give the money of o-1 back.
func parked() sagaRun {
	return sagaRun{
		name: "x-parked", task: saga.Task{OrderID: "o-1", Version: 3}, status: "FAILED", began: at.Add(2 * time.Second), took: 20 * time.Second,
		failure: "NeedsAttention", cause: "The order is parked.",
		history: told(at.Add(2*time.Second), "> ResolvePayment", "! Transient {}", "+", "<", "> RefundPayment", "! RefundFailed "+refundFailed, "! RefundFailed "+refundFailed, "<", "> Park", "+", "<", "- NeedsAttention"),
	}
}

// undone is a run that closed o-2.
func undone() sagaRun {
	began := at.Add(time.Minute)
	return sagaRun{
		name: "x-undone", task: saga.Task{OrderID: "o-2", Version: 2}, status: "SUCCEEDED", began: began, took: 3 * time.Second,
		history: told(began, "> ResolvePayment", "+", "<"),
	}
}

// withRuns is a stage with an order that is parked, one that is closed, and their runs, newest first.
func withRuns(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.orders["o-1"] = through(order.Paid, order.Cancelling, order.NeedsAttention)
	o := through(order.Cancelling, order.Cancelled)
	o.ID = "o-2"
	s.orders["o-2"] = o
	running := sagaRun{name: "x-running", task: saga.Task{OrderID: "o-3", Version: 2}, status: "RUNNING", began: at.Add(time.Hour)}
	s.runs = []sagaRun{running, undone(), parked()}
	return s
}

func TestExecutionsAreListedWithOrderAndWhereTheyFailed(t *testing.T) {
	s := withRuns(t)
	call(t, s, "", "saga", "ls").want(t, exitOK,
		"started                   took  status     order   failed step    error         cause                     execution\n"+
			"2026-03-01T10:30:00.000Z        RUNNING    o-3 v2                                                         x-running\n"+
			"2026-03-01T09:31:00.000Z    3s  SUCCEEDED  o-2 v2                                                         x-undone\n"+
			"2026-03-01T09:30:02.000Z   20s  FAILED     o-1 v3  RefundPayment  RefundFailed  refund_failed: order o-1  x-parked\n")
	got := call(t, s, "", "saga", "ls", "--failed", "--json")
	got.want(t, exitOK, `{"execution":"`+runARN+`x-parked","order_id":"o-1","version":3,"status":"FAILED","started_at":"2026-03-01T09:30:02Z",`+
		`"stopped_at":"2026-03-01T09:30:22Z","took_ms":20000,"failed_step":"RefundPayment","error":"RefundFailed","cause":"refund_failed: order o-1"}`+"\n")
	if strings.Count(got.out, "\n") != 1 {
		t.Errorf("got %q, want the failed one alone", got.out)
	}
}

func TestAListOfExecutionsSaysThatThereAreMore(t *testing.T) {
	s := withRuns(t)
	got := call(t, s, "", "saga", "ls", "--limit", "1")
	got.want(t, exitOK, "x-running", "there are more")
	if strings.Contains(got.out, "x-undone") || s.looks != 1 {
		t.Errorf("got %d looks and %q, want one execution", s.looks, got.out)
	}
	if got := call(t, s, "", "saga", "ls", "--limit", "3"); strings.Contains(got.err, "more") {
		t.Errorf("got %q of a whole list", got.err)
	}
	call(t, newStage(t), "", "saga", "ls").want(t, exitOK, "none\n")
	call(t, nil, "", "saga", "ls", "--limit", "0").want(t, exitUsage, "--limit must be 1 to 1000")
}

func TestAnExecutionIsShownStepByStep(t *testing.T) {
	s := withRuns(t)
	for _, of := range []string{"o-1", runARN + "x-parked"} {
		call(t, s, "", "saga", "show", of).want(t, exitOK,
			"execution x-parked is FAILED\n"+
				"order o-1 v3; started 2026-03-01T09:30:02.000Z, took 20s\n"+
				"RefundPayment RefundFailed: refund_failed: order o-1\n"+
				"  step            entered       took  calls  error         cause\n"+
				"  ResolvePayment  09:30:03.000    3s      2\n"+
				"  RefundPayment   09:30:07.000    3s      2  RefundFailed  refund_failed: order o-1\n"+
				"  Park            09:30:11.000    2s      1\n"+
				"  NeedsAttention  09:30:14.000\n")
	}
	call(t, s, "", "saga", "show", "o-2", "--json").want(t, exitOK,
		`"steps":[{"step":"ResolvePayment","entered_at":"2026-03-01T09:31:01Z","took_ms":2000,"attempts":1}]}`+"\n")
}

func TestASearchThatEndsEarlySaysSo(t *testing.T) {
	s := withRuns(t)
	mine := undone()
	s.runs = nil
	for i := range 9 { // of other orders, all later than the one that is looked for
		other := mine
		other.name, other.task, other.began = fmt.Sprint("x-", i), saga.Task{OrderID: "o-9", Version: 2}, at.Add(time.Duration(20-i)*time.Minute)
		s.runs = append(s.runs, other)
	}
	old := mine
	old.name, old.began = "x-old", at.Add(-time.Hour) // before the order was CANCELLING: never looked at
	s.runs = append(s.runs, mine, old)
	got := call(t, s, "", "saga", "show", "o-2", "--look", "3")
	got.want(t, exitOK, "execution x-undone is SUCCEEDED", "looked at 3 of 10 executions: there may be others")
	if s.looks != 3 {
		t.Errorf("got %d looks, want 3, the nearest to the change first", s.looks)
	}
	if got := call(t, s, "", "saga", "show", "o-2"); strings.Contains(got.err, "looked at") || strings.Contains(got.out, "x-old") {
		t.Errorf("got %q and %q of a whole search", got.out, got.err)
	}
}

func TestWhatThereIsNoExecutionOfIsSaid(t *testing.T) {
	s := withRuns(t)
	call(t, s, "", "saga", "show", "o-7").want(t, exitNotFound, "o-7: no such execution, nor an order of that id")
	s.orders["o-5"] = through(order.Paid)
	call(t, s, "", "saga", "show", "o-5").want(t, exitOK, "was never CANCELLING")
	s.runs = nil
	call(t, s, "", "saga", "show", "o-2").want(t, exitOK, "found no execution about order o-2")
	call(t, nil, "", "saga", "show", "o-1", "--look", "1001").want(t, exitUsage, "--look must be 1 to 1000")
}

func TestACauseCannotMoveTheCursorNorFillTheScreen(t *testing.T) {
	s := withRuns(t)
	bad := parked()
	bad.history = told(at, "> ResolvePayment", "! Transient \x1b[2J"+strings.Repeat("x", 5000))
	s.runs = []sagaRun{bad}
	for _, args := range [][]string{{"saga", "ls"}, {"saga", "show", "o-1"}} {
		if got := call(t, s, "", args...); strings.Contains(got.out, "\x1b") || len(got.out) > 2000 || !strings.Contains(got.out, "\ufffd[2Jxxx") {
			t.Errorf("%v printed %q", args, got.out)
		}
	}
}
