package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/schemas"
)

const (
	recipe        = root + "/docs/recipes/consumer"
	consumersName = "warehouse-local-pack" // of its rule, queue and function
)

// deployConsumer deploys the recipe's stack beside the real one, as the recipe says, and removes it when the test ends.
func deployConsumer(t *testing.T) {
	t.Helper()
	service := t.TempDir()
	binary := filepath.Join(service, "bootstrap")
	if err := lambdazip.Compile(t.Context(), root, "./docs/recipes/consumer", binary, lambdazip.Local()); err != nil {
		t.Fatal(err)
	}
	if err := lambdazip.Write(filepath.Join(service, "consumer.zip"), binary); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(recipe + "/serverless.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(service, "serverless.yml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	osls(t.Context(), t, service, "deploy")
	t.Cleanup(func() {
		osls(context.WithoutCancel(t.Context()), t, service, "remove")
		if rules := consumersRules(context.WithoutCancel(t.Context()), t); len(rules) > 0 {
			t.Errorf("rules %v are left", rules)
		}
	})
}

func osls(ctx context.Context, t *testing.T, service, command string) {
	t.Helper()
	tool, err := filepath.Abs(root + "/node_modules/osls/bin/serverless.js")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "node", tool, command, "--stage", "local")
	cmd.Dir = service
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + service, "TMPDIR=" + service, "NODE_NO_WARNINGS=1",
		"AWS_ENDPOINT_URL=" + world.Endpoint, "AWS_ACCESS_KEY_ID=000000000000", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true", "LAMBDA_ARCHITECTURE=" + lambdazip.Local().LambdaArchitecture(), "SLS_AWS_MONITORING_FREQUENCY=300",
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("osls %s: %v\n%s", command, err, said)
	}
}

func consumersRules(ctx context.Context, t *testing.T) []string {
	t.Helper()
	out, err := eventbridge.NewFromConfig(world.Config).ListRules(ctx, &eventbridge.ListRulesInput{
		EventBusName: &world.Stack.BusName, NamePrefix: aws.String(consumersName),
	})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, r := range out.Rules {
		patterns = append(patterns, aws.ToString(r.EventPattern))
	}
	return patterns
}

// TestAConsumerOfOnesOwnSeesWhatItSubscribedTo deploys docs/recipes/consumer as a stack of its own.
func TestAConsumerOfOnesOwnSeesWhatItSubscribedTo(t *testing.T) {
	explain(t)
	deployConsumer(t)
	t.Run("its pattern matches its examples and no others", func(t *testing.T) {
		patterns := consumersRules(t.Context(), t)
		if len(patterns) != 1 {
			t.Fatalf("got rules %v, want one", patterns)
		}
		wantMatches(t, patterns[0])
	})
	t.Run("its table says what became of the orders", func(t *testing.T) {
		all := ids(t, 3)
		packed, held, declined := all[0], all[1], all[2]
		buy(t, packed, "")
		buy(t, held, "")
		place(t, placed{OrderID: declined, UserID: "poor", Amount: price, Currency: "USD"})
		reaches(t, order.Paid, packed, held)
		cancel(t, held)
		reaches(t, order.Refunded, held)
		reaches(t, order.Cancelled, declined)
		wantWork(t, map[order.ID]string{packed: "PACK", held: "HOLD", declined: "HOLD"})
	})
	t.Run("nothing is left to handle, and nothing failed", func(t *testing.T) {
		eventually(t, func() error {
			for _, name := range []string{consumersName, consumersName + "-dlq"} {
				if n := depth(t, queueNamed(t, name)); n > 0 {
					return fmt.Errorf("%s holds %d messages", name, n)
				}
			}
			return nil
		})
	})
}

func queueNamed(t *testing.T, name string) string {
	t.Helper()
	out, err := world.queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.QueueUrl)
}

// wantMatches holds the pattern against every valid example of every type, as EventBridge would.
func wantMatches(t *testing.T, pattern string) {
	t.Helper()
	client, matched := eventbridge.NewFromConfig(world.Config), 0
	for _, entry := range events.Catalog() {
		for _, ex := range schemas.Examples(entry.Type.Schema(), schemas.Valid) {
			out, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
				EventPattern: &pattern, Event: aws.String(enveloped(entry, ex.Text)),
			})
			if err != nil {
				t.Fatal(err)
			}
			var data struct{ Status string }
			if err := json.Unmarshal(ex.Text, &data); err != nil {
				t.Fatal(err)
			}
			want := entry.Type == events.TypeOrderUpdated && slices.Contains([]string{"PAID", "CANCELLING", "REFUNDED"}, data.Status)
			if out.Result != want {
				t.Errorf("%s %s: got match %t, want %t", entry.Type, ex.Name, out.Result, want)
			}
			if out.Result {
				matched++
			}
		}
	}
	if matched == 0 {
		t.Error("the pattern matches no example at all")
	}
}

// enveloped is an event with the given data as EventBridge matches it.
func enveloped(entry events.Entry, data []byte) string {
	return fmt.Sprintf(`{"version":"0","id":"1","detail-type":%q,"source":%q,"account":"0","time":"2026-03-01T09:30:00Z","region":"us-east-1","resources":[],"detail":{"type":%q,"data":%s}}`,
		entry.Type, entry.Source, entry.Type, data)
}

// wantWork waits until the consumer's table says this of the orders.
func wantWork(t *testing.T, want map[order.ID]string) {
	t.Helper()
	client := dynamodb.NewFromConfig(world.Config)
	eventually(t, func() error {
		for id, work := range want {
			out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
				TableName: aws.String("warehouse-local-packing"), ConsistentRead: aws.Bool(true),
				Key: map[string]types.AttributeValue{"order_id": &types.AttributeValueMemberS{Value: string(id)}},
			})
			if err != nil {
				return err
			}
			if got, _ := out.Item["work"].(*types.AttributeValueMemberS); got == nil || got.Value != work {
				return fmt.Errorf("order %s: got item %v, want %s", id, out.Item, work)
			}
		}
		return nil
	})
}
