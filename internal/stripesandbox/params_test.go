package stripesandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func TestUnusableParametersMakeNoIntent(t *testing.T) {
	for _, row := range []struct {
		promise     string
		change      func(p *stripesandbox.CreateParams)
		code, param string
	}{
		{"zero amount", func(p *stripesandbox.CreateParams) { p.Amount = 0 }, "parameter_invalid_integer", "amount"},
		{"negative amount", func(p *stripesandbox.CreateParams) { p.Amount = -5 }, "parameter_invalid_integer", "amount"},
		{"nine digits", func(p *stripesandbox.CreateParams) { p.Amount = 100_000_000 }, "amount_too_large", "amount"},
		{"under the minimum", func(p *stripesandbox.CreateParams) { p.Amount = 49 }, "amount_too_small", "amount"},
		{"under the minimum in yen", func(p *stripesandbox.CreateParams) { p.Amount, p.Currency = 49, "jpy" }, "amount_too_small", "amount"},
		{"a third decimal", func(p *stripesandbox.CreateParams) { p.Amount, p.Currency = 35205, "bhd" }, "parameter_invalid_integer", "amount"},
		{"a fraction of a króna", func(p *stripesandbox.CreateParams) { p.Amount, p.Currency = 550, "isk" }, "parameter_invalid_integer", "amount"},
		{"unknown currency", func(p *stripesandbox.CreateParams) { p.Currency = "zzz" }, "", "currency"},
		{"currency that Stripe does not take", func(p *stripesandbox.CreateParams) { p.Currency = "iqd" }, "", "currency"},
		{"upper-case currency", func(p *stripesandbox.CreateParams) { p.Currency = "USD" }, "", "currency"},
		{"unknown payment method", func(p *stripesandbox.CreateParams) { p.PaymentMethod = "pm_card_nobody" }, "resource_missing", "payment_method"},
		{"payment method of another world", func(p *stripesandbox.CreateParams) { p.PaymentMethod = "tok_visa" }, "resource_missing", "payment_method"},
		{"unknown customer", func(p *stripesandbox.CreateParams) { p.Customer = "u-1" }, "resource_missing", "customer"},
		{"payment method of another kind", func(p *stripesandbox.CreateParams) {
			p.PaymentMethod, p.PaymentMethodTypes = "pm_usBankAccount_success", []string{"card"}
		}, "", "payment_method"},
	} {
		t.Run(row.promise, func(t *testing.T) {
			l, p := newLedger(), ofOrder("o1", "pm_card_visa")
			row.change(&p)
			_, err := l.Create(p)
			wantError(t, err, http.StatusBadRequest, row.code, "")
			e := ledgerError(t, err)
			if e.Param != row.param || e.Message == "" || strings.Contains(e.Error(), e.Message) {
				t.Errorf("param %q, message %q, error %q; want param %q and the message kept out", e.Param, e.Message, e.Error(), row.param)
			}
			if got := len(l.Report().Orders); got != 0 {
				t.Errorf("%d orders in the ledger", got)
			}
		})
	}
}

func TestMinimumsAreCheckedInEveryCurrency(t *testing.T) {
	for _, c := range money.Currencies() {
		least, ok := money.StripeMinimum(c)
		if !ok {
			continue
		}
		at, err := money.ToStripe(least, c)
		if err != nil {
			t.Fatal(err)
		}
		l, p := newLedger(), ofOrder("o1", "pm_card_visa")
		p.Currency, p.Amount = strings.ToLower(string(c)), at
		if _, err := l.Create(p); err != nil {
			t.Errorf("%s: the minimum itself is refused: %v", c, err)
		}
		p.Amount--
		_, err = l.Create(p)
		wantError(t, err, http.StatusBadRequest, "amount_too_small", "")
	}
}

func TestUnknownIntentIsMissing(t *testing.T) {
	l := newLedger()
	_, err := l.Retrieve("pi_none")
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
	_, err = l.Confirm("pi_none", offSession)
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
	_, err = l.Cancel("pi_none", "")
	wantError(t, err, http.StatusNotFound, "resource_missing", "")
	_, _, err = l.List(10, "pi_none")
	wantError(t, err, http.StatusBadRequest, "resource_missing", "")
	_, err = l.Cancel(mustCreate(t, l, ofOrder("o1", "pm_card_visa")).ID, "because")
	wantError(t, err, http.StatusBadRequest, "", "")
}

func TestRedirectsNeedAReturnURL(t *testing.T) {
	l, p := newLedger(), ofOrder("o1", "pm_card_visa")
	p.NoRedirects = false
	id := mustCreate(t, l, p).ID
	_, err := l.Confirm(id, offSession)
	wantError(t, err, http.StatusBadRequest, "", "")
	if e := ledgerError(t, err); e.Param != "return_url" {
		t.Errorf("param %q, want return_url", e.Param)
	}
	if in, err := l.Confirm(id, stripesandbox.ConfirmParams{ReturnURL: "https://shop.example/"}); err != nil || in.Captures != 1 {
		t.Errorf("with a return URL: %+v, %v", in, err)
	}
}
