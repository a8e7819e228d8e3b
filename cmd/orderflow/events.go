package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/witness"
)

type eventsCommands struct {
	Tail eventsTailCommand `cmd:"" help:"Follow the events on the bus."`
	Test eventsTestCommand `cmd:"" help:"Tell which rules take an event, and why the others do not."`
}

// breach is one place where an event breaks the contract.
type breach struct {
	Pointer string `json:"pointer"` // RFC 6901
	Detail  string `json:"detail"`  // quotes nothing of the event
}

// breaches leaves out of each place what stands before the event in it.
func breaches(found []witness.Violation, before string) []breach {
	all := make([]breach, len(found))
	for i, v := range found {
		all[i] = breach{strings.TrimPrefix(v.Pointer, before), v.Detail}
	}
	return all
}

// where says in one line where an event breaks the contract, and how.
func where(all []breach) string {
	parts := make([]string, len(all))
	for i, b := range all {
		parts[i] = strings.TrimPrefix(b.Pointer+" ", " ") + b.Detail
	}
	return strings.Join(parts, "; ")
}

// harmless writes each character of a JSON text that a terminal might obey, or not show, as an escape: it means the same.
func harmless(text json.RawMessage) json.RawMessage {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case strings.ContainsRune("\t\r\n", r): // stands between values only
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return json.RawMessage(b.String())
}
