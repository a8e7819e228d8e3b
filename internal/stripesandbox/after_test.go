package stripesandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

const refunds = "/v1/refunds"

// paid is a paid intent of 19.99 dollars.
func (a *api) paid(order, method string) string {
	a.t.Helper()
	id := a.create(order, method)
	a.post(a.confirmPath(id), "", "off_session=true")
	return id
}

func TestRefundKeysGiveTheSameAnswer(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	form := "payment_intent=" + a.paid("o1", "pm_card_visa") + "&amount=500&reason=requested_by_customer&metadata[order_id]=o1"
	first := a.post(refunds, "r1", form)
	a.post(refunds, "r1", form).wantReplayOf(t, first)
	if first.body.Status != "succeeded" || !strings.HasPrefix(first.body.ID, "re_") {
		t.Errorf("refund %s is %s", first.body.ID, first.body.Status)
	}
	if other := a.post(refunds, "r2", form); other.body.ID == first.body.ID || other.status != http.StatusOK {
		t.Errorf("another key: %d, refund %s", other.status, other.body.ID)
	}
	a.post(refunds, "r1", form+"0").want(t, http.StatusBadRequest, "idempotency_error", "")
	if got := s.Ledger().Order("o1").Captured[0].RefundedMinor; got != 1000 {
		t.Errorf("%d given back", got)
	}
	if again := a.get(refunds + "/" + first.body.ID); again.body.ID != first.body.ID {
		t.Errorf("retrieved %d %s", again.status, again.body.ID)
	}
}

func TestRefusedRefundsAreKeptByTheirKey(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	form := "payment_intent=" + a.paid("o1", "pm_card_createDispute")
	first := a.post(refunds, "r1", form)
	first.want(t, http.StatusBadRequest, "invalid_request_error", "charge_disputed")
	if _, err := s.Ledger().Dispute("o1", stripesandbox.Won); err != nil {
		t.Fatal(err)
	}
	a.post(refunds, "r1", form).wantReplayOf(t, first)
	a.post(refunds, "r2", form+"&amount=2000").want(t, http.StatusBadRequest, "invalid_request_error", "")
	if g := a.post(refunds, "r3", form); g.status != http.StatusOK {
		t.Errorf("another key after the dispute: %d %s", g.status, g.body.Error.Code)
	}
}

func TestBadParametersOfWhatComesAfterAreNamed(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	id := a.paid("o1", "pm_card_visa")
	for _, row := range []struct {
		method, path, form string
		status             int
		code, param        string
	}{
		{"POST", refunds, "", 400, "parameter_missing", "payment_intent"},
		{"POST", refunds, "payment_intent=pi_none", 404, "resource_missing", "payment_intent"},
		{"POST", refunds, "payment_intent=" + id + "&amount=0", 400, "parameter_invalid_integer", "amount"},
		{"POST", refunds, "payment_intent=" + id + "&amount=1.5", 400, "parameter_invalid_integer", "amount"},
		{"POST", refunds, "payment_intent=" + id + "&amount=2000", 400, "", "amount"},
		{"POST", refunds, "payment_intent=" + id + "&reason=bored", 400, "", "reason"},
		{"POST", refunds, "payment_intent=" + id + "&instructions_email=x", 400, "parameter_unknown", "instructions_email"},
		{"GET", refunds + "/re_none", "", 404, "resource_missing", "id"},
		{"GET", refunds + "?limit=0", "", 400, "parameter_invalid_integer", "limit"},
		{"GET", refunds + "?starting_after=re_none", "", 400, "resource_missing", "starting_after"},
		{"GET", "/v1/disputes/du_none", "", 404, "resource_missing", "dispute"},
		{"GET", "/v1/disputes?charge=x", "", 400, "parameter_unknown", "charge"},
		{"GET", "/v1/events/evt_none", "", 404, "resource_missing", "id"},
		{"GET", "/v1/events?delivery_success=maybe", "", 400, "", "delivery_success"},
		{"GET", "/v1/events?type=a&types[]=b", "", 400, "", "types"},
		{"GET", "/v1/events?types[]=x" + strings.Repeat("&types[]=x", 20), "", 400, "", "types"},
		{"GET", "/v1/events?created[gte]=yesterday", "", 400, "parameter_invalid_integer", "created[gte]"},
	} {
		g := a.call(row.method, row.path, "", row.form)
		g.want(t, row.status, "invalid_request_error", row.code)
		if g.body.Error.Param != row.param {
			t.Errorf("%s %s: param %q, want %q", row.method, row.path, g.body.Error.Param, row.param)
		}
	}
}

