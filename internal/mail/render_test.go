package mail

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/order"
)

func TestEveryStatusThatIsToldHasAMailInEveryLocale(t *testing.T) {
	for _, s := range order.Statuses() {
		for _, l := range Locales() {
			m, err := Render(Notice{OrderID: "o1", Status: s, Amount: 1999, Currency: "USD", Locale: string(l)})
			if got, want := err == nil, s.Told(); got != want {
				t.Errorf("%s in %s: has a mail is %t, want %t (%v)", s, l, got, want, err)
			}
			if err != nil && !errors.Is(err, ErrNoTemplate) {
				t.Errorf("%s in %s: got error %v, want %v", s, l, err, ErrNoTemplate)
			}
			if err == nil && (!strings.Contains(m.Subject, "o1") || !strings.Contains(m.Text, "o1")) {
				t.Errorf("%s in %s: subject %q or text does not name the order", s, l, m.Subject)
			}
		}
	}
}

func TestAmountsArePrintedInMajorUnitsWithTheirCurrency(t *testing.T) {
	for _, tt := range []struct {
		n    Notice
		want string
	}{
		{Notice{Amount: 1999, Currency: "USD"}, "USD 19.99"},
		{Notice{Amount: 5, Currency: "USD"}, "USD 0.05"},
		{Notice{Amount: 500, Currency: "JPY"}, "JPY 500"},
		{Notice{Amount: 92000, Currency: "KWD"}, "KWD 92.000"},
		{Notice{Amount: 35205, Currency: "BHD"}, "BHD 35.205"},
	} {
		for _, l := range Locales() {
			tt.n.OrderID, tt.n.Status, tt.n.Locale = "o1", order.Paid, string(l)
			m := render(t, tt.n)
			for part, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
				at := strings.Index(text, tt.want)
				if at < 0 || strings.ContainsAny(text[at+len(tt.want):at+len(tt.want)+1], "0123456789.") {
					t.Errorf("%s of %d %s in %s does not say %q:\n%s", part, tt.n.Amount, tt.n.Currency, l, tt.want, text)
				}
			}
		}
	}
}

func TestAMailAboutAFreeOrderNamesNoAmount(t *testing.T) {
	for _, s := range []order.Status{order.Paid, order.Rejected, order.Cancelled, order.Refunded} {
		for reason := range reasons {
			for _, l := range Locales() {
				m := render(t, Notice{OrderID: "o1", Status: s, Reason: reason, Currency: "USD", Locale: string(l)})
				if strings.Contains(m.Subject+m.Text+m.HTML, "USD") {
					t.Errorf("%s(%s) in %s names an amount:\n%s", s, reason, l, m.Text)
				}
			}
		}
	}
}

func TestANameCannotStartAHeader(t *testing.T) {
	n := Notice{OrderID: "o1", Status: order.Paid, Amount: 1, Currency: "USD", Name: "Bob\r\nBcc: x@example.net\r\n\r\nBuy this"}
	m := render(t, n)
	if want := "Payment received for order o1"; m.Subject != want {
		t.Errorf("got subject %q, want %q", m.Subject, want)
	}
	if greeting, _, _ := strings.Cut(m.Text, "\n"); greeting != "Hello Bob Bcc: x@example.net Buy this," {
		t.Errorf("got greeting %q, want the name on one line", greeting)
	}
	if strings.Contains(m.Subject+m.Text+m.HTML, "\r") {
		t.Error("a carriage return came through")
	}
}

func TestASubjectIsOneLineOrTheMailIsRefused(t *testing.T) {
	if m, err := Render(Notice{OrderID: "o1\r\nBcc: x@example.net", Status: order.Paid, Amount: 1, Currency: "USD"}); !errors.Is(err, errSubject) {
		t.Errorf("got subject %q and error %v, want %v", m.Subject, err, errSubject)
	}
}

func TestNamesAreEscapedInHTMLAndPlainInText(t *testing.T) {
	for _, name := range []string{"<script>alert(1)</script>", "O'Brien", "王小明", `"><img src=x onerror=alert(1)>`, "Müller & Söhne", "{order}"} {
		for _, l := range Locales() {
			m := render(t, Notice{OrderID: "o1", Status: order.Paid, Amount: 1, Currency: "USD", Name: name, Locale: string(l)})
			if !strings.Contains(m.Text, name) {
				t.Errorf("text in %s does not greet %q:\n%s", l, name, m.Text)
			}
			if !strings.Contains(html.UnescapeString(m.HTML), name) {
				t.Errorf("HTML in %s does not greet %q:\n%s", l, name, m.HTML)
			}
			if strings.ContainsAny(name, "<>") && strings.Contains(m.HTML, name) {
				t.Errorf("HTML in %s holds %q as it is", l, name)
			}
		}
	}
}

