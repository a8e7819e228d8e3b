package stack_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stack"
)

const answer = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>orderflow-local</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
<Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`

const noStack = `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id orderflow-dev does not exist</Message></Error></ErrorResponse>`

var names = []string{
	"Stage", "ApiId", "ApiUrl", "TokenUrl", "BusName", "OrdersTable", "UsersTable", "PaymentsTable", "NotificationsTable",
	"UserPoolId", "ShopClientId", "CustomerClientId", "SagaArn", "StripeBaseUrl", "StripeSecretArn", "MailSender",
}

func outputs(names ...string) string {
	var b strings.Builder
	for _, name := range append(names, "SomethingElse") {
		fmt.Fprintf(&b, "<member><OutputKey>%s</OutputKey><OutputValue>the-%s</OutputValue></member>", name, name)
	}
	return b.String()
}

// serve answers every call like CloudFormation and returns its address.
func serve(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func nothing(string) string { return "" }

func find(t *testing.T, o stack.Options) (stack.Stack, error) {
	t.Helper()
	conf, err := stack.Config(t.Context(), o, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return stack.Find(t.Context(), conf, o.Stage)
}

func TestFindReadsEveryOutput(t *testing.T) {
	endpoint := serve(t, http.StatusOK, fmt.Sprintf(answer, outputs(names...)))
	got, err := find(t, stack.Options{Stage: "local", Region: "eu-west-1", EndpointURL: endpoint + "/"})
	if err != nil {
		t.Fatal(err)
	}
	want := stack.Stack{
		Stage: "the-Stage", Region: "eu-west-1",
		APIURL: endpoint + "/_aws/execute-api/the-ApiId/$default", TokenURL: endpoint + "/oauth2/token",
		APIID: "the-ApiId", BusName: "the-BusName", OrdersTable: "the-OrdersTable", UsersTable: "the-UsersTable",
		PaymentsTable: "the-PaymentsTable", NotificationsTable: "the-NotificationsTable", UserPoolID: "the-UserPoolId",
		ShopClientID: "the-ShopClientId", CustomerClientID: "the-CustomerClientId", SagaARN: "the-SagaArn",
		StripeBaseURL: "the-StripeBaseUrl", StripeSecretARN: "the-StripeSecretArn", MailSender: "the-MailSender",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
}

func TestMissingOutputsAreNamed(t *testing.T) {
	endpoint := serve(t, http.StatusOK, fmt.Sprintf(answer, outputs(names[2:]...)))
	_, err := find(t, stack.Options{Stage: "local", EndpointURL: endpoint})
	if err == nil || !strings.Contains(err.Error(), "lacks the outputs ApiId, Stage: deploy it again") {
		t.Errorf("error is %v", err)
	}
}

func TestMissingStackSaysWhatToDo(t *testing.T) {
	endpoint := serve(t, http.StatusBadRequest, noStack)
	_, err := find(t, stack.Options{Stage: "dev", EndpointURL: endpoint})
	if !errors.Is(err, stack.ErrNotFound) || !strings.Contains(err.Error(), "make run") {
		t.Errorf("error is %v, want ErrNotFound that names make run", err)
	}
}

func TestEmulatorThatDoesNotRunSaysWhatToDo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := find(t, stack.Options{Stage: "local", EndpointURL: server.URL})
	if !errors.Is(err, stack.ErrNotFound) || !strings.Contains(err.Error(), "make run") || !strings.Contains(err.Error(), server.URL) {
		t.Errorf("error is %v, want ErrNotFound that names make run and the address", err)
	}
}

func TestOtherErrorIsNotTakenForAMissingStack(t *testing.T) {
	denied := strings.NewReplacer("ValidationError", "AccessDenied", "does not exist", "is secret").Replace(noStack)
	_, err := find(t, stack.Options{Stage: "dev", EndpointURL: serve(t, http.StatusForbidden, denied)})
	if err == nil || errors.Is(err, stack.ErrNotFound) {
		t.Errorf("error is %v, want another than ErrNotFound", err)
	}
}

func TestEndpoint(t *testing.T) {
	env := func(key string) string { return map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:9/"}[key] }
	for _, row := range []struct {
		promise string
		options stack.Options
		getenv  func(string) string
		want    string
	}{
		{"local has a default", stack.Options{Stage: "local"}, nothing, stack.LocalEndpoint},
		{"AWS has none", stack.Options{Stage: "prod"}, nothing, ""},
		{"the environment goes before the default", stack.Options{Stage: "local"}, env, "http://127.0.0.1:9"},
		{"the flag goes before the environment", stack.Options{Stage: "local", EndpointURL: "http://h:1"}, env, "http://h:1"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			if got := row.options.Endpoint(row.getenv); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestEmulatorIsNeverSentRealCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "real")
	for _, endpoint := range []string{"http://127.0.0.1:4566", "http://localhost:4566", "http://[::1]:4566"} {
		conf, err := stack.Config(t.Context(), stack.Options{Stage: "local", EndpointURL: endpoint}, nothing)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := conf.Credentials.Retrieve(t.Context())
		if err != nil || keys.AccessKeyID != "000000000000" {
			t.Errorf("%s: access key %q, error %v", endpoint, keys.AccessKeyID, err)
		}
	}
}

func TestAWSHasNoEndpointOfOurs(t *testing.T) {
	conf, err := stack.Config(t.Context(), stack.Options{Stage: "prod", Region: "eu-west-1"}, nothing)
	if err != nil || conf.BaseEndpoint != nil || conf.Region != "eu-west-1" {
		t.Errorf("endpoint %v, region %q, error %v", conf.BaseEndpoint, conf.Region, err)
	}
}
