package dynamo_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/local"
)

// conf reaches the emulator of this run.
var conf aws.Config

func TestMain(m *testing.M) {
	os.Exit(local.WithEmulator("../..", func(reaching aws.Config) int {
		conf = reaching
		return m.Run()
	}))
}

// newClient returns a client with the SDK's own retries, which the emulator needs: once in some thousand calls the
// answer to a call that was carried out cannot be read, and the SDK sends it again.
func newClient() *dynamodb.Client { return dynamodb.NewFromConfig(conf) }

// newTables makes the four tables with the keys and indexes that functions/shared.yml gives them.
func newTables(t *testing.T) dynamo.Tables {
	t.Helper()
	suffix := strconv.FormatInt(time.Now().UnixNano(), 36)
	tables := dynamo.Tables{
		Orders: "orders-" + suffix, Users: "users-" + suffix, Payments: "payments-" + suffix, Notifications: "notifications-" + suffix,
	}
	keysOnly := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	create(t, &dynamodb.CreateTableInput{
		TableName: &tables.Orders, KeySchema: keySchema("order_id"),
		AttributeDefinitions: stringKeys("order_id", "user_id", "recorded_at", "open_shard", "since"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{IndexName: aws.String("by_user"), KeySchema: keySchema("user_id", "recorded_at"), Projection: keysOnly},
			{IndexName: aws.String("open"), KeySchema: keySchema("open_shard", "since"), Projection: keysOnly},
		},
	})
	create(t, &dynamodb.CreateTableInput{
		TableName: &tables.Users, KeySchema: keySchema("user_id"), AttributeDefinitions: stringKeys("user_id"),
	})
	create(t, &dynamodb.CreateTableInput{
		TableName: &tables.Payments, KeySchema: keySchema("order_id"), AttributeDefinitions: stringKeys("order_id"),
	})
	create(t, &dynamodb.CreateTableInput{
		TableName: &tables.Notifications, KeySchema: keySchema("order_id", "channel"), AttributeDefinitions: stringKeys("order_id", "channel"),
	})
	return tables
}

func create(t *testing.T, in *dynamodb.CreateTableInput) {
	t.Helper()
	in.BillingMode = types.BillingModePayPerRequest
	client := newClient()
	_, err := client.CreateTable(t.Context(), in)
	if _, sentTwice := errors.AsType[*types.ResourceInUseException](err); err != nil && !sentTwice {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: in.TableName})
		if _, sentTwice := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !sentTwice {
			t.Error(err)
		}
	})
}

func keySchema(names ...string) []types.KeySchemaElement {
	keys := make([]types.KeySchemaElement, len(names))
	for i, name := range names {
		keys[i] = types.KeySchemaElement{AttributeName: aws.String(name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]}
	}
	return keys
}

func stringKeys(names ...string) []types.AttributeDefinition {
	defs := make([]types.AttributeDefinition, len(names))
	for i, name := range names {
		defs[i] = types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
	}
	return defs
}

func storesOver(client dynamo.Client, tables dynamo.Tables) conformance.Stores {
	return conformance.Stores{
		Resends:       true,
		Orders:        dynamo.NewOrders(client, tables),
		Users:         dynamo.NewUsers(client, tables),
		Payments:      dynamo.NewPayments(client, tables),
		Notifications: dynamo.NewNotifications(client, tables),
	}
}
