package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
		`{"kind":"explode"}`:                   "hang fail_after fail_before unavailable rate_limited lock_timeout key_in_use slow down",
		`{"kind":"down","operation":"refund"}`: "create confirm retrieve cancel list",
		`{"kind":"slow"}`:                      "delay_ms",
		`{"kind":"down","times":3}`:            "times",
		`{"kind":"down"}{}`:                    "error",
		``:                                     "error",
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
