package mail

import "strings"

// Locale is a language that mails are written in.
type Locale string

// The locales.
const (
	English Locale = "en"
	Chinese Locale = "zh" // simplified characters
)

// Locales lists every locale.
func Locales() []Locale { return []Locale{English, Chinese} }

// LocaleFor returns the locale for a customer's language tag (BCP 47, or the form of POSIX with an
// underscore): Chinese for any tag whose language is zh, in any case, and English for everything else.
func LocaleFor(tag string) Locale {
	language, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	if strings.EqualFold(language, string(Chinese)) {
		return Chinese
	}
	return English
}
