package main

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/awsenv"
)

func complete() map[string]string {
	return map[string]string{
		"AWS_REGION":             "eu-central-1",
		"AWS_ACCESS_KEY_ID":      "id",
		"AWS_SECRET_ACCESS_KEY":  "secret",
		"QUEUE_URL":              "http://127.0.0.1/queue",
		"DEAD_LETTER_QUEUE_URL":  "http://127.0.0.1/dlq",
		"USERS_TABLE":            "users",
		"NOTIFICATIONS_TABLE":    "notifications",
		"MAIL_SENDER":            "orders@example.com",
		"MAIL_CONFIGURATION_SET": "orderflow",
	}
}

func lookup(env map[string]string) awsenv.Getenv {
	return func(name string) string { return env[name] }
}

func TestWireNeedsNothingElse(t *testing.T) {
	if _, err := wire(lookup(complete())); err != nil {
		t.Error(err)
	}
}

func TestWireNamesAllThatIsMissing(t *testing.T) {
	_, err := wire(lookup(nil))
	if !errors.Is(err, awsenv.ErrMissing) {
		t.Fatalf("got %v, want %v", err, awsenv.ErrMissing)
	}
	for name := range complete() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("with nothing set: got %v, want an error that names %s", err, name)
		}
		env := complete()
		delete(env, name)
		if _, err := wire(lookup(env)); !errors.Is(err, awsenv.ErrMissing) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
	}
}

func TestWireRefusesASenderThatIsNoAddress(t *testing.T) {
	env := complete()
	env["MAIL_SENDER"] = "the shop"
	if _, err := wire(lookup(env)); err == nil || !strings.Contains(err.Error(), "MAIL_SENDER") {
		t.Errorf("got %v, want an error that names MAIL_SENDER", err)
	}
}

func TestTheFunctionIsGivenJustWhatWireNeeds(t *testing.T) {
	_, environment, found := strings.Cut(functionYML(t), "environment:\n")
	if !found {
		t.Fatal("function.yml has no environment")
	}
	got := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ {6}([A-Z_]+):`).FindAllStringSubmatch(environment, -1) {
		got[m[1]] = true
	}
	for name := range complete() {
		if fromRuntime := strings.HasPrefix(name, "AWS_"); got[name] == fromRuntime {
			t.Errorf("function.yml gives %s is %t, want %t", name, got[name], !fromRuntime)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("function.yml gives %v, which nothing reads", got)
	}
}

func TestTheLeaseOutlivesTheFunction(t *testing.T) {
	m := regexp.MustCompile(`(?m)^ {4}timeout: (\d+)$`).FindStringSubmatch(functionYML(t))
	if m == nil {
		t.Fatal("function.yml has no timeout")
	}
	timeout, err := time.ParseDuration(m[1] + "s")
	if err != nil {
		t.Fatal(err)
	}
	if lease <= timeout {
		t.Errorf("got a lease of %s, want more than the timeout of %s", lease, timeout)
	}
}

func functionYML(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../function.yml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
