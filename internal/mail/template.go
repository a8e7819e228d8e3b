package mail

import (
	"html"
	"strings"

	"github.com/orderflow/orderflow/internal/order"
)

// language is everything that mails say in one locale. In its texts {name}, {order},
// {amount} and {why} stand for values.
type language struct {
	tag       string // of the HTML
	greeting  string
	anonymous string // the greeting of a customer whose name is not known
	closing   string
	templates map[order.Status]template
}

// template is the mail about one status.
type template struct {
	subject words
	body    []words // one for each paragraph between greeting and closing
}

// words are the wordings of a line or a paragraph, by what they are for. Where none of them fits there is no such paragraph.
type words map[cause]string

// Wordings that are for no cause.
const (
	free      cause = "free"      // there is nothing to pay; goes before any cause
	otherwise cause = "otherwise" // every cause without a wording of its own
)

// languages are the languages of all locales.
var languages = map[Locale]language{English: english, Chinese: chinese}

// fitting returns the wording for an order that ended by c, empty where there is none.
func (w words) fitting(c cause, nothingToPay bool) string {
	if text, ok := w[free]; ok && nothingToPay {
		return text
	}
	if text, ok := w[c]; ok {
		return text
	}
	return w[otherwise]
}

// layout is a mail's HTML. Its values are escaped before they are filled in.
const layout = `<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{subject}</title>
</head>
<body style="margin:0;padding:24px;background:#f4f4f5;color:#18181b;font:16px/1.6 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px 32px;background:#ffffff;border-radius:8px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.4">{subject}</h1>
{paragraphs}<p style="margin:24px 0 0;padding-top:16px;border-top:1px solid #e4e4e7;color:#52525b;font-size:14px">{closing}</p>
</div>
</body>
</html>
`

// layOut returns the HTML of a mail, the last paragraph being its foot.
func layOut(tag, subject string, paragraphs []string) string {
	last := len(paragraphs) - 1
	var body strings.Builder
	for _, p := range paragraphs[:last] {
		body.WriteString(`<p style="margin:0 0 16px">` + html.EscapeString(p) + "</p>\n")
	}
	return strings.NewReplacer(
		"{language}", tag,
		"{subject}", html.EscapeString(subject),
		"{paragraphs}", body.String(),
		"{closing}", html.EscapeString(paragraphs[last]),
	).Replace(layout)
}
