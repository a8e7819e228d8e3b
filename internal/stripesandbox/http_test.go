package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// api speaks raw HTTP to a sandbox, without a network.
type api struct {
	t       *testing.T
	handler http.Handler
	apiKey  string
}

func newAPI(t *testing.T, o stripesandbox.Options) (*api, *stripesandbox.Sandbox) {
	t.Helper()
	if o.Now == nil {
		o.Now = newClock().now
	}
	s := stripesandbox.New(o)
	return &api{t: t, handler: s, apiKey: "sk_test_one"}, s
}

// body is what the tests look at in an answer.
type body struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	LatestCharge  string `json:"latest_charge"`
	PaymentMethod string `json:"payment_method"`
	Error         struct {
		Type          string `json:"type"`
		Code          string `json:"code"`
		Param         string `json:"param"`
		PaymentIntent struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		} `json:"payment_intent"`
	} `json:"error"`
}

type got struct {
	status int
	header http.Header
	raw    string
	body   body
}

func (a *api) call(method, path, key, form string) got {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(form))
	if a.apiKey != "" {
		r.Header.Set("Authorization", "Bearer "+a.apiKey)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	g := got{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if g.raw != "" {
		if err := json.Unmarshal([]byte(g.raw), &g.body); err != nil {
			a.t.Fatalf("%s %s: body is not JSON: %v", method, path, err)
		}
	}
	return g
}

func (a *api) post(path, key, form string) got {
	a.t.Helper()
	return a.call(http.MethodPost, path, key, form)
}

func (a *api) get(path string) got { a.t.Helper(); return a.call(http.MethodGet, path, "", "") }

const intents = "/v1/payment_intents"

// intentForm is the form of an intent of 19.99 dollars for an order.
func intentForm(order, method string) string {
	return url.Values{
		"amount": {"1999"}, "currency": {"usd"}, "payment_method": {method}, "metadata[order_id]": {order},
		"payment_method_types[0]": {"card"},
	}.Encode()
}

func (a *api) create(order, method string) string {
	a.t.Helper()
	g := a.post(intents, "", intentForm(order, method))
	if g.status != http.StatusOK || g.body.ID == "" {
		a.t.Fatalf("create: %d %s", g.status, g.body.Error.Code)
	}
	return g.body.ID
}

func (a *api) confirmPath(id string) string { return intents + "/" + id + "/confirm" }

func (g got) want(t *testing.T, status int, errorType, code string) {
	t.Helper()
	if g.status != status || g.body.Error.Type != errorType || g.body.Error.Code != code {
		t.Errorf("%d %q %q, want %d %q %q", g.status, g.body.Error.Type, g.body.Error.Code, status, errorType, code)
	}
}

func TestOnlyATestKeyIsLetIn(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	for _, key := range []string{"", "sk_live_secret", "pk_test_1", "nonsense"} {
		a.apiKey = key
		g := a.get(intents)
		g.want(t, http.StatusUnauthorized, "invalid_request_error", "")
		if key != "" && strings.Contains(g.raw, key) {
			t.Errorf("the answer quotes the key %s", key)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, intents, nil)
	r.SetBasicAuth("sk_test_basic", "")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("Basic authentication: %d", w.Code)
	}
}

func TestAnswersCarryStripesHeaders(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	first, second := a.post(intents, "k1", intentForm("o1", "pm_card_visa")), a.get(intents)
	id := first.header.Get("Request-Id")
	if !strings.HasPrefix(id, "req_") || id == second.header.Get("Request-Id") {
		t.Errorf("request ids %q and %q", id, second.header.Get("Request-Id"))
	}
	if first.header.Get("Stripe-Version") == "" || first.header.Get("Idempotency-Key") != "k1" || first.header.Get("Original-Request") != id {
		t.Errorf("headers %v", first.header)
	}
	if first.header.Get("Idempotent-Replayed") != "" {
		t.Error("a first answer claims to be a replay")
	}
}

func TestBadParametersAreNamed(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	good := intentForm("o1", "pm_card_visa")
	id := a.create("o1", "pm_card_visa")
	long := strings.Repeat("x", 501)
	for _, row := range []struct{ method, path, form, code, param string }{
		{"POST", intents, "currency=usd", "parameter_missing", "amount"},
		{"POST", intents, "amount=1999", "parameter_missing", "currency"},
		{"POST", intents, "amount=19.99&currency=usd", "parameter_invalid_integer", "amount"},
		{"POST", intents, "amount=1e3&currency=usd", "parameter_invalid_integer", "amount"},
		{"POST", intents, good + "&confirm=true", "parameter_unknown", "confirm"},
		{"POST", intents, good + "&capture_method=manual", "", "capture_method"},
		{"POST", intents, good + "&automatic_payment_methods[enabled]=true", "", "payment_method_types"},
		{"POST", intents, good + "&metadata[a]=" + long, "", "metadata[a]"},
		{"POST", intents, good + "&metadata[" + long[:41] + "]=a", "", "metadata[" + long[:41] + "]"},
		{"POST", intents, "amount=%zz", "", ""},
		{"POST", intents + "/" + id + "/confirm", "amount=5", "parameter_unknown", "amount"},
		{"POST", intents + "/" + id + "/confirm", "off_session=yes", "", "off_session"},
		{"POST", intents + "/" + id + "/cancel", "cancellation_reason=bored", "", "cancellation_reason"},
		{"GET", intents + "/" + id + "?expand=x", "", "parameter_unknown", "expand"},
		{"GET", intents + "?limit=0", "", "parameter_invalid_integer", "limit"},
		{"GET", intents + "?limit=101", "", "parameter_invalid_integer", "limit"},
		{"GET", intents + "?starting_after=pi_none", "", "resource_missing", "starting_after"},
	} {
		g := a.call(row.method, row.path, "", row.form)
		g.want(t, http.StatusBadRequest, "invalid_request_error", row.code)
		if g.body.Error.Param != row.param {
			t.Errorf("%s %s: param %q, want %q", row.method, row.path, g.body.Error.Param, row.param)
		}
	}
	if g := a.get(intents + "/" + id); g.body.Status != "requires_confirmation" {
		t.Errorf("after bad calls the intent is %s", g.body.Status)
	}
}

func TestUnknownRoutesAnswerInStripesShape(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	id := a.create("o1", "pm_card_visa")
	a.get("/v1/customers").want(t, http.StatusNotFound, "invalid_request_error", "")
	a.call(http.MethodDelete, intents+"/"+id, "", "").want(t, http.StatusNotFound, "invalid_request_error", "")
	a.get(intents+"/pi_none").want(t, http.StatusNotFound, "invalid_request_error", "resource_missing")
}

func TestStateErrorsEmbedTheIntent(t *testing.T) {
	a, _ := newAPI(t, stripesandbox.Options{})
	id := a.create("o1", "pm_card_visa")
	if g := a.post(a.confirmPath(id), "", "off_session=true"); g.body.Status != "succeeded" {
		t.Fatalf("confirm: %d %s", g.status, g.body.Status)
	}
	for _, path := range []string{a.confirmPath(id), intents + "/" + id + "/cancel"} {
		g := a.post(path, "", "")
		g.want(t, http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state")
		if in := g.body.Error.PaymentIntent; in.ID != id || in.Status != "succeeded" {
			t.Errorf("%s embeds intent %q as %q", path, in.ID, in.Status)
		}
	}
}
