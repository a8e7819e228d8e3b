package bus_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/internal/awsenv"
)

// putEntry is an entry of a request as it is on the wire.
type putEntry struct {
	EventBusName string
	Source       string
	DetailType   string
	Detail       string
	Time         float64 // seconds since 1970
}

type putResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

type putAnswer struct {
	FailedEntryCount int
	Entries          []putResult
}

// eventBridge speaks the protocol of EventBridge and refuses what is over its limits.
type eventBridge struct {
	t *testing.T
	// fail returns the error code of an entry, empty for a success; nil stands for success always.
	fail func(call int, e putEntry) string
	// answer, where set, replaces a call's answer; status 0 means as usual.
	answer func(call int) (status int, body string)

	mu    sync.Mutex
	calls [][]putEntry
	taken []putEntry
}

// client starts the server and returns a client of it. The client does not retry.
func (b *eventBridge) client() *eventbridge.Client {
	server := httptest.NewServer(b)
	b.t.Cleanup(server.Close)
	settings := map[string]string{awsenv.Region: "eu-central-1", awsenv.AccessKeyID: "id", awsenv.SecretKey: "secret", awsenv.EndpointURL: server.URL}
	cfg := awsenv.Config(func(name string) string { return settings[name] })
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return eventbridge.NewFromConfig(cfg)
}

func (b *eventBridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if got := r.Header.Get("X-Amz-Target"); got != "AWSEvents.PutEvents" {
		b.t.Errorf("got operation %q", got)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Errorf("read request: %v", err)
	}
	var in struct{ Entries []putEntry }
	if err := json.Unmarshal(raw, &in); err != nil {
		b.t.Errorf("decode request: %v", err)
	}
	b.calls = append(b.calls, in.Entries)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if b.answer != nil {
		if status, body := b.answer(len(b.calls)); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	if !withinLimits(in.Entries) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ValidationException","message":"over the limits"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(b.take(in.Entries))
}

// withinLimits is EventBridge's rule: 1 to 10 entries, 256 KB in all, 14 bytes for a time.
func withinLimits(entries []putEntry) bool {
	size := 0
	for _, e := range entries {
		size += 14 + len(e.Source) + len(e.DetailType) + len(e.Detail)
		if len(e.DetailType) > 128 || !json.Valid([]byte(e.Detail)) {
			return false
		}
	}
	return 1 <= len(entries) && len(entries) <= 10 && size < 256*1024
}

func (b *eventBridge) take(entries []putEntry) putAnswer {
	var out putAnswer
	for i, e := range entries {
		if b.fail != nil {
			if code := b.fail(len(b.calls), e); code != "" {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, putResult{ErrorCode: code, ErrorMessage: "quotes " + e.Detail})
				continue
			}
		}
		b.taken = append(b.taken, e)
		out.Entries = append(out.Entries, putResult{EventID: strconv.Itoa(len(b.calls)) + "-" + strconv.Itoa(i)})
	}
	return out
}

// sizes returns the number of entries of every call.
func (b *eventBridge) sizes() []int {
	var out []int
	for _, c := range b.calls {
		out = append(out, len(c))
	}
	return out
}
