package mail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/orderflow/orderflow/internal/money"
)

// ErrNoTemplate means that no mail is written for an order's status. Compare with errors.Is.
var ErrNoTemplate = errors.New("no mail for this status")

// errSubject means that a subject would not be one line.
var errSubject = errors.New("subject is not one printable line")

// Render writes the mail for n, in the locale for n's language tag. The error is [ErrNoTemplate]
// where n's status is not one that customers are told of.
//
// It does without the template packages of the standard library: by their use of
// reflection the linker keeps every method of every AWS client, which makes the
// function three fifths larger and its start a quarter slower.
func Render(n Notice) (Message, error) {
	locale := LocaleFor(n.Locale)
	speech := languages[locale]
	t, ok := speech.templates[n.Status]
	if !ok {
		return Message{}, fmt.Errorf("render mail for %q: %w", n.Status, ErrNoTemplate)
	}
	nothingToPay := n.Amount == 0
	e, name := explain(n.Status, n.Reason, nothingToPay), cleanName(n.Name)
	// A replacer looks at each place once, so that what stands in a value is not filled in again.
	fill := strings.NewReplacer(
		"{name}", name,
		"{order}", string(n.OrderID),
		"{amount}", string(n.Currency)+" "+money.Format(n.Amount, n.Currency),
		"{why}", e.why[locale],
	)
	subject := fill.Replace(t.subject.fitting(e.cause, nothingToPay))
	if subject == "" || cleanLine(subject) != subject { // RFC 5322, section 2.2: a header is one line
		return Message{}, fmt.Errorf("render mail for %s in %s: %w", n.Status, locale, errSubject)
	}
	paragraphs := []string{fill.Replace(speech.greetingFor(name))}
	for _, p := range t.body {
		if text := fill.Replace(p.fitting(e.cause, nothingToPay)); text != "" {
			paragraphs = append(paragraphs, text)
		}
	}
	paragraphs = append(paragraphs, fill.Replace(speech.closing))
	return Message{
		Subject: subject,
		Text:    strings.Join(paragraphs, "\n\n") + "\n",
		HTML:    layOut(speech.tag, subject, paragraphs),
	}, nil
}

func (l language) greetingFor(name string) string {
	if name == "" {
		return l.anonymous
	}
	return l.greeting
}
