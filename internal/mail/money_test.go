package mail

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
)

// everyReason is the reasons that we know and one that we do not.
func everyReason() []order.Reason {
	all := []order.Reason{"", "a_reason_of_next_year"}
	for r := range reasons {
		all = append(all, r)
	}
	return all
}

// ownReasons reads the constants of type Reason that package order declares.
func ownReasons(t *testing.T) []order.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "order", "status.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var own []order.Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Reason" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, order.Reason(text))
		}
		return true
	})
	if len(own) < 19 {
		t.Fatalf("found %d reasons of our own, want at least 19", len(own))
	}
	return own
}

func TestEveryReasonOfOurOwnIsSorted(t *testing.T) {
	for _, r := range ownReasons(t) {
		if _, ok := reasons[r]; !ok {
			t.Errorf("reason %q is not in the table of reasons", r)
		}
	}
}

func TestARefundNamesTheAmountAndLeavesTheDayToTheBank(t *testing.T) {
	for _, r := range everyReason() {
		for l, parts := range map[Locale][]string{
			English: {"Your refund of USD 19.99 is on its way", "depending on your bank"},
			Chinese: {"退款 USD 19.99 已发出", "取决于您的银行"},
		} {
			m := render(t, Notice{OrderID: "o1", Status: order.Refunded, Reason: r, Amount: 1999, Currency: "USD", Locale: string(l)})
			for _, part := range parts {
				if !strings.Contains(m.Text, part) {
					t.Errorf("%q in %s lacks %q:\n%s", r, l, part, m.Text)
				}
			}
		}
	}
}

func TestACancellationSaysThatNothingWasCharged(t *testing.T) {
	for _, r := range everyReason() {
		for _, s := range []order.Status{order.Cancelled, order.Rejected} {
			for l, part := range map[Locale]string{English: "You have not been charged.", Chinese: "您没有被扣款。"} {
				m := render(t, Notice{OrderID: "o1", Status: s, Reason: r, Amount: 1999, Currency: "USD", Locale: string(l)})
				if !strings.Contains(m.Text, part) || strings.Contains(m.Text, "refund") || strings.Contains(m.Text, "退款") {
					t.Errorf("%s(%q) in %s lacks %q or speaks of a refund:\n%s", s, r, l, part, m.Text)
				}
			}
		}
	}
}

// A free order that nobody took up in time expires like any other, and is not told that it was not paid.
func TestAFreeOrderDidNotEndForWantOfMoney(t *testing.T) {
	checked := 0
	for r, e := range reasons {
		if !e.cause.aboutMoney() {
			continue
		}
		for _, s := range []order.Status{order.Cancelled, order.Refunded} {
			for _, l := range Locales() {
				n := Notice{OrderID: "o1", Status: s, Currency: "USD", Locale: string(l)}
				want := render(t, n)
				n.Reason = r
				if diff := cmp.Diff(want, render(t, n)); diff != "" {
					t.Errorf("%s(%s) in %s differs from one without a reason (-want +got):\n%s", s, r, l, diff)
				}
				checked++
			}
		}
	}
	if checked < 100 {
		t.Errorf("checked %d mails, want at least 100", checked)
	}
}

func TestNoMoneyIsOnItsWayForAFreeOrder(t *testing.T) {
	for _, r := range everyReason() {
		for _, l := range Locales() {
			m := render(t, Notice{OrderID: "o1", Status: order.Refunded, Reason: r, Currency: "USD", Locale: string(l)})
			for _, word := range []string{"refund", "on its way", "bank", "退款", "已发出", "银行"} {
				if strings.Contains(m.Subject+m.Text, word) {
					t.Errorf("%q in %s says %q:\n%s", r, l, word, m.Text)
				}
			}
		}
	}
}
