package mail

import (
	netmail "net/mail"
	"strings"
)

// Longest address and local part in bytes (RFC 5321, section 4.5.3.1, less the angle brackets).
const (
	maxAddress   = 254
	maxLocalPart = 64
)

// ValidAddress reports whether s is one bare address to which a mail could be sent. A display
// name, a second address, a comment, a line break and everything outside ASCII make it false: SES
// does not speak SMTPUTF8 and wants domains in Punycode
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
func ValidAddress(s string) bool {
	if len(s) > maxAddress || !printableASCII(s) {
		return false
	}
	parsed, err := netmail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	return at <= maxLocalPart && validDomain(s[at+1:])
}

func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// validDomain reports whether s is a name of at least two labels (RFC 1035, section 2.3.1, as RFC 1123 relaxed it).
func validDomain(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !asciiAlphanumeric(r) && r != '-' }) {
			return false
		}
	}
	return len(labels) >= 2
}

func asciiAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
