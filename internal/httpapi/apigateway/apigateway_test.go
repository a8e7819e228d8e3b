package apigateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/httpapi/apigateway"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/telemetry"
)

// asSent is a request as API Gateway sends it, with the names of headers in lower case.
const asSent = `{
  "version": "2.0",
  "routeKey": "GET /orders/{order_id}",
  "rawPath": "/orders/o-1",
  "rawQueryString": "a=1&a=2&b=x%20y",
  "cookies": ["k=v", "l=w"],
  "headers": {"content-type": "application/json", "idempotency-key": "k1,k2", "Header1": "v",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
  "queryStringParameters": {"a": "1,2", "b": "x y"},
  "pathParameters": {"order_id": "o-1"},
  "requestContext": {
    "accountId": "123456789012", "apiId": "api", "domainName": "api.execute-api.us-east-1.amazonaws.com", "domainPrefix": "api",
    "authorizer": {"jwt": {"claims": {"token_use": "access", "client_id": "c1", "sub": "c1", "scope": "orderflow/shop", "exp": "1763780000"}, "scopes": null}},
    "http": {"method": "GET", "path": "/orders/o-1", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "agent"},
    "requestId": "r-1", "routeKey": "GET /orders/{order_id}", "stage": "$default", "time": "25/Nov/2026:04:00:00 +0000", "timeEpoch": 1795579200000
  },
  "body": "aGVsbG8=",
  "isBase64Encoded": true
}`

func request(t *testing.T) events.APIGatewayV2HTTPRequest {
	t.Helper()
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal([]byte(asSent), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// logged is a line of the log.
type logged struct {
	Message    string  `json:"msg"`
	Level      string  `json:"level"`
	Function   string  `json:"function"`
	Request    string  `json:"request_id"`
	Method     string  `json:"method"`
	Route      string  `json:"route"`
	Trace      string  `json:"trace"`
	Order      string  `json:"order"`
	Status     int     `json:"status"`
	Code       string  `json:"code"`
	DurationMS float64 `json:"duration_ms"`
	Operation  string  `json:"operation"`
	Frame      string  `json:"frame"`
}

// invoke has h answer in and returns the answer and the log.
func invoke(t *testing.T, h http.HandlerFunc, in events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, []logged) {
	t.Helper()
	now := time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
	clock := func() time.Time {
		now = now.Add(7 * time.Millisecond)
		return now
	}
	var log bytes.Buffer
	g := apigateway.Gateway{Handler: h, Log: telemetry.New(&log, "get-order", time.Now), Now: clock}
	out, err := g.Handle(context.Background(), in)
	if err != nil {
		t.Fatalf("got error %v, want none ever", err)
	}
	var lines []logged
	for text := range strings.Lines(log.String()) {
		var l logged
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 || lines[len(lines)-1].Message != "request" {
		t.Fatalf("got log %+v, want the request's line at its end", lines)
	}
	return out, lines
}

// Case: cookies and joined headers were lost (localstack#12688, grammY#900).
func TestHandlerSeesTheRequestAsTheClientSentIt(t *testing.T) {
	var got *http.Request
	var body []byte
	invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}, request(t))

	if got.Method != http.MethodGet || got.URL.Path != "/orders/o-1" || got.Pattern != "GET /orders/{order_id}" {
		t.Errorf("got %s %s by %s", got.Method, got.URL.Path, got.Pattern)
	}
	if got.PathValue("order_id") != "o-1" {
		t.Errorf("got path value %q, want o-1", got.PathValue("order_id"))
	}
	if diff := cmp.Diff([]string{"1", "2"}, got.URL.Query()["a"]); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"Idempotency-Key": "k1,k2", "HEADER1": "v", "Content-Type": "application/json", "Cookie": "k=v; l=w", "authorization": "",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("header %s: got %q, want %q", name, v, want)
		}
	}
	if c, err := got.Cookie("l"); err != nil || c.Value != "w" {
		t.Errorf("got cookie %v, %v", c, err)
	}
	if string(body) != "hello" || got.ContentLength != 5 {
		t.Errorf("got body %q of length %d, want hello", body, got.ContentLength)
	}
	if c, ok := httpapi.CallerFrom(got.Context()); !ok || c != (httpapi.Caller{Kind: httpapi.Shop, ID: "c1"}) {
		t.Errorf("got caller %+v, %v", c, ok)
	}
}

func TestTextBodyArrivesUnchanged(t *testing.T) {
	in := request(t)
	in.Body, in.IsBase64Encoded = "aGVsbG8=", false
	var body []byte
	invoke(t, func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) }, in)
	if string(body) != "aGVsbG8=" {
		t.Errorf("got %q, want the text as it was sent", body)
	}
}

