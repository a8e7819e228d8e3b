package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/dynamo"
)

// endpoint is where the emulator of this run listens.
var endpoint string

func TestMain(m *testing.M) {
	os.Exit(withEmulator(m.Run))
}

// withEmulator runs f while an emulator runs on a free port of the loopback interface.
func withEmulator(f func() int) int {
	python, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		return complain(err)
	}
	port, err := freePort()
	if err != nil {
		return complain(err)
	}
	endpoint = "http://127.0.0.1:" + port
	dir, err := os.MkdirTemp("", "orderflow-dynamo-") // removed by the starter
	if err != nil {
		return complain(err)
	}
	// The starter ends the emulator when its standard input ends: with this process, by whatever means.
	cmd := exec.Command(python, "../local/starter.py") //nolint:noctx // a kill would leave its children behind
	cmd.Env = append(os.Environ(),
		"GUARD_DIR="+dir, "TMPDIR="+dir, "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "AWS_ENDPOINT_URL="+endpoint,
		"MINISTACK_HOST=127.0.0.1", "IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "LOG_LEVEL=ERROR")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return complain(err)
	}
	if err := cmd.Start(); err != nil {
		return complain(fmt.Errorf("start the emulator, which requirements.txt installs into .venv: %w", err))
	}
	defer func() {
		lifeline.Close()
		_ = cmd.Wait() // it ends by a signal of its own
	}()
	if err := healthy(); err != nil {
		return complain(err)
	}
	return f()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func freePort() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func healthy() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/_ministack/health", http.NoBody)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the emulator does not answer: %w", ctx.Err())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// newClient returns a client with the SDK's own retries, which the emulator needs: once in some thousand calls the
// answer to a call that was carried out cannot be read, and the SDK sends it again.
func newClient() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "000000000000", SecretAccessKey: "test"}, nil
		}),
	})
}

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
