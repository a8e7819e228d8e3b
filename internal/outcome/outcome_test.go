package outcome_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/orderflow/orderflow/internal/outcome"
)

var errCause = errors.New("cause")

func TestOfFindsKindAndCodeHoweverDeep(t *testing.T) {
	cases := []struct {
		err  error
		kind outcome.Kind
		code outcome.Code
	}{
		{nil, outcome.KindDone, ""},
		{errCause, outcome.KindTransient, outcome.CodeUnknown},
		{outcome.Permanent("amount_mismatch", errCause), outcome.KindPermanent, "amount_mismatch"},
		{outcome.Transient("too_early", errCause), outcome.KindTransient, "too_early"},
		{outcome.Stale("stale"), outcome.KindStale, "stale"},
		{fmt.Errorf("order o1: %w", outcome.Permanent("no_such_order", errCause)), outcome.KindPermanent, "no_such_order"},
	}
	for _, c := range cases {
		if kind, code := outcome.Of(c.err); kind != c.kind || code != c.code {
			t.Errorf("%v: got %s %s, want %s %s", c.err, kind, code, c.kind, c.code)
		}
	}
}

func TestTheCauseIsKept(t *testing.T) {
	err := outcome.Permanent("amount_mismatch", errCause)
	if !errors.Is(err, errCause) {
		t.Errorf("got %v, want it to hold its cause", err)
	}
	if got, want := err.Error(), "permanent: amount_mismatch: cause"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := outcome.Stale("stale").Error(), "stale: stale"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
