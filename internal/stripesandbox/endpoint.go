package stripesandbox

import (
	"encoding/json"
	"net/http"
)

func (s *Sandbox) create(c call) ([]byte, error) {
	p, err := createParams(c.form)
	if err != nil {
		return nil, err
	}
	return intentOr(s.ledger.Create(p))
}

func (s *Sandbox) retrieve(c call) ([]byte, error) {
	if err := newParams(c.form).finish(); err != nil {
		return nil, err
	}
	return intentOr(s.ledger.Retrieve(c.id))
}

func (s *Sandbox) confirm(c call) ([]byte, error) {
	p, err := confirmParams(c.form)
	if err != nil {
		return nil, err
	}
	return intentOr(s.ledger.Confirm(c.id, p))
}

func (s *Sandbox) cancel(c call) ([]byte, error) {
	reason, err := cancelReason(c.form)
	if err != nil {
		return nil, err
	}
	return intentOr(s.ledger.Cancel(c.id, reason))
}

func (s *Sandbox) list(c call) ([]byte, error) {
	p, err := listParams(c.form)
	if err != nil {
		return nil, err
	}
	page, more, err := s.ledger.List(p.Limit, p.After)
	if err != nil {
		return nil, err
	}
	return renderPage(c.path, page, more, intentShape)
}

func unrecognized(c call) ([]byte, error) {
	return nil, &Error{
		HTTPStatus: http.StatusNotFound, Type: InvalidRequest,
		Message: "Unrecognized request URL (" + c.method + ": " + c.path + ").",
	}
}

func intentOr(in Intent, err error) ([]byte, error) { return rendered(in, err, intentShape) }

// rendered is the body that shows what the ledger answered.
func rendered[F Intent | Refund | Dispute | Event, T shape](v F, err error, as func(F) T) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(as(v))
}
