package events

import (
	"regexp"
	"strings"
)

// traceParent takes apart a traceparent: version, trace id, parent id, flags, and whatever a later version has behind them
// (https://www.w3.org/TR/trace-context/#traceparent-header-field-values).
var traceParent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

// Parts of a traceparent that mean something by themselves.
const (
	version00      = "00"
	versionInvalid = "ff"
	noTrace        = "00000000000000000000000000000000"
	noParent       = "0000000000000000"
)

// CarryTrace returns what is carried on of a traceparent that came from outside: the value itself where it is valid in version 00, what
// version 00 can say of it where it is of a later one, and an empty string where it is not valid. A trace that cannot be
// read is begun anew, and never a reason to refuse what it came with
// (https://www.w3.org/TR/trace-context/#versioning-of-traceparent).
func CarryTrace(value string) string {
	parts := traceParent.FindStringSubmatch(value)
	if parts == nil {
		return ""
	}
	version, trace, parent, flags, rest := parts[1], parts[2], parts[3], parts[4], parts[5]
	switch {
	case version == versionInvalid, trace == noTrace, parent == noParent:
		return ""
	case version != version00:
		return version00 + "-" + trace + "-" + parent + "-" + sampled(flags)
	case rest != "":
		return ""
	}
	return value
}

// sampled returns the flags without all but the lowest bit, which says that the caller may have recorded the trace. The others are a later version's.
func sampled(flags string) string {
	if strings.ContainsAny(flags[1:], "13579bdf") {
		return "01"
	}
	return "00"
}