func TestFaultsBefallWhatComesAfterAPayment(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	id, other := a.paid("o1", "pm_card_createDisputeInquiry"), a.paid("o2", "pm_card_createDisputeInquiry")
	events := allEvents(t, s.Ledger())
	refund, dispute := mustRefund(t, s.Ledger(), id, 100), disputes(t, s.Ledger(), id)[0]
	for op, call := range map[stripesandbox.Operation]func(intent string) got{
		stripesandbox.CreateRefund: func(intent string) got { return a.post(refunds, "", "amount=1&payment_intent="+intent) },
		stripesandbox.ListRefunds:  func(intent string) got { return a.get(refunds + "?payment_intent=" + intent) },
		stripesandbox.ListDisputes: func(intent string) got { return a.get("/v1/disputes?payment_intent=" + intent) },
	} {
		mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: op, Order: "o1"})
		if one, two := call(id).status, call(other).status; one != http.StatusServiceUnavailable || two != http.StatusOK {
			t.Errorf("%s: %d for the order, %d for another", op, one, two)
		}
		s.ClearFaults()
	}
	for op, path := range map[stripesandbox.Operation]string{
		stripesandbox.GetRefund: refunds + "/" + refund.ID, stripesandbox.GetDispute: "/v1/disputes/" + dispute.ID,
		stripesandbox.GetEvent: "/v1/events/" + events[0].ID,
	} {
		mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: op, Order: "o1", Calls: 1})
		if one, two := a.get(path).status, a.get(path).status; one != http.StatusServiceUnavailable || two != http.StatusOK {
			t.Errorf("%s: %d, then %d", op, one, two)
		}
		s.ClearFaults()
	}
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable, Operation: stripesandbox.ListEvents})
	if got := a.get("/v1/events").status; got != http.StatusServiceUnavailable {
		t.Errorf("list of events: %d", got)
	}
}

func TestLostAnswerOfARefundGivesBackOnce(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	form := "payment_intent=" + a.paid("o1", "pm_card_visa")
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.FailAfter, Operation: stripesandbox.CreateRefund, Calls: 1})
	first := a.post(refunds, "r1", form)
	first.want(t, http.StatusInternalServerError, "api_error", "")
	a.post(refunds, "r1", form).wantReplayOf(t, first)
	a.post(refunds, "r2", form).want(t, http.StatusBadRequest, "invalid_request_error", "charge_already_refunded")
	if got := s.Ledger().Order("o1").Captured[0].Refunds; got != 1 {
		t.Errorf("%d refunds", got)
	}
}

func TestResetForgetsWhatCameAfterThePayments(t *testing.T) {
	l := newLedger()
	refund := mustRefund(t, l, pay(t, l, "o1", "pm_card_createDisputeInquiry"), 0)
	l.FailRefunds("o1", 0)
	l.Reset()
	if _, err := l.RetrieveRefund(refund.ID); err == nil {
		t.Error("the refund is still there")
	}
	if got := allEvents(t, l); len(got) != 0 {
		t.Errorf("%d events are still there", len(got))
	}
	if got := disputes(t, l, ""); len(got) != 0 {
		t.Errorf("%d disputes are still there", len(got))
	}
	again := mustRefund(t, l, pay(t, l, "o1", "pm_card_visa"), 0)
	if again.Status != stripesandbox.RefundSucceeded || again.ID == refund.ID {
		t.Errorf("refund %s is %s", again.ID, again.Status)
	}
}
