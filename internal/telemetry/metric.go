package telemetry

import (
	"log/slog"
	"time"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "orderflow"

// dimension is the one dimension of every metric: the name of the deployed function, which tells stages apart.
const dimension = "FunctionName"

// MetricName names a metric in [Namespace].
type MetricName string

// The metrics of sweep-orders.
const (
	Reannounced       MetricName = "reannounced"
	CancelRequested   MetricName = "cancel_requested"
	SagaRestarted     MetricName = "saga_restarted"
	WebhooksRecovered MetricName = "webhooks_recovered"
	OldestOpenAge     MetricName = "oldest_open_age"
)

// The metrics of payment-webhook, and of sweep-orders for what no webhook brought.
const (
	Disputes       MetricName = "disputes"
	RefundFailures MetricName = "refund_failures"
)

// Metric is one value of a metric.
type Metric struct {
	name  MetricName
	unit  string
	value slog.Value
}

// Count returns a metric of n things.
func Count(name MetricName, n int) Metric {
	return Metric{name, "Count", slog.IntValue(n)}
}

// Seconds returns a metric of a time, to the second.
func Seconds(name MetricName, d time.Duration) Metric {
	return Metric{name, "Seconds", slog.Int64Value(int64(d / time.Second))}
}

// Deployed returns the logger of the function that is deployed under this name, which its metrics have as their
// dimension; where it is empty, as it is outside of Lambda, the name given to [New] stays.
func (l *Logger) Deployed(name string) *Logger {
	if name == "" {
		return l
	}
	named := *l
	named.deployed = safe(name)
	return &named
}

// Metrics writes one line of which CloudWatch makes metrics, each of another name, at most a hundred
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
func (l *Logger) Metrics(metrics ...Metric) {
	now := l.now()
	directive := metricDirective{Namespace: Namespace, Dimensions: [][]string{{dimension}}}
	values := line{slog.String(dimension, l.deployed)}
	for _, m := range metrics {
		directive.Metrics = append(directive.Metrics, metricDefinition{Name: m.name, Unit: m.unit})
		values = append(values, slog.Attr{Key: string(m.name), Value: m.value})
	}
	meta := slog.Any("_aws", metricMetadata{Timestamp: now.UnixMilli(), CloudWatchMetrics: []metricDirective{directive}})
	l.write(slog.LevelInfo, "metrics", append(line{meta}, values...))
}

// metricMetadata, metricDirective and metricDefinition are objects of the specification, under its names.
type metricMetadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []metricDirective
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricDefinition
}

type metricDefinition struct {
	Name MetricName
	Unit string
}
