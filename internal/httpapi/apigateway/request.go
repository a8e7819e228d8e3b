package apigateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// newRequest returns the request that API Gateway describes in in. Its Pattern is the
// route and its path values are the route's parameters, as if a [http.ServeMux] had found the handler.
func newRequest(ctx context.Context, in events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body, err := bodyOf(in)
	if err != nil {
		return nil, err
	}
	target := &url.URL{
		Path:     in.RawPath, // API Gateway has decoded it, whatever its name says
		RawQuery: in.RawQueryString,
	}
	r := &http.Request{
		Method:        in.RequestContext.HTTP.Method,
		URL:           target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        headers(in),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Host:          in.RequestContext.DomainName,
		RemoteAddr:    in.RequestContext.HTTP.SourceIP + ":0",
		RequestURI:    target.RequestURI(),
		Pattern:       in.RouteKey,
	}
	for name, value := range in.PathParameters {
		r.SetPathValue(name, value)
	}
	return r.WithContext(ctx), nil
}

func bodyOf(in events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if !in.IsBase64Encoded {
		return []byte(in.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(in.Body)
	if err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	return body, nil
}

// headers returns the headers under their canonical names. Values of a name that the client
// sent more than once are one value here, joined by commas: API Gateway does that.
func headers(in events.APIGatewayV2HTTPRequest) http.Header {
	h := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(in.Headers)) {
		h.Add(name, in.Headers[name])
	}
	if len(in.Cookies) > 0 {
		h.Set("Cookie", strings.Join(in.Cookies, "; "))
	}
	return h
}
