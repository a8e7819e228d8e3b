// Package wiringtest checks that a bootstrap needs just the environment that its function is given.
package wiringtest

import (
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/awsenv"
)

// NamesAllThatIsMissing checks that wire succeeds with the named variables, and
// that without any of them its error names it.
func NamesAllThatIsMissing[T any](t *testing.T, wire func(awsenv.Getenv) (T, error), names ...string) {
	t.Helper()
	env := map[string]string{}
	for _, name := range names {
		env[name] = strings.ToLower(name) + "@example.com"
	}
	lookup := func(name string) string { return env[name] }
	if _, err := wire(lookup); err != nil {
		t.Errorf("with everything set: %v", err)
	}
	_, err := wire(func(string) string { return "" })
	for _, name := range names {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("with nothing set: got %v, want an error that names %s", err, name)
		}
		value := env[name]
		delete(env, name)
		if _, err := wire(lookup); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want an error that names it", name, err)
		}
		env[name] = value
	}
}
