package telemetry

import (
	"runtime"
	"strings"
)

// PanicFrame returns the name of the function whose panic is being recovered from, for [Fault]. It is to be called by the deferred
// function that recovered. What the panic says is not looked at, for it may quote data.
func PanicFrame() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for began := false; ; {
		frame, more := frames.Next()
		began = began || frame.Function == "runtime.gopanic"
		if began && !strings.HasPrefix(frame.Function, "runtime.") {
			return frame.Function
		}
		if !more {
			return ""
		}
	}
}
