package httpapi

import (
	"net/http"
	"regexp"
)

// traceParent is version 00 of the header, in which neither id may be all zeros
// (https://www.w3.org/TR/trace-context/#traceparent-header).
var traceParent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

const (
	noTrace = "00000000000000000000000000000000"
	noSpan  = "0000000000000000"
)

// TraceParent returns the request's W3C trace context, or an empty string where it has none that is valid.
func TraceParent(h http.Header) string {
	values := h.Values("Traceparent")
	if len(values) != 1 {
		return ""
	}
	parts := traceParent.FindStringSubmatch(values[0])
	if parts == nil || parts[1] == noTrace || parts[2] == noSpan {
		return ""
	}
	return values[0]
}
