package ses_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orderflow/orderflow/internal/ses"
)

// service is SES as far as one answer goes: it gives the same one to every call, and counts them.
type service struct {
	*httptest.Server
	calls atomic.Int64
	body  atomic.Pointer[string]
	path  atomic.Pointer[string]
}

func serve(t *testing.T, answer http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		s.body.Store(aws.String(string(body)))
		s.path.Store(aws.String(r.Method + " " + r.URL.Path))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// refuse answers as SES does with an error, by the REST-JSON protocol.
func refuse(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		text, _ := json.Marshal(map[string]string{"message": message})
		_, _ = w.Write(text)
	}
}

func accept(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"MessageId":"0100018f"}`)
}

func config(url string) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", ""),
		BaseEndpoint: &url,
		HTTPClient:   awshttp.NewBuildableClient().WithTimeout(5 * time.Second),
	}
}

func newMailer(t *testing.T, url, from, set string) *ses.Mailer {
	t.Helper()
	m, err := ses.New(config(url), from, set)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
