package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
)

// JSON answers with body, which must be a type that encoding/json can always write.
func JSON[T any](w http.ResponseWriter, status int, body T) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a mistake in T, found by the first test
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone cannot be told
}

// Problem answers with p and notes its type for the log line, unless a code was noted already.
func Problem(w http.ResponseWriter, r *http.Request, p problem.Problem) {
	if n, ok := noteFrom(r.Context()); ok && n.Code == "" {
		n.Code = outcome.Code(p.Type.Name())
	}
	problem.Write(w, p)
}

// retryAfter is how long a caller should wait after a failure that is not its own, in seconds.
const retryAfter = "2"

// Unavailable answers that err, of something that the request needs, may be gone in a moment, and notes err's code.
func Unavailable(w http.ResponseWriter, r *http.Request, err error) {
	if _, code := outcome.Of(err); code != outcome.CodeUnknown {
		NoteCode(r.Context(), code)
	}
	w.Header().Set("Retry-After", retryAfter)
	Problem(w, r, problem.New(problem.Unavailable, "The request could not be finished. Send it again in a moment."))
}
