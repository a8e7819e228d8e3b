package deadletter_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/deadletter"
)

func TestAReasonIsFitForAnAttribute(t *testing.T) {
	for name, row := range map[string]struct{ in, want string }{
		"a sentence stays":            {"/data/amount must be an integer", "/data/amount must be an integer"},
		"nothing becomes unspecified": {"", "unspecified"},
		"blanks become unspecified":   {" \n\t ", "unspecified"},
		"line breaks become blanks":   {"a\r\nb\x00c\x7Fd\uFFFEe\uFFFFf", "a  b c d e f"},
		"256 characters stay":         {strings.Repeat("é", 256), strings.Repeat("é", 256)},
		"257 are cut":                 {strings.Repeat("é", 257), strings.Repeat("é", 255) + "…"},
		"broken UTF-8 is replaced":    {"a\xFFb", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := deadletter.Reason(row.in); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestNoTextMakesAReasonThatSQSRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		got := deadletter.Reason(text)
		if n := utf8.RuneCountInString(got); n < 1 || n > deadletter.MaxReason || !utf8.ValidString(got) {
			t.Fatalf("got %d characters of %q", n, got)
		}
		for _, r := range got {
			if r < ' ' || r > 0xFFFD && r < 0x10000 || r > 0x10FFFF {
				t.Fatalf("%q has %U", got, r)
			}
		}
	})
}
