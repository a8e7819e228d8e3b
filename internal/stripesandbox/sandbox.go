// Package stripesandbox is a stateful stand-in for the payment provider: it speaks Stripe's HTTP for what orderflow uses of it,
// payment intents, refunds, disputes and events with Stripe's states, test payment methods, idempotency keys and webhooks, and
// goes wrong on demand.
//
// A Ledger holds the objects and knows no HTTP; a Sandbox puts Stripe's API around it, sends webhooks, and has a control API for tests
// beside that:
//
//	POST   /_sandbox/faults            adds a Fault
//	DELETE /_sandbox/faults            ends all faults of calls
//	GET    /_sandbox/ledger            the Report; ?order_id=… one order's lines, ?totals=true the totals alone
//	POST   /_sandbox/settle            ends what waits for a bank, payments and refunds; ?order_id=… of one order
//	POST   /_sandbox/refund            ?order_id=…[&amount=…] a refund made in the dashboard; amount in ISO 4217 minor units
//	POST   /_sandbox/refund_failures   {order_id, times}: the next so many refunds of the order fail at once; 0 is all
//	DELETE /_sandbox/refund_failures   ends that
//	POST   /_sandbox/dispute           ?order_id=…&status=… opens or moves the dispute of the order's charge
//	POST   /_sandbox/clock             ?advance=720h moves the sandbox's clock ahead; idempotency keys expire by it
//	PUT    /_sandbox/webhook           sets the WebhookEndpoint
//	DELETE /_sandbox/webhook           ends it
//	GET    /_sandbox/webhooks          how it stands with the Webhooks
//	POST   /_sandbox/webhooks/resend   ?event=… sends an event again
//	POST   /_sandbox/webhooks/release  sends what is held back, ?order=forward or reverse
//	POST   /_sandbox/webhook_faults    adds a WebhookFault
//	DELETE /_sandbox/webhook_faults    ends all faults of webhooks; what is held stays held
//	POST   /_sandbox/reset             forgets objects, keys, faults and unsent webhooks; clock and endpoint stay
//	GET    /_sandbox/health            200
//
// Where it is known to differ: a test payment method keeps its name as its id, every customer id is taken, parameters that
// orderflow has no use for are refused as unknown (confirm on creation among them). There is one webhook endpoint, its retries
// end after seconds instead of days, and events never expire. Events name no request and no previous attributes; those of fees, of balance
// and of failed or pending charges are missing. A dispute moves no money, has no evidence and closes only when it is told to.
package stripesandbox

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	intentsPath  = "/v1/payment_intents"
	refundsPath  = "/v1/refunds"
	disputesPath = "/v1/disputes"
	eventsPath   = "/v1/events"
	maxBody      = 1 << 20
	maxKey       = 255 // https://docs.stripe.com/api/idempotent_requests
	apiVersion   = "2026-03-25.dahlia"
)

// Options configure a Sandbox. The zero value uses the real clock.
type Options struct {
	Now  func() time.Time    // the clock; time.Now if nil. Webhooks are signed and tried by the real one
	Wait func(time.Duration) // how a slow call waits; time.Sleep if nil
	Seed uint32              // part of every id, so that the ids of two sandboxes never meet

	Send               func(*http.Request) (*http.Response, error) // sends webhooks; a client that follows no redirects if nil
	WebhookTries       int                                         // of each webhook; 5 if 0
	WebhookBackoff     time.Duration                               // before the second try, doubled before each further one; 1 s if 0
	WebhookConcurrency int                                         // webhooks being sent at once; 8 if 0
}

// Sandbox is the API as an http.Handler. It is safe for concurrent use; no lock is held while a call waits or hangs.
type Sandbox struct {
	clock    *aheadClock
	ledger   *Ledger
	courier  *courier
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
	clock := &aheadClock{base: o.Now}
	s := &Sandbox{
		clock: clock, ledger: NewLedger(clock.now, o.Seed), courier: newCourier(o),
		keys: newKeyStore(clock.now), faults: &faultList{now: clock.now}, wait: o.Wait, mux: http.NewServeMux(),
	}
	s.ledger.tell = s.courier.accept
	s.routes()
	return s
}

func (s *Sandbox) routes() {
	s.mux.HandleFunc("POST "+intentsPath, s.endpoint(CreateIntent, s.create))
	s.mux.HandleFunc("GET "+intentsPath, s.endpoint(List, s.list))
	s.mux.HandleFunc("GET "+intentsPath+"/{id}", s.endpoint(Retrieve, s.retrieve))
	s.mux.HandleFunc("POST "+intentsPath+"/{id}/confirm", s.endpoint(Confirm, s.confirm))
	s.mux.HandleFunc("POST "+intentsPath+"/{id}/cancel", s.endpoint(Cancel, s.cancel))
	s.mux.HandleFunc("POST "+refundsPath, s.endpoint(CreateRefund, s.createRefund))
	s.mux.HandleFunc("GET "+refundsPath, s.endpoint(ListRefunds, s.listRefunds))
	s.mux.HandleFunc("GET "+refundsPath+"/{id}", s.endpoint(GetRefund, s.getRefund))
	s.mux.HandleFunc("GET "+disputesPath, s.endpoint(ListDisputes, s.listDisputes))
	s.mux.HandleFunc("GET "+disputesPath+"/{id}", s.endpoint(GetDispute, s.getDispute))
	s.mux.HandleFunc("GET "+eventsPath, s.endpoint(ListEvents, s.listEvents))
	s.mux.HandleFunc("GET "+eventsPath+"/{id}", s.endpoint(GetEvent, s.getEvent))
	s.mux.HandleFunc("/", s.endpoint(AnyOperation, unrecognized))
	s.control()
}

// Ledger is the state behind the API.
func (s *Sandbox) Ledger() *Ledger { return s.ledger }

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
	h.Set("Stripe-Version", cmp.Or(r.Header.Get("Stripe-Version"), apiVersion))
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
