package mail

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLocaleFollowsTheLanguageAndFallsBackToEnglish(t *testing.T) {
	for tag, want := range map[string]Locale{
		"": English, "en": English, "en-GB": English, "EN_us": English, "fr": English, "de-CH": English,
		"zha": English, "zh1": English, "xx-zh": English, "-zh": English, "_": English,
		"zh": Chinese, "ZH": Chinese, "zh-CN": Chinese, "zh-Hans": Chinese, "zh-Hans-SG": Chinese, "zh_TW": Chinese,
		"zh-Hant-HK": Chinese, "zh_CN.UTF-8": Chinese,
	} {
		if got := LocaleFor(tag); got != want {
			t.Errorf("LocaleFor(%q): got %s, want %s", tag, got, want)
		}
	}
}

func TestOnlyOneBareAddressIsValid(t *testing.T) {
	for address, want := range map[string]bool{
		"ada@example.com":                   true,
		"o'brien+orders@mail.example.co":    true,
		"a.b-c_d@xn--fiqs8s.example":        true,
		strings.Repeat("l", 64) + "@ex.com": true,

		"":                                 false,
		"ada":                              false,
		"ada@":                             false,
		"@example.com":                     false,
		"ada@localhost":                    false,
		"ada@example..com":                 false,
		"ada@example.com.":                 false,
		"ada@-example.com":                 false,
		"ada@exa_mple.com":                 false,
		"ada @example.com":                 false,
		" ada@example.com":                 false,
		"ada@example.com\n":                false,
		"ada..b@example.com":               false,
		"ada@[192.0.2.1]":                  false,
		"Ada <ada@example.com>":            false,
		"<ada@example.com>":                false,
		"ada@example.com,bob@example.com":  false,
		"ada@example.com\r\nBcc: b@ex.com": false,
		"ada@example.com (Ada)":            false,
		"\"ab\"@example.com":               false,
		"(Ada)ada@example.com":             false,
		"\"a b\"@example.com":              false,

		"王小明@example.com": false,

		"ada@例子.example": false,

		strings.Repeat("l", 65) + "@ex.com": false,

		"ada@" + strings.Repeat("d.", 150) + "com": false,
	} {
		if got := ValidAddress(address); got != want {
			t.Errorf("ValidAddress(%q): got %t, want %t", address, got, want)
		}
	}
}

func TestAValidAddressHoldsNothingThatSplitsOrNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-z"<>, ():;@.\\\r\n]{0,8}@[a-z.,<> @\r\n]{0,8}`).Draw(t, "address")
		if ValidAddress(s) && (strings.ContainsAny(s, "\r\n ,<>()") || strings.Count(s, "@") != 1) {
			t.Errorf("ValidAddress(%q): got true, want false", s)
		}
	})
}

func TestCleanLineIsOneLineAndStaysClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"\r\n\t ":                 "",
		"Ada\r\n  Lovelace\u2028": "Ada Lovelace",
		"a\u202egnp.exe":          "agnp.exe", // right-to-left override
		"a\u200bb\ufeff":          "ab",
		"\xff\xfeBob":             "Bob",
		"O\u00a0Brien":            "O Brien",
		"王小明":                     "王小明",
		"a\x00b\x1b[31m":          "a b [31m",
	} {
		if got := cleanLine(in); got != want {
			t.Errorf("cleanLine(%q): got %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		once := cleanLine(rapid.String().Draw(t, "text"))
		if twice := cleanLine(once); twice != once {
			t.Errorf("cleanLine(%q): got %q, want it as it was", once, twice)
		}
	})
}
