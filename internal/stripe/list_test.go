package stripe_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/payment"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripe/stripetest"
)

// shelf answers like one of Stripe's lists, two items a page: newest first, going on after an item
// (https://docs.stripe.com/api/pagination).
type shelf struct {
	oldestFirst []string // objects with an id
	queries     []string
	paths       []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.queries, s.paths = append(s.queries, r.URL.Query().Encode()), append(s.paths, r.Method+" "+r.URL.Path)
	items := slices.Clone(s.oldestFirst)
	slices.Reverse(items)
	if after := r.URL.Query().Get("starting_after"); after != "" {
		at := slices.IndexFunc(items, func(item string) bool { return idOf(item) == after })
		items = items[at+1:]
	}
	shown := items[:min(2, len(items))]
	fmt.Fprintf(w, `{"object":"list","url":%q,"has_more":%t,"data":[%s]}`, r.URL.Path, len(items) > 2, strings.Join(shown, ","))
}

func idOf(item string) string {
	var o struct{ ID string }
	_ = json.Unmarshal([]byte(item), &o) // a test's own
	return o.ID
}

func refund(id, status, failure string, amount int) string {
	return fmt.Sprintf(`{"id":%q,"object":"refund","status":%q,"failure_reason":%q,"amount":%d,"currency":"eur","payment_intent":"pi_1"}`,
		id, status, failure, amount)
}

