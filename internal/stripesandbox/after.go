package stripesandbox

// The endpoints of what comes after a payment: refunds, disputes and events.

func (s *Sandbox) createRefund(c call) ([]byte, error) {
	p, err := refundParams(c.form)
	if err != nil {
		return nil, err
	}
	r, err := s.ledger.Refund(p)
	return rendered(r, err, refundShape)
}

func (s *Sandbox) getRefund(c call) ([]byte, error) {
	if err := newParams(c.form).finish(); err != nil {
		return nil, err
	}
	r, err := s.ledger.RetrieveRefund(c.id)
	return rendered(r, err, refundShape)
}

func (s *Sandbox) listRefunds(c call) ([]byte, error) {
	p, err := listOfIntentParams(c.form)
	if err != nil {
		return nil, err
	}
	page, more, err := s.ledger.Refunds(p)
	if err != nil {
		return nil, err
	}
	return renderPage(c.path, page, more, refundShape)
}

func (s *Sandbox) getDispute(c call) ([]byte, error) {
	if err := newParams(c.form).finish(); err != nil {
		return nil, err
	}
	d, err := s.ledger.RetrieveDispute(c.id)
	return rendered(d, err, disputeShape)
}

func (s *Sandbox) listDisputes(c call) ([]byte, error) {
	p, err := listOfIntentParams(c.form)
	if err != nil {
		return nil, err
	}
	page, more, err := s.ledger.Disputes(p)
	if err != nil {
		return nil, err
	}
	return renderPage(c.path, page, more, disputeShape)
}

func (s *Sandbox) getEvent(c call) ([]byte, error) {
	if err := newParams(c.form).finish(); err != nil {
		return nil, err
	}
	e, err := s.ledger.Event(c.id)
	return rendered(e, err, s.eventShape)
}

func (s *Sandbox) listEvents(c call) ([]byte, error) {
	p, delivered, err := eventsParams(c.form)
	if err != nil {
		return nil, err
	}
	switch delivered {
	case "true":
		p.Keep = func(id string) bool { return !s.courier.owes(id) }
	case "false":
		p.Keep = s.courier.owes
	}
	page, more, err := s.ledger.Events(p)
	if err != nil {
		return nil, err
	}
	return renderPage(c.path, page, more, s.eventShape)
}

func (s *Sandbox) eventShape(e Event) eventJSON {
	return eventShape(e, apiVersion, s.courier.owes(e.ID))
}
