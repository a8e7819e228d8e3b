package stripesandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/orderflow/orderflow/internal/stripesandbox"
)

func clientPay(t *testing.T, c *stripe.Client, order, method string) string {
	t.Helper()
	in := clientCreate(t, c, order, method)
	if _, err := c.V1PaymentIntents.Confirm(t.Context(), in.ID, confirmWith("c-"+order)); err != nil {
		t.Fatal(err)
	}
	return in.ID
}

func TestStripesClientRefundsReadsAndLists(t *testing.T) {
	c, s := newClient(t, stripesandbox.Options{})
	id := clientPay(t, c, "o1", "pm_card_pendingRefund")
	p := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(id), Amount: stripe.Int64(500), Reason: stripe.String("requested_by_customer"),
		Metadata: map[string]string{"order_id": "o1"},
	}
	p.SetIdempotencyKey("refund-o1-1")
	r, err := c.V1Refunds.Create(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if r.Object != "refund" || r.Status != stripe.RefundStatusPending || r.PendingReason != stripe.RefundPendingReasonProcessing || r.Amount != 500 ||
		r.Currency != "usd" || r.PaymentIntent.ID != id || r.Charge.ID == "" || r.Reason != stripe.RefundReasonRequestedByCustomer ||
		r.Metadata["order_id"] != "o1" || r.Created == 0 || r.FailureBalanceTransaction != nil {
		t.Errorf("refund %+v", r)
	}
	s.Ledger().Settle("o1")
	if got, err := c.V1Refunds.Retrieve(t.Context(), r.ID, nil); err != nil || got.Status != stripe.RefundStatusSucceeded {
		t.Errorf("settled %+v, %v", got, err)
	}
	s.Ledger().FailRefunds("o1", 1)
	failed, err := c.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{PaymentIntent: stripe.String(id)})
	if err != nil || failed.Status != stripe.RefundStatusFailed || failed.FailureReason != "declined" || failed.Amount != 1499 {
		t.Errorf("failed refund %+v, %v", failed, err)
	}
	if _, err := s.Ledger().RefundOrder("o1", 0); err != nil {
		t.Fatal(err)
	}
	var amounts []int64
	for r, err := range c.V1Refunds.List(t.Context(), &stripe.RefundListParams{
		PaymentIntent: stripe.String(id), ListParams: stripe.ListParams{Limit: stripe.Int64(1)},
	}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		amounts = append(amounts, r.Amount)
	}
	if diff := cmp.Diff([]int64{1499, 1499, 500}, amounts); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	_, err = c.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{PaymentIntent: stripe.String(id)})
	if e := stripeError(t, err); e.Code != stripe.ErrorCodeChargeAlreadyRefunded || e.HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("nothing left: %d %s", e.HTTPStatusCode, e.Code)
	}
}

func TestStripesClientReadsDisputes(t *testing.T) {
	c, s := newClient(t, stripesandbox.Options{})
	id := clientPay(t, c, "o1", "pm_card_createDispute")
	clientPay(t, c, "o2", "pm_card_createDispute")
	if _, err := s.Ledger().Dispute("o1", stripesandbox.UnderReview); err != nil {
		t.Fatal(err)
	}
	var found []*stripe.Dispute
	for d, err := range c.V1Disputes.List(t.Context(), &stripe.DisputeListParams{PaymentIntent: stripe.String(id)}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, d)
	}
	if len(found) != 1 || found[0].Status != stripe.DisputeStatusUnderReview || found[0].Amount != 1999 || found[0].Currency != "usd" ||
		found[0].PaymentIntent.ID != id || found[0].Charge.ID == "" || found[0].Reason != stripe.DisputeReasonFraudulent || found[0].IsChargeRefundable {
		t.Fatalf("listed %+v", found)
	}
	if d, err := c.V1Disputes.Retrieve(t.Context(), found[0].ID, nil); err != nil || d.Status != found[0].Status {
		t.Errorf("retrieved %+v, %v", d, err)
	}
	_, err := c.V1Refunds.Create(t.Context(), &stripe.RefundCreateParams{PaymentIntent: stripe.String(id)})
	if e := stripeError(t, err); e.Code != stripe.ErrorCodeChargeDisputed {
		t.Errorf("refunding a disputed charge: %s", e.Code)
	}
}

func TestStripesClientListsEvents(t *testing.T) {
	clk := newClock()
	c, s := newClient(t, stripesandbox.Options{Now: clk.now})
	t.Cleanup(s.Close)
	if err := s.SetWebhook(stripesandbox.WebhookEndpoint{URL: "http://flow.test", Secrets: []string{secret}}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddWebhookFault(stripesandbox.WebhookFault{Kind: stripesandbox.DropWebhook}); err != nil {
		t.Fatal(err)
	}
	clientPay(t, c, "early", "pm_card_visa")
	s.Advance(time.Minute)
	since := clk.now().Add(time.Minute).Unix()
	id := clientPay(t, c, "o1", "pm_card_visa")
	s.RemoveWebhook()
	clientPay(t, c, "delivered", "pm_card_visa")

	list := func(p *stripe.EventListParams) (types, objects []string) {
		p.Limit = stripe.Int64(2)
		for e, err := range c.V1Events.List(t.Context(), p).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			types, objects = append(types, string(e.Type)), append(objects, e.GetObjectValue("id"))
		}
		return types, objects
	}
	types, objects := list(&stripe.EventListParams{
		DeliverySuccess: stripe.Bool(false), CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since},
		Types: stripe.StringSlice([]string{"payment_intent.succeeded", "payment_intent.created"}),
	})
	if diff := cmp.Diff([]string{"payment_intent.succeeded", "payment_intent.created"}, types); diff != "" {
		t.Errorf("undelivered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{id, id}, objects); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if types, _ := list(&stripe.EventListParams{DeliverySuccess: stripe.Bool(true)}); len(types) != 3 {
		t.Errorf("delivered %v, want three", types)
	}
	if types, _ := list(&stripe.EventListParams{Type: stripe.String("charge.*")}); len(types) != 3 {
		t.Errorf("of charges %v, want three", types)
	}
	if types, _ := list(&stripe.EventListParams{}); len(types) != 9 {
		t.Errorf("all %v, want nine", types)
	}
	undelivered := allEvents(t, s.Ledger())[0].ID
	if e, err := c.V1Events.Retrieve(t.Context(), undelivered, nil); err != nil || e.PendingWebhooks != 1 || e.APIVersion != stripe.APIVersion || e.Request == nil {
		t.Errorf("retrieved %+v, %v", e, err)
	}
}

func TestWebhooksGoOverHTTP(t *testing.T) {
	arrived := make(chan stripe.Event, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/hook" {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		e, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), secret)
		if err != nil {
			t.Error(err)
		}
		arrived <- e
	}))
	defer server.Close()
	s := stripesandbox.New(stripesandbox.Options{})
	defer s.Close()
	if err := s.SetWebhook(stripesandbox.WebhookEndpoint{URL: server.URL + "/hook", Secrets: []string{secret}}); err != nil {
		t.Fatal(err)
	}
	id := mustCreate(t, s.Ledger(), ofOrder("o1", "pm_card_visa")).ID
	if e := <-arrived; e.Type != stripe.EventTypePaymentIntentCreated || e.GetObjectValue("id") != id {
		t.Errorf("arrived %s of %s", e.Type, e.GetObjectValue("id"))
	}
}