func TestBodyThatIsNotTheBase64ItClaimsToBeIsAProblem(t *testing.T) {
	in := request(t)
	in.Body = "%%%"
	out, lines := invoke(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }, in)
	if out.StatusCode != http.StatusBadRequest || !strings.Contains(out.Body, string(problem.MalformedBody)) {
		t.Errorf("got %d %s", out.StatusCode, out.Body)
	}
	if lines[0].Status != http.StatusBadRequest || lines[0].Code != "malformed-body" {
		t.Errorf("got log %+v, want status 400 and code malformed-body", lines[0])
	}
}

func TestWithoutAVerifiedTokenThereIsNoCaller(t *testing.T) {
	without := map[string]*events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		"no authorizer":       nil,
		"another authorizer":  {},
		"an identity token":   {JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{"token_use": "id", "sub": "u"}}},
		"a token of no claim": {JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{}},
	}
	for name, authorizer := range without {
		t.Run(name, func(t *testing.T) {
			in := request(t)
			in.RequestContext.Authorizer = authorizer
			in.Headers["authorization"] = "Bearer x.y.z"
			invoke(t, func(_ http.ResponseWriter, r *http.Request) {
				if c, ok := httpapi.CallerFrom(r.Context()); ok {
					t.Errorf("got caller %+v, want none", c)
				}
			}, in)
		})
	}
}

func TestAnswerIsHandedBackWhole(t *testing.T) {
	out, lines := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		httpapi.NoteOrder(r.Context(), "o-1")
		w.Header().Add("Vary", "a")
		w.Header().Add("Vary", "b")
		w.Header().Add("Set-Cookie", "x=1")
		w.Header().Add("Set-Cookie", "y=2")
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("Late", "1")
		_, _ = io.WriteString(w, `{"a":"é"}`)
	}, request(t))
	want := events.APIGatewayV2HTTPResponse{
		StatusCode: http.StatusAccepted,
		Headers:    map[string]string{"Vary": "a, b"},
		Cookies:    []string{"x=1", "y=2"},
		Body:       `{"a":"é"}`,
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	wantLines := []logged{{
		Message: "request", Level: "INFO", Function: "get-order", Request: "r-1", Method: "GET", Route: "/orders/{order_id}",
		Trace: "4bf92f3577b34da6a3ce929d0e0e4736", Order: "o-1", Status: http.StatusAccepted, DurationMS: 7,
	}}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestBinaryAnswerIsEncoded(t *testing.T) {
	out, _ := invoke(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0xfe}) }, request(t))
	if !out.IsBase64Encoded || out.Body != "//4=" || out.StatusCode != http.StatusOK {
		t.Errorf("got %+v", out)
	}
}

func TestHandlerThatWritesNothingAnswers200(t *testing.T) {
	out, _ := invoke(t, func(http.ResponseWriter, *http.Request) {}, request(t))
	if out.StatusCode != http.StatusOK || out.Body != "" {
		t.Errorf("got %d %q", out.StatusCode, out.Body)
	}
}

func TestPanicIsAProblemThatTellsNothing(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a value": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, "half an ans")
			panic("secret")
		},
		"an index": func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte{}[len(r.Method):]) },
		"an abort": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			out, lines := invoke(t, h, request(t))
			if out.StatusCode != http.StatusInternalServerError || out.Headers["Content-Type"] != problem.ContentType ||
				strings.Contains(out.Body, "secret") || strings.Contains(out.Body, "half") {
				t.Errorf("got %d %v %s", out.StatusCode, out.Headers, out.Body)
			}
			if len(lines) != 2 {
				t.Fatalf("got %d log lines, want the fault's and the request's", len(lines))
			}
			if fault := lines[0]; fault.Code != "panic" || !strings.Contains(fault.Frame, "TestPanicIsAProblem") {
				t.Errorf("got fault %+v, want code panic and where", fault)
			}
			if lines[1].Code != "panic" || lines[1].Status != http.StatusInternalServerError {
				t.Errorf("got line %+v, want code panic and status 500", lines[1])
			}
		})
	}
}

func TestHandlersContextEndsBeforeTheFunctionDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		g := apigateway.Gateway{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				httpapi.Unavailable(w, r, r.Context().Err())
			}),
			Log: telemetry.New(io.Discard, "get-order", time.Now),
			Now: time.Now,
		}
		started := time.Now()
		out, err := g.Handle(ctx, request(t))
		if err != nil || out.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %d, %v, want 503", out.StatusCode, err)
		}
		if got := time.Since(started); got != 9500*time.Millisecond {
			t.Errorf("got an answer after %v, want 9.5s", got)
		}
	})
}

func TestEmptyInvocationIsServed(t *testing.T) {
	out, _ := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) != 0 || len(r.URL.Query()) != 0 {
			t.Errorf("got body %q, %v", body, err)
		}
		httpapi.Problem(w, r, problem.New(problem.NotFound, "x"))
	}, events.APIGatewayV2HTTPRequest{})
	if out.StatusCode != http.StatusNotFound {
		t.Errorf("got %d, want 404", out.StatusCode)
	}
}
