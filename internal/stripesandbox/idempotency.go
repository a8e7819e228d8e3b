package stripesandbox

import (
	"net/http"
	"sync"
	"time"
)

// keyLife is how long an idempotency key is remembered (https://docs.stripe.com/api/idempotent_requests).
const keyLife = 24 * time.Hour

// keyID is an idempotency key of one account, which is told by its API key.
type keyID struct{ account, key string }

// keyEntry is what is known of a key: the request that it was first used with and, once done, the answer.
type keyEntry struct {
	request string // method, path and parameters
	first   time.Time
	done    bool
	answer  answer
}

// keyStore remembers the answers given under idempotency keys.
type keyStore struct {
	now     func() time.Time
	mu      sync.Mutex
	entries map[keyID]*keyEntry
}

func newKeyStore(now func() time.Time) *keyStore {
	return &keyStore{now: now, entries: map[keyID]*keyEntry{}}
}

// begin claims a key for a request. It returns the stored answer if the key has one, or an error if the key belongs to another
// request or its first request is still being worked on. Otherwise the caller works and then calls end.
func (k *keyStore) begin(id keyID, request string) (stored *answer, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, known := k.entries[id]
	if known && e.done && k.now().Sub(e.first) >= keyLife {
		known = false
	}
	switch {
	case !known:
		k.entries[id] = &keyEntry{request: request, first: k.now()}
		return nil, nil
	case e.request != request:
		return nil, &Error{
			HTTPStatus: http.StatusBadRequest, Type: Idempotency,
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + id.key + "' if you meant to execute a different request.",
		}
	case !e.done:
		return nil, keyInUse(id.key)
	}
	return &e.answer, nil
}

// end stores the answer under the key, or frees the key if nothing had been executed.
func (k *keyStore) end(id keyID, a answer, keep bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !keep {
		delete(k.entries, id)
		return
	}
	if e, ok := k.entries[id]; ok {
		e.answer, e.done = a, true
	}
}

func (k *keyStore) reset() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.entries)
}

func keyInUse(key string) *Error {
	return &Error{
		HTTPStatus: http.StatusConflict, Type: InvalidRequest, Code: "idempotency_key_in_use",
		Message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): " + key + ". Please try again later.",
	}
}