// Whatever a name holds, a mail has the same subject, the same paragraphs and the same tags as the mail to Ada.
func TestNoNameChangesTheShapeOfAMail(t *testing.T) {
	statuses := []order.Status{order.Paid, order.Rejected, order.Cancelled, order.Refunded}
	rapid.Check(t, func(t *rapid.T) {
		n := Notice{
			OrderID: "o1", Amount: 1999, Currency: "USD", Name: "Ada",
			Status: rapid.SampledFrom(statuses).Draw(t, "status"),
			Locale: string(rapid.SampledFrom(Locales()).Draw(t, "locale")),
		}
		want, err := Render(n)
		if err != nil {
			t.Fatal(err)
		}
		n.Name = rapid.String().Draw(t, "name")
		got, err := Render(n)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shapeOf(got), shapeOf(want); got != want {
			t.Errorf("name %q: got shape %s, want %s", n.Name, got, want)
		}
	})
}

func shapeOf(m Message) string {
	return fmt.Sprintf("%q, %d lines of text, %d tags, %d lines of HTML",
		m.Subject, strings.Count(m.Text, "\n"), strings.Count(m.HTML, "<"), strings.Count(m.HTML, "\n"))
}

func TestLongNamesAreCut(t *testing.T) {
	m := render(t, Notice{OrderID: "o1", Status: order.Paid, Currency: "USD", Name: strings.Repeat("王", 500)})
	greeting, _, _ := strings.Cut(m.Text, "\n")
	if want := "Hello " + strings.Repeat("王", maxName-1) + "…,"; greeting != want {
		t.Errorf("got greeting %q, want %q", greeting, want)
	}
}

func TestBothPartsSayTheSame(t *testing.T) {
	for name, n := range goldenNotices() {
		for _, l := range Locales() {
			n.Locale = string(l)
			m := render(t, n)
			for paragraph := range strings.SplitSeq(strings.TrimSpace(m.Text), "\n\n") {
				if !strings.Contains(html.UnescapeString(m.HTML), ">"+paragraph+"</p>") {
					t.Errorf("%s in %s: HTML lacks the paragraph %q", name, l, paragraph)
				}
			}
		}
	}
}

func TestEveryReasonIsExplainedInEveryLocale(t *testing.T) {
	for reason, e := range reasons {
		if e.cause == "" || !reason.Valid() {
			t.Errorf("reason %q has no cause or no proper form", reason)
		}
		for _, l := range Locales() {
			if e.why != nil && e.why[l] == "" {
				t.Errorf("reason %q has no sentence in %s", reason, l)
			}
		}
	}
	for _, r := range order.RejectionReasons() {
		if reasons[r].why == nil {
			t.Errorf("a rejection for %q is not explained", r)
		}
	}
}

func TestALostOrStolenCardIsToldAsAPlainDecline(t *testing.T) {
	for _, r := range []order.Reason{"lost_card", "stolen_card", "pickup_card", "fraudulent", "merchant_blacklist"} {
		for _, l := range Locales() {
			if got, want := explain(order.Cancelled, r, false).why[l], explain(order.Cancelled, order.CardDeclined, false).why[l]; got != want {
				t.Errorf("%s in %s: got %q, want %q", r, l, got, want)
			}
		}
	}
}

func TestTheTemplatesOfAllLocalesHaveTheSameShape(t *testing.T) {
	want := shapeOfTemplates(English)
	if len(want) == 0 {
		t.Fatal("there are no templates")
	}
	for _, l := range Locales() {
		if diff := cmp.Diff(want, shapeOfTemplates(l)); diff != "" {
			t.Errorf("wordings and placeholders (-%s +%s):\n%s", English, l, diff)
		}
	}
}

// shapeOfTemplates returns the placeholders of each wording of a locale, by status, place in the mail and cause.
func shapeOfTemplates(l Locale) map[string][]string {
	placeholder := regexp.MustCompile(`\{\w*\}`)
	shape := map[string][]string{}
	for status, t := range languages[l].templates {
		for i, w := range append([]words{t.subject}, t.body...) {
			for c, text := range w {
				shape[fmt.Sprintf("%s %d %s", status, i, c)] = slices.Sorted(slices.Values(placeholder.FindAllString(text, -1)))
			}
		}
	}
	return shape
}

func TestNoPlaceholderIsLeftUnfilled(t *testing.T) {
	for _, s := range order.Statuses() {
		for reason := range reasons {
			for _, l := range Locales() {
				for _, amount := range []int64{0, 1999} {
					m, err := Render(Notice{OrderID: "o1", Status: s, Reason: reason, Amount: amount, Currency: "USD", Name: "Ada", Locale: string(l)})
					if err == nil && strings.ContainsAny(m.Subject+m.Text+m.HTML, "{}") {
						t.Errorf("%s(%s) in %s:\n%s", s, reason, l, m.HTML)
					}
				}
			}
		}
	}
}
