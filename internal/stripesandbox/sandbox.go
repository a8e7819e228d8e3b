// Package stripesandbox is a stateful stand-in for the payment provider: it speaks Stripe's HTTP for what orderflow uses of it,
// payment intents with Stripe's states, test payment methods and idempotency keys, and goes wrong on demand.
//
// A Ledger holds the intents and knows no HTTP; a Sandbox puts Stripe's API around it, and a control API for tests beside that:
//
//	POST   /_sandbox/faults   adds a Fault
//	DELETE /_sandbox/faults   ends all faults
//	GET    /_sandbox/ledger   the Report; ?order_id=… one order's lines, ?totals=true the totals alone
//	POST   /_sandbox/settle   ends what is processing; ?order_id=… of one order
//	POST   /_sandbox/reset    forgets intents, keys and faults
//	GET    /_sandbox/health   200
//
// Where it is known to differ: a test payment method keeps its name as its id, every customer id is taken, parameters that
// orderflow has no use for are refused as unknown (confirm on creation among them), and no webhooks are sent.
package stripesandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	intentsPath = "/v1/payment_intents"
	maxBody     = 1 << 20
	maxKey      = 255 // https://docs.stripe.com/api/idempotent_requests
	apiVersion  = "2026-03-25.dahlia"
)

// Options configure a Sandbox. The zero value uses the real clock.
type Options struct {
	Now  func() time.Time    // the clock; time.Now if nil
	Wait func(time.Duration) // how a slow call waits; time.Sleep if nil
	Seed uint32              // part of every id, so that the ids of two sandboxes never meet
}

// Sandbox is the API as an http.Handler. It is safe for concurrent use; no lock is held while a call waits or hangs.
type Sandbox struct {
	ledger   *Ledger
	keys     *keyStore
	faults   *faultList
	wait     func(time.Duration)
	requests atomic.Uint64
	mux      *http.ServeMux
}

// New returns an empty sandbox.
func New(o Options) *Sandbox {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == nil {
		o.Wait = time.Sleep
	}
	s := &Sandbox{
		ledger: NewLedger(o.Now, o.Seed), keys: newKeyStore(o.Now), faults: &faultList{now: o.Now}, wait: o.Wait,
		mux: http.NewServeMux(),
	}
	s.mux.HandleFunc("POST "+intentsPath, s.endpoint(CreateIntent, s.create))
	s.mux.HandleFunc("GET "+intentsPath, s.endpoint(List, s.list))
	s.mux.HandleFunc("GET "+intentsPath+"/{id}", s.endpoint(Retrieve, s.retrieve))
	s.mux.HandleFunc("POST "+intentsPath+"/{id}/confirm", s.endpoint(Confirm, s.confirm))
	s.mux.HandleFunc("POST "+intentsPath+"/{id}/cancel", s.endpoint(Cancel, s.cancel))
	s.mux.HandleFunc("/", s.endpoint(AnyOperation, unrecognized))
	s.control()
	return s
}

// Ledger is the state behind the API.
func (s *Sandbox) Ledger() *Ledger { return s.ledger }

// AddFault puts a fault in force after those that are there. The error is ErrFault.
func (s *Sandbox) AddFault(f Fault) error { return s.faults.add(f) }

// ClearFaults ends all faults; calls that hang go on hanging.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// Reset forgets intents, idempotency keys and faults.
func (s *Sandbox) Reset() {
	s.faults.clear()
	s.keys.reset()
	s.ledger.Reset()
}

// ServeHTTP answers a call. Under the faults Down and Hang it panics with http.ErrAbortHandler, which makes a server close the
// connection.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// call is a request that was read.
type call struct {
	method, path string
	id           string // of the intent in the path
	form         url.Values
	account, key string
	request      string // the id of this request
}

// answer is a response, as it is stored under an idempotency key.
type answer struct {
	status      int
	body        []byte
	request     string // the id of the request that was executed
	shouldRetry string
}

// action does what an endpoint is for and returns the body of its answer. Its errors are *Error.
type action func(call) ([]byte, error)

func (s *Sandbox) endpoint(op Operation, do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.read(r)
		if err != nil {
			respond(w, r, c, refused(err), false)
			return
		}
		f := s.faults.take(op, s.order(c))
		if f.Kind == Down {
			panic(http.ErrAbortHandler)
		}
		if err := f.refusal(c.key); err != nil {
			respond(w, r, c, refused(err), false)
			return
		}
		a, replayed := s.once(c, func() answer { return s.execute(c, f, do) })
		if f.Kind == Hang {
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		respond(w, r, c, a, replayed)
	}
}

// once runs the call, unless its idempotency key has an answer already.
func (s *Sandbox) once(c call, run func() answer) (a answer, replayed bool) {
	if c.key == "" || c.method != http.MethodPost {
		return run(), false
	}
	id := keyID{account: c.account, key: c.key}
	stored, err := s.keys.begin(id, c.method+" "+c.path+"?"+c.form.Encode())
	if err != nil {
		return refused(err), false
	}
	if stored != nil {
		return *stored, true
	}
	a = run()
	s.keys.end(id, a, a.request != "")
	return a, false
}

// execute runs the endpoint under a fault. Its answer carries the request's id only if an idempotency key has to keep it.
func (s *Sandbox) execute(c call, f Fault, do action) answer {
	if f.Kind == Slow {
		s.wait(time.Duration(f.DelayMillis) * time.Millisecond)
	}
	if f.Kind == FailBefore {
		return failed(c, serverError())
	}
	body, err := do(c)
	if f.Kind == FailAfter {
		return failed(c, serverError())
	}
	if err != nil {
		return failed(c, err)
	}
	return answer{status: http.StatusOK, body: body, request: c.request}
}

func failed(c call, err error) answer {
	a := refused(err)
	if e, ok := errors.AsType[*Error](err); !ok || e.executed() {
		a.request = c.request
		a.shouldRetry = "false" // the stored answer would only come again
	}
	return a
}

// refused is an answer that no idempotency key keeps.
func refused(err error) answer {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = serverError()
	}
	body, err := renderError(e)
	if err != nil {
		return answer{status: http.StatusInternalServerError}
	}
	a := answer{status: e.HTTPStatus, body: body}
	if e.Code == lockTimeout {
		a.shouldRetry = "true"
	}
	return a
}

func respond(w http.ResponseWriter, r *http.Request, c call, a answer, replayed bool) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Request-Id", c.request)
	h.Set("Stripe-Version", firstOf(r.Header.Get("Stripe-Version"), apiVersion))
	if c.key != "" && r.Method == http.MethodPost {
		h.Set("Idempotency-Key", c.key)
		if a.request != "" {
			h.Set("Original-Request", a.request)
		}
	}
	if replayed {
		h.Set("Idempotent-Replayed", "true")
	}
	if a.shouldRetry != "" {
		h.Set("Stripe-Should-Retry", a.shouldRetry)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may have gone
}

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

// order is the order that a call is about, as its own metadata or the intent's has it.
func (s *Sandbox) order(c call) string {
	if c.id != "" {
		return s.ledger.orderOf(c.id)
	}
	return c.form.Get("metadata[" + OrderKey + "]")
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
