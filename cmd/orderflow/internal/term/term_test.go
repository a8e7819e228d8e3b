package term_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
)

func TestTableAlignsItsColumns(t *testing.T) {
	var b bytes.Buffer
	w := term.Colours(&b, func(string) string { return "" })
	err := term.Table(w, []term.Column{{Title: "status"}, {Title: "orders", Right: true}, {Title: "why"}}, [][]string{
		{term.Good("PAID"), "6,919", ""},
		{"CANCELLING", "8", "card_declined"},
		{"王小明", "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"status      orders  why",
		"PAID         6,919",
		"CANCELLING       8  card_declined",
		"王小明           1",
		"",
	}, "\n")
	if diff := cmp.Diff(b.String(), want); diff != "" {
		t.Errorf("-got +want\n%s", diff)
	}
}

func TestTableWithoutTitlesHasNoHeading(t *testing.T) {
	var b bytes.Buffer
	if err := term.Table(&b, make([]term.Column, 2), [][]string{{"a", "b"}}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "a  b\n" {
		t.Errorf("got %q", got)
	}
}

func TestPlainDisarmsWhatATerminalObeys(t *testing.T) {
	for in, want := range map[string]string{
		"ada \x1b[2J":   "ada \ufffd[2J",
		"a\r\nb\x00\a":  "a\ufffd\ufffdb\ufffd\ufffd",
		"\u202eevil":    "\ufffdevil",
		"王小明 O'Brien ü": "王小明 O'Brien ü",
	} {
		if got := term.Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "0µs",
		850 * time.Microsecond:   "850µs",
		12345 * time.Microsecond: "12.3ms",
		4560 * time.Millisecond:  "4.56s",
		123 * time.Second:        "2m03s",
	} {
		if got := term.Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 24_409_194: "24,409,194", -1234: "-1,234"} {
		if got := term.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestProgressElsewhereThanOnATerminalPrintsNothing(t *testing.T) {
	var b bytes.Buffer
	p := term.NewProgress(t.Context(), &b)
	bar := p.Bar("posted", 2)
	bar.Add(1)
	bar.End()
	p.Wait()
	if b.Len() != 0 {
		t.Errorf("printed %q", b.String())
	}
}
