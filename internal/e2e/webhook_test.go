package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// bankDebit is a payment method whose result comes days later, bouncedDebit one whose result is a no.
const (
	bankDebit    = "pm_usBankAccount_success"
	bouncedDebit = "pm_usBankAccount_insufficientFunds"
)

// TestAWebhookBeforeTheAnswerPaysOnce has the provider charge and not answer: what pays the order is the webhook.
func TestAWebhookBeforeTheAnswerPaysOnce(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	fault(t, stripesandbox.Fault{Kind: stripesandbox.Hang, Operation: stripesandbox.Confirm, Order: string(id)})
	placedAt := time.Now()
	buy(t, id, "")
	reaches(t, order.Paid, id)
	if took := time.Since(placedAt); took > 6*time.Second {
		t.Errorf("paid after %s; the call itself gives up after 8 s, so it was not the webhook", took)
	}
	world.sandbox.ClearFaults()
	atRest(t)
	wantNet(t, id, price)
	if n := len(mailed(t, id)[id]); n != 1 {
		t.Errorf("got %d mails, want one", n)
	}
}

// TestWebhooksTwiceReorderedDroppedAndForgedChangeNothing plays every trick on the webhooks of payments that only webhooks or the sweep can end.
func TestWebhooksTwiceReorderedDroppedAndForgedChangeNothing(t *testing.T) {
	explain(t)
	kinds := []stripesandbox.WebhookFault{
		{Kind: stripesandbox.RepeatWebhook, Times: 5},
		{Kind: stripesandbox.DelayWebhook, DelayMillis: 500},
		{Kind: stripesandbox.HoldWebhook},
		{Kind: stripesandbox.DropWebhook},
		{Kind: stripesandbox.ForgeWebhook},
	}
	all := ids(t, 2*len(kinds))
	for i, id := range all {
		f := kinds[i/2]
		f.Order = string(id)
		webhookFault(t, f)
	}
	for i, id := range all {
		buy(t, id, []string{bankDebit, bouncedDebit}[i%2])
	}
	for _, id := range all {
		rowReaches(t, id, order.PaymentPending)
	}
	atRest(t)
	world.sandbox.ReleaseWebhooks(true)
	pause(t, time.Second) // for what a forged or a held one might do
	for _, o := range reaches(t, order.Recorded, all...) {
		if o.Version != 1 {
			t.Errorf("%s changed while the provider was still processing", o.ID)
		}
	}
	for _, id := range all {
		world.sandbox.Ledger().Settle(string(id))
	}
	pause(t, time.Second)
	world.sandbox.ReleaseWebhooks(true) // the newest first
	eventually(t, func() error {
		sweep(t) // which finds the dropped ones
		found, err := world.orders.GetMany(t.Context(), all)
		if err != nil {
			return err
		}
		for i, id := range all {
			if want := []order.Status{order.Paid, order.Cancelled}[i%2]; found[id].Status != want {
				return fmt.Errorf("%s (%s) is %s, want %s", id, kinds[i/2].Kind, found[id].Status, want)
			}
		}
		return nil
	})
	atRest(t)
	mails := mailed(t, all...)
	for i, id := range all {
		wantNet(t, id, []int64{price, 0}[i%2])
		if len(mails[id]) != 1 {
			t.Errorf("%s (%s): got %d mails, want one", id, kinds[i/2].Kind, len(mails[id]))
		}
	}
}

// TestAPaymentThatIsProcessingForTwoDays is paid then, or declined then; and the sweep does not let it expire meanwhile.
func TestAPaymentThatIsProcessingForTwoDaysIsPaidAndAnotherDeclined(t *testing.T) {
	explain(t)
	all := ids(t, 2)
	buy(t, all[0], bankDebit)
	buy(t, all[1], bouncedDebit)
	for _, id := range all {
		rowReaches(t, id, order.PaymentPending)
	}
	atRest(t)
	for _, id := range all {
		age(t, id, 48*time.Hour)
	}
	if did := sweep(t); did.Reannounced < 2 {
		t.Errorf("the sweep did %+v, want both announced again", did)
	}
	atRest(t)
	reaches(t, order.Recorded, all...)
	for _, id := range all {
		world.sandbox.Ledger().Settle(string(id))
	}
	reaches(t, order.Paid, all[0])
	if o := reaches(t, order.Cancelled, all[1])[all[1]]; o.Reason != order.InsufficientFunds {
		t.Errorf("got reason %s, want insufficient_funds", o.Reason)
	}
	wantNet(t, all[0], price)
	wantNet(t, all[1], 0)
}

