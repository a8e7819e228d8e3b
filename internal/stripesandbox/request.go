package stripesandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// read takes a request apart and checks what Stripe checks before the idempotency layer.
func (s *Sandbox) read(r *http.Request) (call, error) {
	c := call{
		method: r.Method, path: r.URL.Path, id: r.PathValue("id"), key: r.Header.Get("Idempotency-Key"),
		request: fmt.Sprintf("req_%014d", s.requests.Add(1)),
	}
	secret, err := apiKey(r)
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256([]byte(secret))
	c.account = hex.EncodeToString(sum[:])
	if len(c.key) > maxKey {
		return c, badParam("", "", "Idempotency keys can have up to %d characters.", maxKey)
	}
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
		if err != nil {
			return c, badParam("", "", "The request body could not be read.")
		}
		raw = string(body)
	}
	if c.form, err = url.ParseQuery(raw); err != nil {
		return c, badParam("", "", "The parameters are not form-encoded.")
	}
	return c, nil
}

// apiKey finds the secret key in a Bearer or Basic header.
func apiKey(r *http.Request) (string, error) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		key, _, ok = r.BasicAuth()
	}
	switch {
	case !ok || key == "":
		return "", &Error{
			HTTPStatus: http.StatusUnauthorized, Type: InvalidRequest,
			Message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.",
		}
	case !strings.HasPrefix(key, "sk_test_"):
		return "", &Error{HTTPStatus: http.StatusUnauthorized, Type: InvalidRequest, Message: "Invalid API Key provided."}
	}
	return key, nil
}

// order is the order that a call is about, as the object that it names or its own metadata has it.
func (s *Sandbox) order(c call) string {
	if id := cmp.Or(c.id, c.form.Get("payment_intent")); id != "" {
		return s.ledger.orderOf(id)
	}
	return c.form.Get("metadata[" + OrderKey + "]")
}
