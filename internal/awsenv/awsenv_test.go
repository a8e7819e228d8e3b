package awsenv_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/awsenv"
)

func env(extra map[string]string) awsenv.Getenv {
	values := map[string]string{
		awsenv.Region:       "eu-central-1",
		awsenv.AccessKeyID:  "id",
		awsenv.SecretKey:    "secret",
		awsenv.SessionToken: "token",
	}
	for name, value := range extra {
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

func TestRequireGivesTheValues(t *testing.T) {
	got, err := awsenv.Require(env(map[string]string{"BUS_NAME": "bus"}), "BUS_NAME")
	if err != nil {
		t.Fatal(err)
	}
	want := awsenv.Values{"BUS_NAME": "bus", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRequireNamesAllThatIsMissingAtOnce(t *testing.T) {
	_, err := awsenv.Require(env(map[string]string{"BUS_NAME": "bus", awsenv.Region: ""}), "QUEUE_URL", "BUS_NAME", "ORDERS_TABLE", "QUEUE_URL")
	if !errors.Is(err, awsenv.ErrMissing) {
		t.Fatalf("got %v, want ErrMissing", err)
	}
	if got, want := err.Error(), "environment variables are missing: AWS_REGION, QUEUE_URL, ORDERS_TABLE"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequireNeverShowsAValue(t *testing.T) {
	_, err := awsenv.Require(env(nil), "QUEUE_URL")
	if got, want := err.Error(), "environment variables are missing: QUEUE_URL"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConfigTakesRegionAndCredentialsWithSessionToken(t *testing.T) {
	cfg := awsenv.Config(env(nil))
	credentials, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{cfg.Region, credentials.AccessKeyID, credentials.SecretAccessKey, credentials.SessionToken}
	if diff := cmp.Diff([]string{"eu-central-1", "id", "secret", "token"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigLeavesTheEndpointToTheRegionUnlessTold(t *testing.T) {
	if got := awsenv.Config(env(nil)).BaseEndpoint; got != nil {
		t.Errorf("got endpoint %q, want none", *got)
	}
	cfg := awsenv.Config(env(map[string]string{awsenv.EndpointURL: "http://127.0.0.1:4566"}))
	if got, want := aws.ToString(cfg.BaseEndpoint), "http://127.0.0.1:4566"; got != want {
		t.Errorf("got endpoint %q, want %q", got, want)
	}
}

func TestAClientTriesThreeTimesWithinASecond(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	client := sqs.NewFromConfig(awsenv.Config(env(map[string]string{awsenv.EndpointURL: server.URL})))

	began := time.Now()
	_, err := client.ListQueues(t.Context(), nil)
	if err == nil {
		t.Fatal("got no error from a service that is unavailable")
	}
	if got := calls.Load(); got != 3 {
		t.Errorf("got %d calls, want 3", got)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v, want less than a second", took)
	}
}

func TestARetryMendsADroppedConnection(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{"QueueUrls":["one"]}`))
	}))
	defer server.Close()
	client := sqs.NewFromConfig(awsenv.Config(env(map[string]string{awsenv.EndpointURL: server.URL})))

	out, err := client.ListQueues(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one"}, out.QueueUrls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A service as near as an emulator answers before the client is done with its request.
func TestNoAnswerOfAFastServiceIsLost(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte(`{}`))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := sqs.NewFromConfig(awsenv.Config(env(map[string]string{awsenv.EndpointURL: server.URL})), func(o *sqs.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	const calls = 400
	for range calls {
		if _, err := client.ListQueues(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	// A connection is idle again a moment after its answer was read, so that now and then another one is opened.
	if got := connections.Load(); got > calls/20 {
		t.Errorf("got %d connections for %d calls one after the other, want few", got, calls)
	}
}
