package prefetch_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orderflow/orderflow/internal/prefetch"
)

func TestARowIsGoodForOneUse(t *testing.T) {
	rows := prefetch.New(map[string]int{"a": 1})
	if got, ok := rows.Take("a"); got != 1 || !ok {
		t.Errorf("got %d %t, want 1 true", got, ok)
	}
	if got, ok := rows.Take("a"); ok {
		t.Errorf("got %d a second time, want none", got)
	}
	if got, ok := rows.Take("b"); ok {
		t.Errorf("got %d for a row that was not read, want none", got)
	}
}

func TestOfManyTakersOneGetsTheRow(t *testing.T) {
	rows := prefetch.New(map[string]int{"a": 1})
	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, ok := rows.Take("a"); ok {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if got := taken.Load(); got != 1 {
		t.Errorf("%d took the row, want 1", got)
	}
}
