package telemetry_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/telemetry"
)

func TestMetricsAreOneLineInEmbeddedMetricFormat(t *testing.T) {
	got := lines(t, func(l *telemetry.Logger) {
		l.Deployed("orderflow-prod-update-order").Metrics(
			telemetry.Count(telemetry.Reannounced, 3), telemetry.Seconds(telemetry.OldestOpenAge, 90*time.Minute+999*time.Millisecond))
	})
	want := `{"time":"2026-03-01T09:30:00Z","level":"INFO","msg":"metrics","function":"update-order",` +
		`"_aws":{"Timestamp":1772357400000,"CloudWatchMetrics":[{"Namespace":"orderflow","Dimensions":[["FunctionName"]],` +
		`"Metrics":[{"Name":"reannounced","Unit":"Count"},{"Name":"oldest_open_age","Unit":"Seconds"}]}]},` +
		`"FunctionName":"orderflow-prod-update-order","reannounced":3,"oldest_open_age":5400}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// document is what the specification wants of a line.
type document struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// The specification: a name that the directive refers to is a member of the root; a dimension a string, a metric a number.
func TestWhatADirectiveRefersToStandsAtTheRoot(t *testing.T) {
	text := lines(t, func(l *telemetry.Logger) {
		l.Metrics(telemetry.Count(telemetry.Disputes, 0), telemetry.Count(telemetry.RefundFailures, 2), telemetry.Count(telemetry.WebhooksRecovered, 1),
			telemetry.Count(telemetry.CancelRequested, 1), telemetry.Count(telemetry.SagaRestarted, 1))
	})
	var doc document
	var root map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	if doc.AWS.Timestamp != at().UnixMilli() || len(doc.AWS.CloudWatchMetrics) != 1 {
		t.Fatalf("got %+v", doc.AWS)
	}
	directive := doc.AWS.CloudWatchMetrics[0]
	if diff := cmp.Diff([][]string{{"FunctionName"}}, directive.Dimensions); diff != "" {
		t.Errorf("dimensions (-want +got):\n%s", diff)
	}
	var function string
	if err := json.Unmarshal(root["FunctionName"], &function); err != nil || function != "update-order" {
		t.Errorf("got dimension %s, %v", root["FunctionName"], err)
	}
	if len(directive.Metrics) != 5 {
		t.Errorf("got %d metrics, want 5", len(directive.Metrics))
	}
	for _, m := range directive.Metrics {
		var value float64
		if err := json.Unmarshal(root[m.Name], &value); err != nil || m.Unit != "Count" {
			t.Errorf("metric %s in %s is %s: %v", m.Name, m.Unit, root[m.Name], err)
		}
	}
}

func TestADeployedNameOutsideOfLambdaIsTheFunctions(t *testing.T) {
	text := lines(t, func(l *telemetry.Logger) { l.Deployed("").Metrics(telemetry.Count(telemetry.Disputes, 1)) })
	if !strings.Contains(text, `"FunctionName":"update-order"`) {
		t.Errorf("got %s", text)
	}
	text = lines(t, func(l *telemetry.Logger) {
		l.Deployed("ada@example.org").Metrics(telemetry.Count(telemetry.Disputes, 1))
	})
	if !strings.Contains(text, `"FunctionName":"withheld"`) {
		t.Errorf("got %s", text)
	}
}