func TestRefundsOfAllPagesComeOldestFirst(t *testing.T) {
	s := &shelf{oldestFirst: []string{
		refund("re_1", "failed", "lost_or_stolen_card", 1), refund("re_2", "canceled", "merchant_request", 2),
		refund("re_3", "failed", "", 3), refund("re_4", "failed", "Not A Reason", 4),
		refund("re_5", "succeeded", "", 5), refund("re_6", "pending", "", 6), refund("re_7", "requires_action", "", 7),
	}}
	got, err := stripetest.New(s, time.Now).Refunds(t.Context(), "pi_1")
	want := []payment.Refund{
		{ID: "re_1", Amount: 1, Failed: true, Reason: "lost_or_stolen_card"},
		{ID: "re_2", Amount: 2, Failed: true, Reason: "merchant_request"},
		{ID: "re_3", Amount: 3, Failed: true, Reason: "refund_failed"},
		{ID: "re_4", Amount: 4, Failed: true, Reason: "refund_failed"},
		{ID: "re_5", Amount: 5},
		{ID: "re_6", Amount: 6},
		{ID: "re_7", Amount: 7},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	if diff := cmp.Diff([]string{
		"limit=100&payment_intent=pi_1", "limit=100&payment_intent=pi_1&starting_after=re_6",
		"limit=100&payment_intent=pi_1&starting_after=re_4", "limit=100&payment_intent=pi_1&starting_after=re_2",
	}, s.queries); diff != "" {
		t.Error(diff)
	}
	if s.paths[0] != "GET /v1/refunds" {
		t.Errorf("asked %s", s.paths[0])
	}
}

func TestDisputesOfAllPagesComeOldestFirst(t *testing.T) {
	s := &shelf{}
	for i, status := range []string{"lost", "won", "needs_response"} {
		s.oldestFirst = append(s.oldestFirst, fmt.Sprintf(
			`{"id":"dp_%d","object":"dispute","status":%q,"amount":500000,"currency":"isk","payment_intent":"pi_1"}`, i+1, status))
	}
	got, err := stripetest.New(s, time.Now).Disputes(t.Context(), "pi_1")
	want := []payment.Dispute{
		{ID: "dp_1", Status: "lost", Amount: 5000}, {ID: "dp_2", Status: "won", Amount: 5000}, {ID: "dp_3", Status: "needs_response", Amount: 5000},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	if s.paths[0] != "GET /v1/disputes" || s.queries[0] != "limit=100&payment_intent=pi_1" || len(s.paths) != 2 {
		t.Errorf("asked %s for %s in %d pages", s.paths[0], s.queries[0], len(s.paths))
	}
}

func TestRefundIsInMinorUnits(t *testing.T) {
	for currency, want := range map[string]int64{"jpy": 500, "isk": 5, "mga": 50000, "kwd": 500} {
		s := &shelf{oldestFirst: []string{`{"id":"re_1","status":"succeeded","amount":500,"currency":"` + currency + `"}`}}
		got, err := stripetest.New(s, time.Now).Refunds(t.Context(), "pi_1")
		if err != nil || len(got) != 1 || got[0].Amount != want {
			t.Errorf("500 %s: %+v, %v, want %d", currency, got, err, want)
		}
	}
}

// lists are the calls that read a list.
var lists = map[string]func(*testing.T, *stripe.Client) (int, error){
	"refunds": func(t *testing.T, c *stripe.Client) (int, error) {
		l, err := c.Refunds(t.Context(), "pi_1")
		return len(l), err
	},
	"disputes": func(t *testing.T, c *stripe.Client) (int, error) {
		l, err := c.Disputes(t.Context(), "pi_1")
		return len(l), err
	},
	"events": func(t *testing.T, c *stripe.Client) (int, error) {
		l, err := c.Undelivered(t.Context(), time.Unix(1, 0), 10)
		return len(l), err
	},
}

func TestEmptyListIsEmpty(t *testing.T) {
	for name, list := range lists {
		if n, err := list(t, stripetest.New(&shelf{}, time.Now)); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func TestAnswerThatIsNoListIsUnclear(t *testing.T) {
	for name, list := range lists {
		for _, body := range []string{`{}`, `{"data":null}`, `{"data":7}`, `jane`, ``, `{"data":[{"amount":`} {
			n, err := list(t, stripetest.New(answering(200, body), time.Now))
			if n != 0 || !errors.Is(err, payment.ErrUnclear) || strings.Contains(err.Error(), "jane") {
				t.Errorf("%s: %s: %d, %v, want ErrUnclear", name, body, n, err)
			}
		}
	}
}

func TestItemThatCannotBeReadIsUnclear(t *testing.T) {
	for _, item := range []string{
		refund("", "succeeded", "", 1), refund("re_1", "", "", 1), refund("re_1", "new_status", "", 1),
		`{"id":"re_1","status":"succeeded","amount":1,"currency":"jane"}`,
	} {
		_, err := stripetest.New(&shelf{oldestFirst: []string{item}}, time.Now).Refunds(t.Context(), "pi_1")
		if !errors.Is(err, payment.ErrUnclear) || strings.Contains(err.Error(), "jane") {
			t.Errorf("refund %s: error %v, want ErrUnclear", item, err)
		}
	}
	for _, item := range []string{
		`{"id":"dp_1","status":"","amount":1,"currency":"eur"}`, `{"id":"","status":"won","amount":1,"currency":"eur"}`,
		`{"id":"dp_1","status":"won","amount":1,"currency":"jane"}`, `{"id":"dp_1","status":"Jane Doe","amount":1,"currency":"eur"}`,
	} {
		_, err := stripetest.New(&shelf{oldestFirst: []string{item}}, time.Now).Disputes(t.Context(), "pi_1")
		if !errors.Is(err, payment.ErrUnclear) {
			t.Errorf("dispute %s: error %v, want ErrUnclear", item, err)
		}
	}
}

func TestListThatBreaksOffGivesNothing(t *testing.T) {
	for name, list := range lists {
		calls := 0
		s := &shelf{oldestFirst: []string{
			`{"id":"a","status":"won","amount":1,"currency":"eur","data":{"object":{}},"type":"x"}`,
			`{"id":"b","status":"won","amount":1,"currency":"eur","data":{"object":{}},"type":"x"}`,
			`{"id":"c","status":"won","amount":1,"currency":"eur","data":{"object":{}},"type":"x"}`,
		}}
		if name == "refunds" {
			s.oldestFirst = []string{refund("a", "failed", "", 1), refund("b", "failed", "", 1), refund("c", "failed", "", 1)}
		}
		n, err := list(t, stripetest.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls++; calls > 1 {
				answering(500, `{"error":{"type":"api_error"}}`).ServeHTTP(w, r)
				return
			}
			s.ServeHTTP(w, r)
		}), time.Now))
		if n != 0 || !errors.Is(err, payment.ErrUnclear) || calls != 2 {
			t.Errorf("%s: %d, %v after %d calls, want ErrUnclear after 2", name, n, err, calls)
		}
	}
}

func TestRefusedKeyIsReplacedForListsToo(t *testing.T) {
	s := &shelf{oldestFirst: []string{refund("re_1", "pending", "", 1), refund("re_2", "pending", "", 2), refund("re_3", "pending", "", 3)}}
	rec := &recorder{next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer old" {
			answering(401, `{"error":{"type":"invalid_request_error"}}`).ServeHTTP(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})}
	client := stripe.New(&ring{first: "old", second: "sk_test_b"}, stripe.Options{
		BaseURL: "http://stripe.test", Transport: stripetest.Transport{Handler: rec},
	})
	got, err := client.Refunds(t.Context(), "pi_1")
	if err != nil || len(got) != 3 || len(rec.all) != 3 {
		t.Errorf("%d refunds in %d calls, %v, want 3 in 3", len(got), len(rec.all), err)
	}
}
