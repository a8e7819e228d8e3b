package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

//go:embed templates
var files embed.FS

// ErrNoTemplate means that no mail is written for an order's status. Compare with errors.Is.
var ErrNoTemplate = errors.New("no mail for this status")

// errSubject means that a subject would not be one line.
var errSubject = errors.New("subject is not one printable line")

// templateNames names the template of each status that the customer is told of.
var templateNames = map[order.Status]string{
	order.Paid:      "paid",
	order.Rejected:  "rejected",
	order.Cancelled: "cancelled",
	order.Refunded:  "refunded",
}

// A Renderer writes mails. It is safe for use by several goroutines.
type Renderer struct {
	letters map[Locale]*template.Template
	layout  *htmltemplate.Template
}

// NewRenderer returns a Renderer that has parsed every template, which takes about half a millisecond.
func NewRenderer() (*Renderer, error) {
	layout, err := htmltemplate.ParseFS(files, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout of mails: %w", err)
	}
	letters := make(map[Locale]*template.Template)
	for _, l := range Locales() {
		letters[l], err = template.New(string(l)).ParseFS(files, "templates/*."+string(l)+".txt")
		if err != nil {
			return nil, fmt.Errorf("parse mails in %s: %w", l, err)
		}
	}
	return &Renderer{letters: letters, layout: layout}, nil
}

// content is what a template may use.
type content struct {
	Name   string // cleaned, may be empty
	Order  order.ID
	Amount string // with its currency; empty where there is nothing to pay
	Cause  cause
	Why    string // may be empty
}

// Render writes the mail for n, in the locale for n's language tag. The error is [ErrNoTemplate]
// where n's status is not one that customers are told of.
func (r *Renderer) Render(n Notice) (Message, error) {
	name, ok := templateNames[n.Status]
	if !ok {
		return Message{}, fmt.Errorf("render mail for %s: %w", n.Status, ErrNoTemplate)
	}
	locale := LocaleFor(n.Locale)
	var text strings.Builder
	if err := r.letters[locale].ExecuteTemplate(&text, name+"."+string(locale)+".txt", contentOf(n, locale)); err != nil {
		return Message{}, fmt.Errorf("render mail for %s in %s: %w", n.Status, locale, err)
	}
	paragraphs := split(text.String())
	m := Message{Subject: paragraphs[0], Text: strings.Join(paragraphs[1:], "\n\n") + "\n"}
	if !oneLine(m.Subject) {
		return Message{}, fmt.Errorf("render mail for %s in %s: %w", n.Status, locale, errSubject)
	}
	html, err := r.html(locale, m.Subject, paragraphs[1:])
	if err != nil {
		return Message{}, fmt.Errorf("render mail for %s in %s: %w", n.Status, locale, err)
	}
	m.HTML = html
	return m, nil
}

func contentOf(n Notice, locale Locale) content {
	e := explain(n.Status, n.Reason)
	c := content{Name: cleanName(n.Name), Order: n.OrderID, Cause: e.cause, Why: e.why[locale]}
	if n.Amount != 0 {
		c.Amount = string(n.Currency) + " " + money.Format(n.Amount, n.Currency)
	}
	return c
}

// split returns the paragraphs of a text: the parts between empty lines. There is always one.
func split(text string) []string {
	var paragraphs []string
	for part := range strings.SplitSeq(text, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			paragraphs = append(paragraphs, part)
		}
	}
	if paragraphs == nil {
		return []string{""}
	}
	return paragraphs
}

// html lays out a mail, the last paragraph being its foot.
func (r *Renderer) html(locale Locale, subject string, paragraphs []string) (string, error) {
	last := len(paragraphs) - 1
	var out strings.Builder
	err := r.layout.Execute(&out, struct {
		Language, Subject, Closing string
		Paragraphs                 []string
	}{languageTag[locale], subject, paragraphs[last], paragraphs[:last]})
	return out.String(), err
}

// oneLine reports whether s can stand in a header: it is not empty and holds no control character (RFC 5322, section 2.2).
func oneLine(s string) bool {
	return s != "" && cleanLine(s) == s
}
