package httpapi

import (
	"net/http"

	"github.com/orderflow/orderflow/events"
)

// TraceParent returns the request's W3C trace context, or an empty string where it has none that can be carried on: a
// caller that sends none, one that is not valid, or several begins a trace of its own
// (https://www.w3.org/TR/trace-context/#a-traceparent-is-not-received).
func TraceParent(h http.Header) string {
	values := h.Values("Traceparent")
	if len(values) != 1 {
		return ""
	}
	return events.CarryTrace(values[0])
}
