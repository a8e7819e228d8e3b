package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/telemetry"
)

func TestAStepIsOneLine(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Step(telemetry.Step{
			Order: "o-1", Version: 2, Round: 1, Next: "again", Outcome: outcome.KindDone, Code: "payment_moved", Duration: 2 * time.Millisecond, Published: 1,
		})
	})
	want := `{"time":"2026-03-01T09:30:00Z","level":"INFO","msg":"step","function":"update-order","order":"o-1","version":2,"round":1,` +
		`"next":"again","outcome":"done","code":"payment_moved","duration_ms":2,"published":1}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAStepSaysNothingOfACustomer(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Step(telemetry.Step{Order: "ada@example.com", Next: "ada@example.com", Code: "ada@example.com", Outcome: "ada@example.com"})
	})
	if strings.Contains(got, "ada") || strings.Count(got, telemetry.Withheld) != 4 {
		t.Errorf("got %s", got)
	}
}

func TestAPanicIsNamedByTheFunctionInWhichItBegan(t *testing.T) {
	var frame string
	func() {
		defer func() {
			if recover() != nil {
				frame = telemetry.PanicFrame()
			}
		}()
		breaks()
	}()
	if got, want := frame, "github.com/orderflow/orderflow/internal/telemetry_test.breaks"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

//go:noinline
func breaks() { panic("ada@example.com") }