// TestACancellationWhileThePaymentIsProcessingIsRefundedInTheEnd has the execution end quietly, and the sweep start another.
func TestACancellationWhileThePaymentIsProcessingIsRefundedInTheEnd(t *testing.T) {
	explain(t)
	id := ids(t, 1)[0]
	buy(t, id, bankDebit)
	rowReaches(t, id, order.PaymentPending)
	cancel(t, id)
	reaches(t, order.Cancelling, id)
	eventually(t, func() error {
		if n := len(executions(t, id)); n != 1 {
			return fmt.Errorf("%d executions, want 1", n)
		}
		return nil
	})
	world.sandbox.Ledger().Settle(string(id))
	rowReaches(t, id, order.PaymentSucceeded)
	atRest(t)
	age(t, id, 16*time.Minute)
	if did := sweep(t); did.SagaRestarted < 1 {
		t.Errorf("the sweep did %+v, want the saga started again", did)
	}
	reaches(t, order.Refunded, id)
	wantNet(t, id, 0)
}

// webhook posts a body to payment-webhook with a signature made by secret at a time.
func webhook(t *testing.T, body, secret string, at time.Time) (status int, answer string) {
	t.Helper()
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + body))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, world.webhook.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("stripe-signature", "t="+stamp+",v1="+hex.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestAWebhookIsBelievedForItsSignatureAndSaysWhatIsWrongWithIt(t *testing.T) {
	explain(t)
	secret := world.webhook.Secrets[0]
	const version = "2026-03-25.dahlia"
	event := func(version, kind, object string) string {
		return fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":"%s","created":1,"type":"%s","data":{"object":%s}}`, version, kind, object)
	}
	foreign := event(version, "payment_intent.succeeded", `{"id":"pi_nobodys","object":"payment_intent"}`)
	for _, c := range []struct {
		name, body, secret string
		at                 time.Time
		status             int
		says               string
	}{
		{"another secret", foreign, "whsec_other", time.Now(), 400, "invalid-signature"},
		{"made six minutes ago", foreign, secret, time.Now().Add(-6 * time.Minute), 400, "300 seconds"},
		{"another API version", event("2020-08-27", "payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent"}`), secret, time.Now(), 400, "2020-08-27"},
		{"no event", `{"object":"payment_intent"}`, secret, time.Now(), 400, "malformed-body"},
		{"a type that does not concern orders", event(version, "customer.created", `{"id":"cus_1","object":"customer"}`), secret, time.Now(), 200, "received"},
		{"an intent that the provider does not know", foreign, secret, time.Now(), 503, "unavailable"},
	} {
		if status, answer := webhook(t, c.body, c.secret, c.at); status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s: got %d %s, want %d and %q", c.name, status, answer, c.status, c.says)
		}
	}
}

func TestSweepingTwiceOrDuringNormalTrafficChangesNothing(t *testing.T) {
	explain(t)
	all := ids(t, 20)
	for _, id := range all[:10] {
		buy(t, id, "")
	}
	sweep(t)
	release := hold(t, "process-payment")
	for _, id := range all[10:] {
		buy(t, id, "")
	}
	for _, id := range all[10:] {
		age(t, id, 6*time.Minute) // each sweep announces them again, while the first announcement is on its way
	}
	for range 2 {
		if did := sweep(t); did.Reannounced < 10 {
			t.Errorf("the sweep did %+v, want ten announced again", did)
		}
	}
	release()
	sweep(t)
	before := reaches(t, order.Paid, all...)
	mailed(t, all...)
	atRest(t)
	sweep(t)
	sweep(t)
	atRest(t)
	if diff := cmp.Diff(before, reaches(t, order.Paid, all...)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	mails := mailsAbout(t, all...)
	for _, id := range all {
		wantNet(t, id, price)
		if len(mails[id]) != 1 {
			t.Errorf("%s: got %d mails, want one", id, len(mails[id]))
		}
	}
}

// TestAnOrderWhoseEventWasLostIsSweptUp takes OrderRecorded out of query-user's queue.
func TestAnOrderWhoseEventWasLostIsSweptUpAndOneThatNobodyPaysExpires(t *testing.T) {
	explain(t)
	release := hold(t, "query-user")
	all := ids(t, 2)
	for _, id := range all {
		buy(t, id, "")
	}
	lose(t, "query-user", len(all))
	release()
	age(t, all[0], 6*time.Minute)
	age(t, all[1], 25*time.Hour)
	if did := sweep(t); did.Reannounced < 1 || did.CancelRequested < 1 {
		t.Errorf("the sweep did %+v, want one announced again and one to be cancelled", did)
	}
	reaches(t, order.Paid, all[0])
	if o := reaches(t, order.Cancelled, all[1])[all[1]]; o.Reason != order.PaymentExpired {
		t.Errorf("got reason %s, want payment_expired", o.Reason)
	}
	wantNet(t, all[0], price)
	wantNet(t, all[1], 0)
	lastMailSays(t, all[1], "was not paid in time")
}
