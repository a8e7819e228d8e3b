package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/local"
)

const (
	root = "../.."
	// asParent makes the test binary start a run and wait to be killed; its value is the folder of zips.
	asParent = "LOCAL_TEST_ARTIFACTS"
)

func TestMain(m *testing.M) {
	if artifacts := os.Getenv(asParent); artifacts != "" {
		if err := beParent(artifacts); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// beParent starts a run, prints its endpoint, and lives until it is killed.
func beParent(artifacts string) error {
	r, err := local.Start(context.Background(), local.Options{Root: root, Provider: http.NotFoundHandler(), Artifacts: artifacts})
	if err != nil {
		return err
	}
	token, err := shopToken(context.Background(), r)
	if err != nil {
		return err
	}
	go func() { _, _ = order(context.Background(), r, token, "linger") }()
	fmt.Println(r.Endpoint)
	<-r.Exited()
	return errors.New("the emulator ended before its parent")
}

// probeZips returns a folder with the probe in every function's place.
func probeZips(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "probe")
	if err := lambdazip.Compile(t.Context(), ".", "./testdata/probe", binary, lambdazip.Local()); err != nil {
		t.Fatal(err)
	}
	functions, err := lambdazip.Functions(root)
	if err != nil {
		t.Fatal(err)
	}
	zip := filepath.Join(dir, functions[0].Key+".zip")
	if err := lambdazip.Write(zip, binary); err != nil {
		t.Fatal(err)
	}
	for _, f := range functions[1:] { // all are the same, and compressing takes its time
		if err := os.Link(zip, filepath.Join(dir, f.Key+".zip")); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shopToken signs in as a shop's back end does.
func shopToken(ctx context.Context, r *local.Run) (string, error) {
	client, err := cognitoidentityprovider.NewFromConfig(r.Config).DescribeUserPoolClient(ctx,
		&cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: &r.Stack.UserPoolID, ClientId: &r.Stack.ShopClientID})
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"orderflow/shop"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Stack.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(r.Stack.ShopClientID, aws.ToString(client.UserPoolClient.ClientSecret))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	answered, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answered.Body.Close()
	err = json.NewDecoder(answered.Body).Decode(&answer)
	return answer.AccessToken, err
}

type answer struct {
	status int
	body   string
}

func order(ctx context.Context, r *local.Run, token, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Stack.APIURL+"/orders", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answered, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer answered.Body.Close()
	text, err := io.ReadAll(answered.Body)
	return answer{answered.StatusCode, string(text)}, err
}

func TestRunServesTheDeployAndEnforcesRoles(t *testing.T) {
	provider := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	r, err := local.Start(t.Context(), local.Options{Root: root, Auth: true, Provider: provider, Artifacts: probeZips(t), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()

	t.Run("no token, no entry", func(t *testing.T) {
		if got, err := order(t.Context(), r, "", "{}"); err != nil || got.status != http.StatusUnauthorized {
			t.Errorf("got %v, %v, want status 401", got, err)
		}
	})
	t.Run("a function may do what its role says and no more", func(t *testing.T) {
		token, err := shopToken(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := order(t.Context(), r, token, "{}")
		if want := (answer{http.StatusOK, `{"put":"","scan":"AccessDeniedException"}`}); err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
	t.Run("the run's own credentials may do all", func(t *testing.T) {
		if _, err := dynamodb.NewFromConfig(r.Config).Scan(t.Context(), &dynamodb.ScanInput{TableName: &r.Stack.OrdersTable}); err != nil {
			t.Error(err)
		}
	})
	t.Run("the deploy knows the provider's stand-in", func(t *testing.T) {
		if got, want := r.Stack.StripeBaseURL, r.ProviderURL; got != want {
			t.Errorf("deployed with %s, want %s", got, want)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ProviderURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answered, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answered.Body.Close()
		if got, want := answered.StatusCode, http.StatusTeapot; got != want {
			t.Errorf("the stand-in answered %d, want %d", got, want)
		}
	})
	t.Run("queues are found by function key", func(t *testing.T) {
		for key, queue := range r.Queues {
			if (queue.URL == "") != (key == "relay-order") || queue.DeadLetterURL == "" {
				t.Errorf("%s has %+v", key, queue)
			}
		}
		if len(r.Queues) == 0 || r.UndeliverableURL == "" {
			t.Errorf("found %d queues, undeliverable %q", len(r.Queues), r.UndeliverableURL)
		}
	})
	t.Run("close leaves nothing", func(t *testing.T) {
		group := groupListeningAt(t, r.Endpoint)
		if !strings.Contains(processes(t, group), "bootstrap") {
			t.Fatalf("no function process in the group:\n%s", processes(t, group))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		wantGone(t, group)
		if _, err := order(t.Context(), r, "", "{}"); err == nil {
			t.Error("the API still answers")
		}
		if err := r.Close(); err != nil {
			t.Errorf("a second Close says %v", err)
		}
	})
}

func TestKilledParentLeavesNothing(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+probeZips(t), "TMPDIR="+t.TempDir())
	parent.Stderr = t.Output()
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent did not start a run: %v", err)
	}
	group := groupListeningAt(t, strings.TrimSpace(endpoint))
	eventually(t, "a function process is at work", func() bool { return strings.Contains(processes(t, group), "bootstrap") })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent ended by itself")
	}
	wantGone(t, group)
}

func TestKilledEmulatorTakesItsFunctionsAlong(t *testing.T) {
	r, err := local.Start(t.Context(), local.Options{Root: root, Provider: http.NotFoundHandler(), Artifacts: probeZips(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	token, err := shopToken(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := order(t.Context(), r, token, "{}"); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %v, %v", got, err)
	}
	group := groupListeningAt(t, r.Endpoint)
	if err := syscall.Kill(emulatorOf(t, group), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.Exited():
	case <-time.After(patience):
		t.Error("the run does not notice")
	}
	wantGone(t, group)
}

func TestTakenPortIsNamed(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	_, err = local.Start(t.Context(), local.Options{Root: root, Port: port, Provider: http.NotFoundHandler(), Artifacts: t.TempDir()})
	if !errors.Is(err, local.ErrPortTaken) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got error %v, want ErrPortTaken with the port %d", err, port)
	}
}

func TestMissingPartsNameTheirCure(t *testing.T) {
	_, err := local.Start(t.Context(), local.Options{Root: t.TempDir(), Provider: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), "make ") {
		t.Errorf("got error %v, want one that names the make target", err)
	}
}

func TestFailedDeployLeavesNothingAndSaysWhy(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	_, err := local.Start(t.Context(), local.Options{Root: root, Provider: http.NotFoundHandler(), Artifacts: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), ".zip") {
		t.Errorf("got error %v, want one that names the missing zip", err)
	}
	left, err := filepath.Glob(filepath.Join(temporary, "orderflow-local-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left %v (%v)", left, err)
	}
}
