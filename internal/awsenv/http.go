package awsenv

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// The limits of one attempt, so that one that hangs ends before the function's time does.
const (
	connectTimeout  = time.Second
	tlsTimeout      = 2 * time.Second
	responseTimeout = 3 * time.Second // to the first byte of the answer
	attemptTimeout  = 5 * time.Second // to the last
	keepAlive       = 30 * time.Second
	idleTimeout     = 90 * time.Second
	idleConnections = 32 // for each host: an emulator is one host for all services
)

func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTimeout(attemptTimeout).
		WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = connectTimeout
			d.KeepAlive = keepAlive
		}).
		WithTransportOptions(func(t *http.Transport) {
			t.TLSHandshakeTimeout = tlsTimeout
			t.ResponseHeaderTimeout = responseTimeout
			t.IdleConnTimeout = idleTimeout
			t.MaxIdleConnsPerHost = idleConnections
		})
}

// wholeBody sends a copy of the request's body. The SDK closes the body that it
// handed over as soon as the answer begins; where a near service answers before
// the transport has read that body's end, the transport takes this for a broken
// request and drops the connection together with the answer.
type wholeBody struct {
	next aws.HTTPClient
}

func (c wholeBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.next.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	sent := r.WithContext(r.Context())
	sent.Body = io.NopCloser(bytes.NewReader(body))
	sent.ContentLength = int64(len(body))
	sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return c.next.Do(sent)
}
