// Package term prints for people: tables, durations and progress on a terminal, plain text elsewhere.
package term

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	xterm "github.com/charmbracelet/x/term"
)

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && xterm.IsTerminal(f.Fd())
}

// colourVariables are those by which people say whether they want colours (https://no-color.org, https://bixense.com/clicolors).
var colourVariables = []string{"NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "TERM"}

// Colours returns a writer to w that takes out the styling that w, or its reader, does not want.
func Colours(w io.Writer, getenv func(string) string) io.Writer {
	var environ []string
	for _, name := range colourVariables {
		if v := getenv(name); v != "" {
			environ = append(environ, name+"="+v)
		}
	}
	return colorprofile.NewWriter(w, environ)
}

// Styles of output. Where colours are not wanted they leave the text as it is.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// Bold marks a heading.
func Bold(s string) string { return bold.Render(s) }

// Faint marks what matters less.
func Faint(s string) string { return faint.Render(s) }

// Good marks what went well.
func Good(s string) string { return green.Render(s) }

// Warn marks what needs a look.
func Warn(s string) string { return yellow.Render(s) }

// Bad marks what went wrong.
func Bad(s string) string { return red.Render(s) }

// Plain returns s with everything that a terminal might obey, or not show, replaced, so that data cannot
// move the cursor or change what stands on the screen.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Duration prints d with about three digits: 850µs, 12.3ms, 4.56s, 2m03s.
func Duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.3gs", d.Seconds())
	default:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}

// Count prints n with commas between groups of three digits.
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Count(n/1000), n%1000)
}
