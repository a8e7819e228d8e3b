package relayorder_test

import (
	"errors"
	"testing"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Lambda hands over all records from the lowest that failed, those behind it too although they went through.
//
// Case: a redelivered stream record had another event id (floci#3262).
func TestARecordBehindAFailedOneIsStatedAgainAsTheSameFact(t *testing.T) {
	out := outside{fails: map[string]error{"o-2": outcome.Transient("publish_failed", errors.New("throttled"))}}
	first, second, third := insert(row(t, "o-1")), insert(row(t, "o-2")), insert(row(t, "o-3"))
	if err := out.handle(t, first, second, third); err == nil {
		t.Fatal("got no error, so that the second record would be lost")
	}
	out.fails = nil
	if err := out.handle(t, first, second, third); err != nil {
		t.Fatal(err)
	}
	stated := map[string][]string{}
	for _, e := range out.published {
		text, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		stated[e.Subject()] = append(stated[e.Subject()], string(text))
	}
	for id, times := range map[string]int{"o-1": 2, "o-2": 1, "o-3": 2} {
		if got := stated[id]; len(got) != times || got[0] != got[times-1] {
			t.Errorf("%s was stated as %v, want the same %d times", id, got, times)
		}
	}
}
