package apigateway_test

import (
	"net/http"
	"testing"

	"github.com/orderflow/orderflow/internal/httpapi"
)

// HTTP APIs write the names of headers in lower case; REST APIs, tests and other gateways do not.
//
// Case: a header was looked up by its case (grammY#900, localstack#12688).
func TestAHeaderIsFoundHoweverItsNameIsWritten(t *testing.T) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for _, spelt := range []struct{ key, token, trace string }{
		{"idempotency-key", "authorization", "traceparent"},
		{"Idempotency-Key", "Authorization", "Traceparent"},
		{"IDEMPOTENCY-KEY", "AUTHORIZATION", "TraceParent"},
	} {
		in := request(t)
		in.Headers = map[string]string{spelt.key: "k-1", spelt.token: "Bearer t", spelt.trace: trace}
		_, lines := invoke(t, func(_ http.ResponseWriter, r *http.Request) {
			for name, want := range map[string]string{"Idempotency-Key": "k-1", "authorization": "Bearer t"} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%+v: header %s: got %q, want %q", spelt, name, got, want)
				}
			}
			if got := httpapi.TraceParent(r.Header); got != trace {
				t.Errorf("%+v: got trace %q, want %q", spelt, got, trace)
			}
		}, in)
		if got, want := lines[len(lines)-1].Trace, "4bf92f3577b34da6a3ce929d0e0e4736"; got != want {
			t.Errorf("%+v: logged trace %q, want %q", spelt, got, want)
		}
	}
}
