package mail

import (
	"strings"
	"unicode"
)

// maxName is the longest name that a mail greets with, in characters.
const maxName = 60

// cleanName makes one short line of a name.
func cleanName(name string) string {
	line := []rune(cleanLine(name))
	if len(line) <= maxName {
		return string(line)
	}
	return strings.TrimSpace(string(line[:maxName-1])) + "…"
}

// cleanLine makes one line of s: white space and controls become single spaces, and what has no
// shape of its own is dropped, so that s can start no header, no paragraph and no change of reading direction.
func cleanLine(s string) string {
	printed := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(printed), " ")
}
