// Package deadletter says what is put into a stage's dead-letter queue: the message as it came, and beside it why it is there.
package deadletter

import (
	"strings"

	"github.com/orderflow/orderflow/internal/outcome"
)

// Names of the message attributes, all of type String, that say why a message is in the queue.
const (
	AttributeReason    = "Reason"    // a sentence, see Reason
	AttributeFunction  = "Function"  // the function that gave the message up
	AttributeErrorCode = "ErrorCode" // an outcome.Code
)

// Letter is a message that a stage gives up.
type Letter struct {
	Body        string // unchanged, so that it can be sent again as it is
	Reason      string
	Function    string
	Code        outcome.Code
	TraceHeader string               // the message's AWSTraceHeader, empty where it had none
	Attributes  map[string]Attribute // that the message came with
}

// Attribute is a message attribute of SQS: a data type with either text or bytes.
type Attribute struct {
	DataType string // String, Number or Binary, perhaps with a label behind a dot
	String   string
	Binary   []byte
}

// MaxReason is the length of the longest [Reason], in characters.
const MaxReason = 256

// Reason makes text fit for a message attribute: never empty, at most
// [MaxReason] characters, and only those that SQS takes
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html).
func Reason(text string) string {
	runes := []rune(strings.TrimSpace(strings.Map(allowed, text)))
	if len(runes) > MaxReason {
		return string(runes[:MaxReason-1]) + "…"
	}
	if len(runes) == 0 {
		return "unspecified"
	}
	return string(runes)
}

// allowed replaces line breaks, control characters and what is outside XML 1.0 by a space. A byte
// that is not UTF-8 comes as U+FFFD, which SQS takes.
func allowed(r rune) rune {
	if r < ' ' || r == 0x7F || r == 0xFFFE || r == 0xFFFF {
		return ' '
	}
	return r
}
