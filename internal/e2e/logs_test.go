package e2e_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// explain has a test that fails print what the functions logged meanwhile of records that did not end well.
func explain(t *testing.T) {
	t.Helper()
	began := time.Now()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		client := cloudwatchlogs.NewFromConfig(world.Config)
		for _, function := range slices.Sorted(maps.Keys(world.Queues)) {
			out, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
				LogGroupName: aws.String("/aws/lambda/orderflow-local-" + function),
				StartTime:    aws.Int64(began.UnixMilli()),
			})
			if err != nil {
				t.Logf("log of %s: %v", function, err)
				continue
			}
			var bad []string
			for _, e := range out.Events {
				if line := aws.ToString(e.Message); wentBad(line) {
					bad = append(bad, strings.TrimSpace(line))
				}
			}
			for _, line := range bad[max(0, len(bad)-5):] {
				t.Log(line)
			}
		}
	})
}

// wentBad reports whether a line of a function's log is a warning or an error, or not one of ours.
func wentBad(line string) bool {
	var entry struct {
		Level string `json:"level"`
	}
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		return !strings.HasPrefix(line, "START ") && !strings.HasPrefix(line, "END ") && !strings.HasPrefix(line, "REPORT ")
	}
	return entry.Level != "INFO"
}
