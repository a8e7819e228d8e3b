package stripesandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// control calls the control API, which wants no key.
func (a *api) control(method, path, body string) (int, string) {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestFaultsAreControlledOverHTTP(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	status, echo := a.control(http.MethodPost, "/_sandbox/faults", `{"kind":"unavailable","operation":"list","calls":5,"until":"2026-01-02T04:04:05Z"}`)
	if status != http.StatusCreated || !strings.Contains(echo, `"calls":5`) {
		t.Fatalf("adding a fault: %d %s", status, echo)
	}
	if g := a.get(intents); g.status != http.StatusServiceUnavailable {
		t.Errorf("with the fault: %d", g.status)
	}
	if status, _ := a.control(http.MethodDelete, "/_sandbox/faults", ""); status != http.StatusNoContent {
		t.Errorf("clearing: %d", status)
	}
	if g := a.get(intents); g.status != http.StatusOK {
		t.Errorf("after clearing: %d", g.status)
	}
}

func TestSenselessFaultIsAClear400(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	for body, mentions := range map[string]string{
		`{"kind":"explode"}`:                "hang fail_after fail_before unavailable rate_limited lock_timeout key_in_use slow down",
		`{"kind":"down","operation":"pay"}`: "create confirm retrieve cancel list refund retrieve_refund list_refunds retrieve_dispute list_disputes retrieve_event list_events",
		`{"kind":"slow"}`:                   "delay_ms",
		`{"kind":"down","times":3}`:         "times",
		`{"kind":"down"}{}`:                 "error",
		``:                                  "error",
	} {
		status, answer := a.control(http.MethodPost, "/_sandbox/faults", body)
		if status != http.StatusBadRequest || !strings.Contains(answer, mentions) {
			t.Errorf("%s: %d %s, want 400 that mentions %q", body, status, answer, mentions)
		}
	}
	if g := a.get(intents); g.status != http.StatusOK {
		t.Errorf("a refused fault is in force: %d", g.status)
	}
}

func TestLedgerIsReadOverHTTP(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	a.post(a.confirmPath(a.create("o1", "pm_card_visa")), "", "off_session=true")
	a.create("o2", "pm_card_visa")

	var report, totals stripesandbox.Report
	var lines stripesandbox.OrderLines
	a.read("/_sandbox/ledger", &report)
	a.read("/_sandbox/ledger?totals=true", &totals)
	a.read("/_sandbox/ledger?order_id=o1", &lines)
	if diff := cmp.Diff(s.Ledger().Report(), report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(report.Totals, totals.Totals); diff != "" || totals.Orders != nil {
		t.Errorf("totals alone: %d orders, (-want +got):\n%s", len(totals.Orders), diff)
	}
	if diff := cmp.Diff(report.Orders["o1"], lines); diff != "" || lines.Captured[0].Minor != 1999 {
		t.Errorf("one order (-want +got):\n%s", diff)
	}
}

// read decodes a page of the control API.
func (a *api) read(path string, into any) {
	a.t.Helper()
	status, body := a.control(http.MethodGet, path, "")
	if err := json.Unmarshal([]byte(body), into); status != http.StatusOK || err != nil {
		a.t.Fatalf("GET %s: %d, %v", path, status, err)
	}
}

func TestProcessingIsSettledOverHTTP(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	for _, order := range []string{"o1", "o2", "o3"} {
		confirm(s.Ledger(), mustCreate(t, s.Ledger(), ofOrder(order, "pm_usBankAccount_success")).ID)
	}
	for _, row := range []struct{ path, want string }{
		{"/_sandbox/settle?order_id=o2", `{"settled":1}`},
		{"/_sandbox/settle", `{"settled":2}`},
		{"/_sandbox/settle", `{"settled":0}`},
	} {
		if status, got := a.control(http.MethodPost, row.path, ""); status != http.StatusOK || strings.TrimSpace(got) != row.want {
			t.Errorf("POST %s: %d %s, want %s", row.path, status, got, row.want)
		}
	}
	if got := s.Ledger().Report().Totals[0].Captures; got != 3 {
		t.Errorf("%d captures", got)
	}
}

func TestResetForgetsEverything(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	form := intentForm("o1", "pm_card_visa")
	first := a.post(intents, "k1", form)
	mustAdd(t, s, stripesandbox.Fault{Kind: stripesandbox.Unavailable})
	if status, _ := a.control(http.MethodPost, "/_sandbox/reset", ""); status != http.StatusNoContent {
		t.Errorf("reset: %d", status)
	}
	a.get(intents+"/"+first.body.ID).want(t, http.StatusNotFound, "invalid_request_error", "resource_missing")
	if g := a.post(intents, "k1", form); g.status != http.StatusOK || g.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the key after a reset: %d, %v", g.status, g.header)
	}
}

func TestControlKnowsItsPages(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	for path, want := range map[string]int{"/_sandbox/health": http.StatusOK, "/_sandbox/nothing": http.StatusNotFound} {
		if status, _ := a.control(http.MethodGet, path, ""); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
}

// wantControl calls the control API and checks status and a part of the answer.
func (a *api) wantControl(method, path, body string, status int, part string) {
	a.t.Helper()
	if got, answer := a.control(method, path, body); got != status || !strings.Contains(answer, part) {
		a.t.Errorf("%s %s: %d %s, want %d with %s", method, path, got, answer, status, part)
	}
}

func TestRefundsAndDisputesAreControlledOverHTTP(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	a.paid("o1", "pm_card_visa")
	a.wantControl("POST", "/_sandbox/refund?order_id=o1&amount=500", "", http.StatusCreated, `"amount":500`)
	a.wantControl("POST", "/_sandbox/refund_failures", `{"order_id":"o1","times":1}`, http.StatusCreated, `"times":1`)
	a.wantControl("POST", "/_sandbox/refund?order_id=o1", "", http.StatusCreated, `"status":"failed"`)
	a.wantControl("POST", "/_sandbox/refund_failures", `{"order_id":"o1","times":0}`, http.StatusCreated, `"times":0`)
	a.wantControl("DELETE", "/_sandbox/refund_failures", "", http.StatusNoContent, "")
	a.wantControl("POST", "/_sandbox/dispute?order_id=o1&status=needs_response", "", http.StatusCreated, `"status":"needs_response"`)
	a.wantControl("POST", "/_sandbox/refund?order_id=o1", "", http.StatusBadRequest, "charge_disputed")
	a.wantControl("POST", "/_sandbox/dispute?order_id=o1&status=won", "", http.StatusCreated, `"status":"won"`)
	a.wantControl("POST", "/_sandbox/refund?order_id=o1", "", http.StatusCreated, `"status":"succeeded"`)
	a.wantControl("POST", "/_sandbox/dispute?order_id=o1&status=lost", "", http.StatusBadRequest, "won can't become lost")
	a.wantControl("GET", "/_sandbox/ledger?order_id=o1", "", http.StatusOK, `"refunds":2,"refunded_minor_unit":1999,"net_minor_unit":0`)
	a.wantControl("GET", "/_sandbox/ledger?totals=true", "", http.StatusOK, `"captured_minor_unit":1999,"refunds":2,"refunded_minor_unit":1999,"net_minor_unit":0`)
	if got := len(s.Ledger().Order("o1").Refunds); got != 3 {
		t.Errorf("%d refunds, want 3", got)
	}
}

func TestSenselessControlIsAClear400(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	for _, row := range []struct{ method, path, body, mentions string }{
		{"POST", "/_sandbox/refund?order_id=o1", "", "invalid_request_error"},
		{"POST", "/_sandbox/refund?order_id=o1&amount=1.5", "", "amount"},
		{"POST", "/_sandbox/refund?order_id=o1&amount=0", "", "amount"},
		{"POST", "/_sandbox/refund_failures", `{"times":1}`, "not a fault"},
		{"POST", "/_sandbox/refund_failures", `{"order_id":"o1","times":-1}`, "not a fault"},
		{"POST", "/_sandbox/dispute?order_id=o1&status=lost", "", "no such dispute"},
		{"POST", "/_sandbox/clock?advance=later", "", "720h"},
		{"POST", "/_sandbox/clock?advance=-1h", "", "720h"},
		{"PUT", "/_sandbox/webhook", `{"url":"flow"}`, "web address"},
		{"POST", "/_sandbox/webhook_faults", `{"kind":"lose"}`, "drop delay repeat hold forge"},
		{"POST", "/_sandbox/webhooks/resend?event=evt_none", "", "no such event"},
		{"POST", "/_sandbox/webhooks/release?order=sideways", "", "forward or reverse"},
	} {
		a.wantControl(row.method, row.path, row.body, http.StatusBadRequest, row.mentions)
	}
}

func TestClockIsMovedAheadAndKeysExpire(t *testing.T) {
	a, s := newAPI(t, stripesandbox.Options{})
	first := a.post(intents, "k1", intentForm("o1", "pm_card_visa"))
	a.wantControl("POST", "/_sandbox/clock?advance=23h", "", http.StatusOK, `"now":"2026-01-03T02:04:05Z"`)
	a.post(intents, "k1", intentForm("o1", "pm_card_visa")).wantReplayOf(t, first)
	a.wantControl("POST", "/_sandbox/clock?advance=719h", "", http.StatusOK, `"now":"2026-02-02T01:04:05Z"`)
	if again := a.post(intents, "k1", intentForm("o1", "pm_card_visa")); again.body.ID == first.body.ID {
		t.Error("the key was still known after a month")
	} else if got := mustRetrieve(t, s.Ledger(), again.body.ID).Created.Format("2006-01-02"); got != "2026-02-02" {
		t.Errorf("created on %s", got)
	}
}

func TestWebhooksAreControlledOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		a, s := newAPI(t, stripesandbox.Options{Send: func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body) // from memory
			sent = append(sent, string(body))
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}})
		defer s.Close()
		a.wantControl("PUT", "/_sandbox/webhook", `{"url":"http://flow.test","secrets":["whsec_1"],"types":["payment_intent.*"]}`, http.StatusCreated, "flow.test")
		a.wantControl("POST", "/_sandbox/webhook_faults", `{"kind":"hold","order_id":"o1"}`, http.StatusCreated, "hold")
		a.paid("o1", "pm_card_visa")
		a.wantControl("GET", "/_sandbox/webhooks", "", http.StatusOK, `{"under_way":0,"held":2,"undelivered":2}`)
		a.wantControl("POST", "/_sandbox/webhooks/release?order=reverse", "", http.StatusOK, `{"released":2}`)
		synctest.Wait()
		if len(sent) != 2 || !strings.Contains(sent[0], "payment_intent.succeeded") {
			t.Errorf("sent %v, want the later first", sent)
		}
		a.wantControl("DELETE", "/_sandbox/webhook_faults", "", http.StatusNoContent, "")
		a.paid("o1", "pm_card_visa")
		a.wantControl("POST", "/_sandbox/webhooks/resend?event="+allEvents(t, s.Ledger())[0].ID, "", http.StatusAccepted, "1")
		synctest.Wait()
		if len(sent) != 5 {
			t.Errorf("%d sent, want 5", len(sent))
		}
		a.wantControl("DELETE", "/_sandbox/webhook", "", http.StatusNoContent, "")
		a.paid("o1", "pm_card_visa")
		a.wantControl("GET", "/_sandbox/webhooks", "", http.StatusOK, `{"under_way":0,"held":0,"undelivered":0}`)
		if len(sent) != 5 {
			t.Errorf("%d sent without an endpoint", len(sent)-5)
		}
	})
}
