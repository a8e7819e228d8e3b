package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/awsenv"
	"github.com/orderflow/orderflow/internal/wiring/wiringtest"
)

var durations = map[string]string{"RECORDED_AFTER": "5m", "PAYMENT_WINDOW": "24h", "CANCELLING_AFTER": "15m", "UNDELIVERED_WITHIN": "72h"}

// wireWith wires with the given durations wherever they are set at all.
func wireWith(durations map[string]string) func(awsenv.Getenv) (sweeporders.Sweep, error) {
	return func(getenv awsenv.Getenv) (sweeporders.Sweep, error) {
		return wire(func(name string) string {
			if d, ok := durations[name]; ok && getenv(name) != "" {
				return d
			}
			return getenv(name)
		})
	}
}

func TestWireNamesAllThatIsMissing(t *testing.T) {
	wiringtest.NamesAllThatIsMissing(t, wireWith(durations), "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "BUS_NAME", "ORDERS_TABLE",
		"PAYMENTS_TABLE", "STRIPE_BASE_URL", "STRIPE_SECRET_ARN", "RECORDED_AFTER", "PAYMENT_WINDOW", "CANCELLING_AFTER", "UNDELIVERED_WITHIN")
}

func everything(string) string { return "set" }

func TestWireReadsTheLimits(t *testing.T) {
	got, err := wireWith(durations)(everything)
	if err != nil {
		t.Fatal(err)
	}
	want := sweeporders.Limits{
		RecordedAfter: 5 * time.Minute, PaymentWindow: 24 * time.Hour, CancellingAfter: 15 * time.Minute, UndeliveredWithin: 72 * time.Hour,
	}
	if diff := cmp.Diff(want, got.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestWireNamesALimitThatIsNone(t *testing.T) {
	for name := range durations {
		for _, bad := range []string{"5", "soon", "0s", "-5m"} {
			env := maps.Clone(durations)
			env[name] = bad
			if _, err := wireWith(env)(everything); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%s: got error %v, want one that names it", name, bad, err)
			}
		}
	}
}
