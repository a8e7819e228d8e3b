package stripe_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// paid returns an account with an order that is paid, and what asks for all of it back.
func paid(t *testing.T) (account, payment.RefundRequest) {
	t.Helper()
	a := open()
	i := a.create(t, "pm_card_visa")
	if _, err := a.client.Confirm(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	return a, payment.RefundRequest{OrderID: "o1", IntentID: i.ID, Amount: 1999, Currency: "EUR", Number: 1}
}

func (a account) wantRefunds(t *testing.T, intent string, want ...payment.Refund) {
	t.Helper()
	got, err := a.client.Refunds(t.Context(), intent)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(payment.Refund{}, "ID")); diff != "" || err != nil {
		t.Errorf("refunds: %v, %s", err, diff)
	}
}

// Case: a refund whose answer was lost was made twice (medusa#16681, saleor/apps#2446).
func TestMoneyGoesBackOnce(t *testing.T) {
	a, r := paid(t)
	for range 2 {
		if err := a.client.GiveBack(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r.Number = 2
	if err := a.client.GiveBack(t.Context(), r); !errors.Is(err, payment.ErrGivenBack) {
		t.Errorf("second refund: %v, want ErrGivenBack", err)
	}
	a.wantRefunds(t, r.IntentID, payment.Refund{Amount: 1999})
}

func TestMoneyGivenBackInTheDashboardIsNotGivenBackAgain(t *testing.T) {
	a, r := paid(t)
	if _, err := a.sandbox.Ledger().RefundOrder("o1", 500); err != nil {
		t.Fatal(err)
	}
	if err := a.client.GiveBack(t.Context(), r); !errors.Is(err, payment.ErrGivenBack) {
		t.Errorf("all of it: %v, want ErrGivenBack", err)
	}
	r.Amount, r.Number = 1499, 2
	if err := a.client.GiveBack(t.Context(), r); err != nil {
		t.Errorf("the rest: %v", err)
	}
	a.wantRefunds(t, r.IntentID, payment.Refund{Amount: 500}, payment.Refund{Amount: 1499})
}

func TestRefundThatFailsIsShownAndTheNextOneWorks(t *testing.T) {
	a, r := paid(t)
	a.sandbox.Ledger().FailRefunds("o1", 2)
	for r.Number = 1; r.Number <= 3; r.Number++ {
		if err := a.client.GiveBack(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	failed := payment.Refund{Amount: 1999, Failed: true, Reason: "declined"}
	a.wantRefunds(t, r.IntentID, failed, failed, payment.Refund{Amount: 1999})
}

func TestDisputedMoneyIsGivenBackOnlyOnceTheDisputeIsWon(t *testing.T) {
	a, r := paid(t)
	for _, c := range []struct {
		status stripesandbox.DisputeStatus
		reason order.Reason
	}{{stripesandbox.NeedsResponse, "charge_disputed"}, {stripesandbox.UnderReview, "charge_disputed"}, {stripesandbox.Won, ""}} {
		d, err := a.sandbox.Ledger().Dispute("o1", c.status)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.client.Disputes(t.Context(), r.IntentID)
		want := []payment.Dispute{{ID: d.ID, Status: order.Reason(c.status), Amount: 1999}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, %s", c.status, err, diff)
		}
		a.clock.advance(10 * time.Second) // Stripe keeps its refusals, too
		err = a.client.GiveBack(t.Context(), r)
		if c.reason != "" {
			wantDeclined(t, err, c.reason)
		} else if err != nil {
			t.Errorf("%s: %v", c.status, err)
		}
	}
	a.wantRefunds(t, r.IntentID, payment.Refund{Amount: 1999})
}

func TestRefundEndsAsOneWhateverStripeAnswersAtFirst(t *testing.T) {
	for _, kind := range []stripesandbox.FaultKind{
		stripesandbox.FailBefore, stripesandbox.FailAfter, stripesandbox.Unavailable, stripesandbox.RateLimited, stripesandbox.Down,
	} {
		t.Run(string(kind), func(t *testing.T) {
			a, r := paid(t)
			a.fault(t, stripesandbox.Fault{Kind: kind, Operation: stripesandbox.CreateRefund, Calls: 1})
			if err := a.client.GiveBack(t.Context(), r); !errors.Is(err, payment.ErrUnclear) {
				t.Errorf("first: %v, want ErrUnclear", err)
			}
			if err := a.client.GiveBack(t.Context(), r); err != nil && !errors.Is(err, payment.ErrGivenBack) {
				t.Errorf("second: %v, want none or ErrGivenBack", err)
			}
			a.wantRefunds(t, r.IntentID, payment.Refund{Amount: 1999})
		})
	}
}

func TestChargeThatTookNoMoneyHasNoneToGiveBack(t *testing.T) {
	a := open()
	i := a.create(t, "pm_card_visa")
	err := a.client.GiveBack(t.Context(), payment.RefundRequest{OrderID: "o1", IntentID: i.ID, Amount: 1999, Currency: "EUR", Number: 1})
	wantDeclined(t, err, order.RefundFailed)
	a.wantRefunds(t, i.ID)
}

// post is a webhook on its way.
type post struct {
	body      []byte
	signature string
}

// subscribed returns a sandbox whose webhooks go to sent, and a client.
func subscribed(t *testing.T, sent *[]post) (*stripesandbox.Sandbox, *stripe.Client) {
	t.Helper()
	sandbox := stripesandbox.New(stripesandbox.Options{
		WebhookConcurrency: 1,
		Send: func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			*sent = append(*sent, post{body, r.Header.Get("Stripe-Signature")})
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
		},
	})
	t.Cleanup(sandbox.Close)
	if err := sandbox.SetWebhook(stripesandbox.WebhookEndpoint{URL: "http://shop.test/", Secrets: []string{"whsec_old", "whsec_new"}}); err != nil {
		t.Fatal(err)
	}
	return sandbox, stripetest.New(sandbox, time.Now)
}

func TestWebhooksOfARefundedAndDisputedOrderNameItsIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []post
		sandbox, client := subscribed(t, &sent)
		i, err := client.Create(t.Context(), "o1", euros("pm_card_visa"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Confirm(t.Context(), i.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.Ledger().RefundOrder("o1", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.Ledger().Dispute("o1", stripesandbox.Lost); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		about := map[string]int{}
		for _, p := range sent {
			n, err := stripe.Read(p.body, p.signature, []string{"whsec_new"}, time.Now())
			if err != nil || n.IntentID != i.ID && n.IntentID != "" {
				t.Errorf("%s: %+v, %v, want it about %s", p.body, n, err, i.ID)
			}
			if n.IntentID != "" {
				about[n.Type]++
			}
		}
		want := map[string]int{
			"payment_intent.succeeded": 1, "refund.created": 1, "charge.refunded": 1,
			"charge.dispute.created": 1, "charge.dispute.closed": 1,
		}
		if diff := cmp.Diff(want, about); diff != "" {
			t.Error(diff)
		}
		if left, err := client.Undelivered(t.Context(), time.Now().Add(-time.Hour), 100); len(left) != 0 || err != nil {
			t.Errorf("undelivered: %v, %v, want none", left, err)
		}
	})
}

func TestForgedWebhookOfTheSandboxIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []post
		sandbox, client := subscribed(t, &sent)
		if err := sandbox.AddWebhookFault(stripesandbox.WebhookFault{Kind: stripesandbox.ForgeWebhook}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Create(t.Context(), "o1", euros("pm_card_visa")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var forged, genuine int
		for _, p := range sent {
			switch _, err := stripe.Read(p.body, p.signature, []string{"whsec_old"}, time.Now()); {
			case err == nil:
				genuine++
			case errors.Is(err, payment.ErrForged):
				forged++
			default:
				t.Error(err)
			}
		}
		if forged != 1 || genuine != 1 {
			t.Errorf("%d forged and %d genuine, want one of each", forged, genuine)
		}
	})
}

func TestEveryDroppedWebhookIsFoundAmongTheUndelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []post
		sandbox, client := subscribed(t, &sent)
		if err := sandbox.AddWebhookFault(stripesandbox.WebhookFault{Kind: stripesandbox.DropWebhook}); err != nil {
			t.Fatal(err)
		}
		const orders = 150 // more than a page
		began := time.Now()
		var want []string
		for n := range orders {
			i, err := client.Create(t.Context(), order.ID(fmt.Sprint("o", n)), euros("pm_card_visa"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Confirm(t.Context(), i.ID); err != nil {
				t.Fatal(err)
			}
			want = append(want, i.ID)
		}
		synctest.Wait()
		left, err := client.Undelivered(t.Context(), began, 1000)
		var got []string
		for _, n := range left {
			got = append(got, n.IntentID)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil || len(sent) != 0 {
			t.Errorf("%d sent, %v, %s", len(sent), err, diff)
		}
	})
}
