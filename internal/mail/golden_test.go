package mail

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
)

// mails is where the wordings are kept.
var mails = filepath.Join("testdata", "mails")

var update = flag.Bool("update", false, "write the mails under testdata/mails anew")

// goldenNotices names every mail whose wording is kept under testdata. Each is written in every locale.
func goldenNotices() map[string]Notice {
	usd := func(s order.Status, r order.Reason) Notice {
		return Notice{OrderID: "ord-1042", Status: s, Reason: r, Amount: 1999, Currency: "USD", Name: "Ada Lovelace"}
	}
	free := func(n Notice) Notice { n.Amount = 0; return n }
	in := func(c money.Currency, amount int64, n Notice) Notice { n.Currency, n.Amount = c, amount; return n }
	named := func(name string, n Notice) Notice { n.Name = name; return n }
	return map[string]Notice{
		"paid":                          usd(order.Paid, ""),
		"paid-free":                     free(usd(order.Paid, "")),
		"paid-yen":                      in("JPY", 500, named("王小明", usd(order.Paid, ""))),
		"paid-dinar":                    in("KWD", 92000, named("", usd(order.Paid, ""))),
		"paid-hostile-name":             named("<script>alert('x')</script> O'Brien\r\nBcc: x@example.net", usd(order.Paid, "")),
		"rejected-blocked":              usd(order.Rejected, order.BlockedUser),
		"rejected-no-payment-method":    usd(order.Rejected, order.NoPaymentMethod),
		"rejected-without-explanation":  usd(order.Rejected, "a_reason_of_next_year"),
		"cancelled-declined":            usd(order.Cancelled, order.CardDeclined),
		"cancelled-insufficient-funds":  usd(order.Cancelled, order.InsufficientFunds),
		"cancelled-payment":             usd(order.Cancelled, order.PaymentCancelled),
		"cancelled-expired":             usd(order.Cancelled, order.PaymentExpired),
		"cancelled-expired-free":        free(usd(order.Cancelled, order.PaymentExpired)),
		"cancelled-by-operator":         usd(order.Cancelled, order.RequestedByOperator),
		"cancelled-by-customer":         usd(order.Cancelled, order.RequestedByCustomer),
		"cancelled-by-shop":             usd(order.Cancelled, order.RequestedByShop),
		"cancelled-without-explanation": usd(order.Cancelled, ""),
		"refunded-by-customer":          usd(order.Refunded, order.RequestedByCustomer),
		"refunded-by-shop":              usd(order.Refunded, order.RequestedByShop),
		"refunded-late":                 usd(order.Refunded, order.LatePayment),
		"refunded-at-provider":          usd(order.Refunded, order.RefundedAtProvider),
		"refunded-without-explanation":  usd(order.Refunded, ""),
		"refunded-expired":              usd(order.Refunded, order.PaymentExpired),
		"refunded-by-operator":          usd(order.Refunded, order.RequestedByOperator),
		"refunded-yen":                  in("JPY", 500, usd(order.Refunded, order.RequestedByCustomer)),
		"refunded-free":                 free(usd(order.Refunded, order.RequestedByCustomer)),
	}
}

func TestMailsReadAsTheyDidWhenSomebodyLastReadThem(t *testing.T) {
	for name, n := range goldenNotices() {
		for _, l := range Locales() {
			n.Locale = string(l)
			checkGolden(t, name+"."+string(l)+".txt", textOf(t, n))
		}
	}
	checkGolden(t, "paid-hostile-name.en.html", htmlOf(t, goldenNotices()["paid-hostile-name"]))
	chinese := goldenNotices()["cancelled-declined"]
	chinese.Locale = "zh-CN"
	checkGolden(t, "cancelled-declined.zh.html", htmlOf(t, chinese))
}

func TestNoGoldenFileIsLeftOver(t *testing.T) {
	want := map[string]bool{"paid-hostile-name.en.html": true, "cancelled-declined.zh.html": true}
	for name := range goldenNotices() {
		for _, l := range Locales() {
			want[name+"."+string(l)+".txt"] = true
		}
	}
	files, err := os.ReadDir(mails)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, f := range files {
		got[f.Name()] = true
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(mails, name)
	if *update {
		if err := cmp.Or(os.MkdirAll(mails, 0o755), os.WriteFile(path, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; read the new mail, then run go test ./internal/mail -update):\n%s", name, diff)
	}
}

func render(t *testing.T, n Notice) Message {
	t.Helper()
	m, err := Render(n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func textOf(t *testing.T, n Notice) string {
	t.Helper()
	m := render(t, n)
	return "Subject: " + m.Subject + "\n\n" + m.Text
}

func htmlOf(t *testing.T, n Notice) string {
	t.Helper()
	return render(t, n).HTML
}
