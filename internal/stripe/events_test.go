package stripe_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
)

// occurrence is an event in Stripe's words.
func occurrence(id, eventType string, created int64, object string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2026-03-25.dahlia","created":%d,"type":%q,"pending_webhooks":1,"data":{"object":%s}}`,
		id, created, eventType, object)
}

const (
	intentObject = `{"id":"pi_1","object":"payment_intent","status":"succeeded"}`
	refundObject = `{"id":"re_1","object":"refund","payment_intent":"pi_1"}`
)

// about lists, for each type that concerns orders, an object that it comes with.
func about() map[string]string {
	out := map[string]string{
		"charge.refunded":                 `{"id":"ch_1","object":"charge","payment_intent":"pi_1"}`,
		"charge.refund.updated":           refundObject,
		"refund.created":                  refundObject,
		"refund.updated":                  refundObject,
		"refund.failed":                   refundObject,
		"charge.dispute.created":          `{"id":"dp_1","object":"dispute","payment_intent":"pi_1"}`,
		"charge.dispute.updated":          `{"id":"dp_1","object":"dispute","payment_intent":{"id":"pi_1","object":"payment_intent"}}`,
		"charge.dispute.closed":           `{"id":"dp_1","object":"dispute","payment_intent":"pi_1"}`,
		"charge.dispute.funds_withdrawn":  `{"id":"dp_1","object":"dispute","payment_intent":"pi_1"}`,
		"charge.dispute.funds_reinstated": `{"id":"dp_1","object":"dispute","payment_intent":"pi_1"}`,
	}
	for _, what := range []string{
		"canceled", "payment_failed", "processing", "requires_action", "succeeded",
	} {
		out["payment_intent."+what] = intentObject
	}
	return out
}

func ids(notices []payment.Notice) []string {
	var out []string
	for _, n := range notices {
		out = append(out, n.ID)
	}
	return out
}

func TestUndeliveredEventsComeOldestFirst(t *testing.T) {
	s := &shelf{}
	for i := range 5 {
		s.oldestFirst = append(s.oldestFirst, occurrence(fmt.Sprint("evt_", i), "payment_intent.succeeded", int64(100+i), intentObject))
	}
	since := time.Unix(100, 0)
	got, err := stripetest.New(s, time.Now).Undelivered(t.Context(), since, 100)
	if diff := cmp.Diff([]string{"evt_0", "evt_1", "evt_2", "evt_3", "evt_4"}, ids(got)); diff != "" || err != nil {
		t.Fatalf("%v, %s", err, diff)
	}
	want := payment.Notice{ID: "evt_1", Type: "payment_intent.succeeded", IntentID: "pi_1", Created: time.Unix(101, 0).UTC()}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Error(diff)
	}
	if len(s.queries) != 3 || s.paths[0] != "GET /v1/events" {
		t.Errorf("%d pages of %s, want 3", len(s.queries), s.paths[0])
	}
}

func TestOnlyUndeliveredEventsThatConcernOrdersAreAskedFor(t *testing.T) {
	s := &shelf{}
	if _, err := stripetest.New(s, time.Now).Undelivered(t.Context(), time.Unix(100, 0), 100); err != nil {
		t.Fatal(err)
	}
	got, err := url.ParseQuery(s.queries[0])
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for name, values := range got {
		if strings.HasPrefix(name, "types[") {
			types = append(types, values...)
			delete(got, name)
		}
	}
	if diff := cmp.Diff(url.Values{"delivery_success": {"false"}, "created[gte]": {"100"}, "limit": {"100"}}, got); diff != "" {
		t.Error(diff)
	}
	var want []string
	for eventType := range about() {
		want = append(want, eventType)
	}
	slices.Sort(types)
	slices.Sort(want)
	if diff := cmp.Diff(want, types); diff != "" {
		t.Error(diff)
	}
	if len(types) > 20 { // https://docs.stripe.com/api/events/list
		t.Errorf("%d types, Stripe takes 20", len(types))
	}
}

func TestOfTooManyUndeliveredEventsTheOldestAreGiven(t *testing.T) {
	s := &shelf{oldestFirst: []string{
		occurrence("evt_0", "refund.updated", 100, `{"id":"re_1","payment_intent":null}`),
		occurrence("evt_1", "refund.updated", 101, refundObject), occurrence("evt_2", "charge.refunded", 102, refundObject),
		occurrence("evt_3", "refund.updated", 103, refundObject),
	}}
	for limit, want := range map[int][]string{0: nil, 2: {"evt_1", "evt_2"}, 9: {"evt_1", "evt_2", "evt_3"}} {
		got, err := stripetest.New(s, time.Now).Undelivered(t.Context(), time.Unix(100, 0), limit)
		if diff := cmp.Diff(want, ids(got)); diff != "" || err != nil {
			t.Errorf("at most %d: %v, %s", limit, err, diff)
		}
	}
}

func TestUndeliveredEventOfAnotherAPIVersionIsReadToo(t *testing.T) {
	old := strings.Replace(occurrence("evt_1", "refund.updated", 100, refundObject), "2026-03-25.dahlia", "2020-08-27", 1)
	got, err := stripetest.New(&shelf{oldestFirst: []string{old}}, time.Now).Undelivered(t.Context(), time.Unix(1, 0), 10)
	if err != nil || len(got) != 1 || got[0].IntentID != "pi_1" {
		t.Errorf("%+v, %v, want one about pi_1", got, err)
	}
}

func TestUndeliveredEventThatCannotBeReadIsSaid(t *testing.T) {
	for _, e := range []string{
		occurrence("evt_1", "refund.updated", 100, `{"payment_intent":{"name":"jane"}}`),
		occurrence("evt_1", "payment_intent.succeeded", 100, `{"name":"jane"}`),
		occurrence("evt_1", "refund.updated", 100, `{"payment_intent":7}`),
		`{"id":"evt_1","type":"refund.updated"}`,
	} {
		_, err := stripetest.New(&shelf{oldestFirst: []string{e}}, time.Now).Undelivered(t.Context(), time.Unix(1, 0), 10)
		if !errors.Is(err, payment.ErrNotice) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: error %v, want ErrNotice", e, err)
		}
	}
}

func TestTheReadmeListsTheTypesOfTheWebhookEndpoint(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	list := "`" + strings.Join(stripe.WebhookTypes(), "`, `") + "`"
	if !strings.Contains(string(text), list) {
		t.Errorf("README.md lacks %s", list)
	}
}
