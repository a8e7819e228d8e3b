package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
)

// sampleFile is a part of the real one, with one purchase that is free.
const sampleFile = ` 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3    0.00
 00050 0003 19970101  1    6.79
`

func TestLoadAddsUp(t *testing.T) {
	s := newStage(t)
	got := call(t, s, sampleFile, "load", "-", "--prefix", "p")
	got.want(t, exitOK, "PAID", "4 new and 0 repeated orders", "mails: 4 sent", "3 captures for 3 orders; free and never charged: 1", "totals agree",
		"currency  recorded   paid  captured  captured - paid\nUSD          65.85  65.85     65.85             0.00\n")
	if len(s.users) != 3 || s.users["p-c00004"] != "ACTIVE" {
		t.Errorf("users are %v", s.users)
	}
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitOK, "0 new and 4 repeated orders", "totals agree")
}

func TestLoadNamesWhatCannotBePaid(t *testing.T) {
	s := newStage(t)
	call(t, s, sampleFile, "load", "-", "--prefix", "p", "--mix", "decline=100").
		want(t, exitOK, "CANCELLING  card_declined       3", "3 orders cannot be paid and rest in CANCELLING: p-1, p-2, p-4", "totals agree")
}

func TestLoadThatDoesNotAddUpHasItsOwnExitCode(t *testing.T) {
	s := newStage(t)
	s.stay = true
	call(t, s, sampleFile, "load", "-", "--prefix", "p", "--patience", "1ms").want(t, exitDisagree, "4 orders did not come to rest: p-1, p-2, p-3, p-4", "totals disagree")
	s = newStage(t)
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitOK)
	s.captured["p-1"] = 293300
	call(t, s, sampleFile, "load", "-", "--prefix", "p").want(t, exitDisagree, "disagrees: order p-1 is PAID with 293300 captured of 2933")
}

func TestLoadWritesOneObjectOfJSON(t *testing.T) {
	got := call(t, newStage(t), sampleFile, "load", "-", "--prefix", "p", "--json", "--limit", "2")
	got.want(t, exitOK)
	var sum load.Summary
	if err := json.Unmarshal([]byte(got.out), &sum); err != nil {
		t.Fatalf("%v in %q", err, got.out)
	}
	if sum.Placed != 2 || len(sum.Money) != 1 || *sum.Money[0].Captured != 5906 || strings.Count(got.out, "\n") != 1 {
		t.Errorf("got %+v", sum)
	}
}

func TestLoadNamesTheBadLine(t *testing.T) {
	call(t, nil, sampleFile+"x\n", "load", "-", "--prefix", "p").want(t, exitUsage, "line 5: must have 4 columns")
}

func TestBrokenOffLoadSaysHowToGoOn(t *testing.T) {
	s := newStage(t)
	s.stay = true // so that it would follow the orders until it is broken off
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"load", "-", "--prefix", "p", "--endpoint-url", s.url}, strings.NewReader(sampleFile), &out, &errs, func(string) string { return "" })
	}()
	for !s.has("p-4") {
		runtime.Gosched()
	}
	cancel()
	if code := <-ended; code != exitInterrupted || out.Len() > 0 || !strings.Contains(errs.String(), "orders were posted: load the file again to go on") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}
