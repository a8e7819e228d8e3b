package stripesandbox

import (
	"encoding/json"
	"io"
	"net/http"
)

type controlError struct {
	Error string `json:"error"`
}

type settled struct {
	Settled int `json:"settled"`
}

func (s *Sandbox) control() {
	s.mux.HandleFunc("POST /_sandbox/faults", s.postFault)
	s.mux.HandleFunc("DELETE /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("GET /_sandbox/ledger", s.getLedger)
	s.mux.HandleFunc("POST /_sandbox/settle", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, settled{s.ledger.Settle(r.URL.Query().Get(OrderKey))})
	})
	s.mux.HandleFunc("POST /_sandbox/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	s.mux.HandleFunc("GET /_sandbox/health", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	})
	s.mux.HandleFunc("/_sandbox/", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusNotFound, controlError{"no such control"})
	})
}

func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(&f)
	if err == nil && d.More() {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = s.AddFault(f)
	}
	if err != nil {
		reply(w, http.StatusBadRequest, controlError{err.Error()})
		return
	}
	reply(w, http.StatusCreated, f)
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

// reply writes one of the control API's bodies.
func reply[T controlError | settled | Fault | Report | OrderLines](w http.ResponseWriter, status int, body T) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
