package stripesandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

type controlError struct {
	Error string `json:"error"`
}

type settled struct {
	Settled int `json:"settled"`
}

type released struct {
	Released int `json:"released"`
}

type refundFailures struct {
	Order string `json:"order_id"`
	Times int    `json:"times"`
}

type clockAnswer struct {
	Now time.Time `json:"now"`
}

func (s *Sandbox) control() {
	for pattern, do := range map[string]http.HandlerFunc{
		"POST /_sandbox/faults":            posted(s.AddFault),
		"DELETE /_sandbox/faults":          silent(s.ClearFaults),
		"GET /_sandbox/ledger":             s.getLedger,
		"POST /_sandbox/settle":            s.postSettle,
		"POST /_sandbox/refund":            s.postRefund,
		"POST /_sandbox/refund_failures":   posted(s.failRefunds),
		"DELETE /_sandbox/refund_failures": silent(s.ledger.EndRefundFailures),
		"POST /_sandbox/dispute":           s.postDispute,
		"POST /_sandbox/clock":             s.postClock,
		"PUT /_sandbox/webhook":            posted(s.SetWebhook),
		"DELETE /_sandbox/webhook":         silent(s.RemoveWebhook),
		"GET /_sandbox/webhooks":           s.getWebhooks,
		"POST /_sandbox/webhooks/resend":   s.postResend,
		"POST /_sandbox/webhooks/release":  s.postRelease,
		"POST /_sandbox/webhook_faults":    posted(s.AddWebhookFault),
		"DELETE /_sandbox/webhook_faults":  silent(s.ClearWebhookFaults),
		"POST /_sandbox/reset":             silent(s.Reset),
		"GET /_sandbox/health":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
	} {
		s.mux.HandleFunc(pattern, do)
	}
	s.mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, controlError{"no such control"})
	})
}

// silent does what needs no body and has none to answer.
func silent(do func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		do()
		w.WriteHeader(http.StatusNoContent)
	}
}

// posted reads what is to be done and answers it back.
func posted[T Fault | WebhookFault | WebhookEndpoint | refundFailures](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var what T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		d.DisallowUnknownFields()
		err := d.Decode(&what)
		if err == nil && d.More() {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			err = do(what)
		}
		answerOr(w, http.StatusCreated, what, err)
	}
}

func (s *Sandbox) getLedger(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has(OrderKey) {
		reply(w, http.StatusOK, s.ledger.Order(q.Get(OrderKey)))
		return
	}
	report := s.ledger.Report()
	if q.Get("totals") == "true" {
		report.Orders = nil
	}
	reply(w, http.StatusOK, report)
}

func (s *Sandbox) postSettle(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, settled{s.ledger.Settle(r.URL.Query().Get(OrderKey))})
}

func (s *Sandbox) postRefund(w http.ResponseWriter, r *http.Request) {
	q, amount := r.URL.Query(), int64(0)
	if q.Has("amount") {
		var err error
		if amount, err = strconv.ParseInt(q.Get("amount"), 10, 64); err != nil || amount < 1 {
			reply(w, http.StatusBadRequest, controlError{"amount is not a number above 0"})
			return
		}
	}
	refund, err := s.ledger.RefundOrder(q.Get(OrderKey), amount)
	answerOr(w, http.StatusCreated, refundShape(refund), err)
}

// failRefunds is FailRefunds for an order that has a name.
func (s *Sandbox) failRefunds(f refundFailures) error {
	if f.Order == "" || f.Times < 0 {
		return ErrFault
	}
	s.ledger.FailRefunds(f.Order, f.Times)
	return nil
}

func (s *Sandbox) postDispute(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	d, err := s.ledger.Dispute(q.Get(OrderKey), DisputeStatus(q.Get("status")))
	answerOr(w, http.StatusCreated, disputeShape(d), err)
}

func (s *Sandbox) postClock(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("advance"))
	if err != nil || d < 0 {
		reply(w, http.StatusBadRequest, controlError{"advance is not a duration such as 720h"})
		return
	}
	s.Advance(d)
	reply(w, http.StatusOK, clockAnswer{s.clock.now().UTC()})
}

func (s *Sandbox) getWebhooks(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, s.Webhooks())
}

func (s *Sandbox) postResend(w http.ResponseWriter, r *http.Request) {
	err := s.ResendWebhook(r.URL.Query().Get("event"))
	answerOr(w, http.StatusAccepted, released{1}, err)
}

func (s *Sandbox) postRelease(w http.ResponseWriter, r *http.Request) {
	switch order := r.URL.Query().Get("order"); order {
	case "", "forward", "reverse":
		reply(w, http.StatusOK, released{s.ReleaseWebhooks(order == "reverse")})
	default:
		reply(w, http.StatusBadRequest, controlError{"order must be forward or reverse"})
	}
}

// controlBody is a body of the control API.
type controlBody interface {
	controlError | settled | released | clockAnswer | refundFailures | Fault | WebhookFault | WebhookEndpoint | Webhooks |
		Report | OrderLines | refundJSON | disputeJSON
}

// answerOr answers with the body, or with 400 and the error.
func answerOr[T controlBody](w http.ResponseWriter, status int, body T, err error) {
	if err != nil {
		reply(w, http.StatusBadRequest, controlError{err.Error()})
		return
	}
	reply(w, status, body)
}

func reply[T controlBody](w http.ResponseWriter, status int, body T) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
