package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/replay/replaytest"
)

// queues are a stage's queues beside the rest of it.
type queues struct {
	*replaytest.Server
	journal string
}

// newQueues gives a stage the queues of two functions, and those of no function's queue.
func newQueues(t *testing.T) (*stage, queues) {
	t.Helper()
	s, q := newStage(t), queues{&replaytest.Server{Now: time.Now().Add(-time.Hour)}, filepath.Join(t.TempDir(), "journal")}
	rest := s.url
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.") {
			q.ServeHTTP(w, r)
			return
		}
		if r.Header.Get("X-Amz-Target") != "" || r.URL.Path != "/" {
			forward(t, rest).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, strings.Replace(s.stack(), "</Outputs>", outputsOfQueues()+"</Outputs>", 1))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s, q
}

func outputsOfQueues() string {
	var b strings.Builder
	for _, pair := range []string{
		"UpdateOrderQueueUrl update-order", "UpdateOrderDeadLetterQueueUrl update-order-dlq", "ProcessPaymentQueueUrl process-payment",
		"ProcessPaymentDeadLetterQueueUrl process-payment-dlq", "RelayOrderDeadLetterQueueUrl relay-order-dlq", "UndeliverableQueueUrl undeliverable",
	} {
		output, queue, _ := strings.Cut(pair, " ")
		fmt.Fprintf(&b, "<member><OutputKey>%s</OutputKey><OutputValue>http://sqs/0/%s</OutputValue></member>", output, queue)
	}
	return b.String()
}

func forward(t *testing.T, to string) http.Handler {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", target.Scheme, target.Host
		answer, err := http.DefaultClient.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		var body bytes.Buffer
		if _, err := body.ReadFrom(answer.Body); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body.Bytes())
	})
}

// park puts a dead letter of an order into update-order's dead-letter queue.
func (q queues) park(id, code string) {
	attribute := func(s string) replaytest.Attribute { return replaytest.Attribute{DataType: "String", StringValue: s} }
	q.Put("update-order-dlq", replaytest.Message{
		Body: fmt.Sprintf(`{"specversion":"1.0","id":"event-%[1]s","type":"com.orderflow.PaymentProcessed.v1","subject":"%[1]s","data":{"secret":"of a customer\u001b[2J"}}`, id),
		Attributes: map[string]replaytest.Attribute{
			"Reason": attribute("the order is unknown"), "Function": attribute("update-order"), "ErrorCode": attribute(code),
		},
	})
}

func TestDeadLetterQueuesAreListed(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "no_such_order")
	q.park("o-2", "no_such_order")
	q.park("o-3", "forbidden")
	q.Put("undeliverable", replaytest.Message{Body: "?"})
	call(t, s, "", "dlq", "ls").want(t, exitOK, "queue            letters", "update-order           3   1h00m", "no_such_order 2, forbidden 1", "every_delivery_failed 1", "process-payment        0")
	call(t, s, "", "dlq", "ls", "--json").want(t, exitOK, `{"queue":"update-order","letters":3,"hidden":0,"looked":3,"oldest":"`, `"reasons":{"forbidden":1,"no_such_order":2}}`)
	call(t, s, "", "dlq", "ls", "--look", "0", "--json").want(t, exitOK, `{"queue":"update-order","letters":3,"hidden":0,"looked":0}`)
	if q.Visible("update-order-dlq") != 3 {
		t.Errorf("%d are visible after the looks, want all 3", q.Visible("update-order-dlq"))
	}
}

func TestAnAgeIsToldToTheMinute(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "0m", 12*time.Minute + 59*time.Second: "12m", 47*time.Hour + 5*time.Minute: "47h05m", 339 * time.Hour: "14d03h"} {
		if got := letterAge(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestALookShowsNoBodyUnlessAsked(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "no_such_order")
	q.park("o-2", "forbidden")
	for _, args := range [][]string{{}, {"--each"}, {"--json"}, {"--each", "--json"}} {
		got := call(t, s, "", append([]string{"dlq", "peek", "update-order"}, args...)...)
		got.want(t, exitOK, "no_such_order", "forbidden", "the order is unknown", "com.orderflow.PaymentProcessed.v1")
		if strings.Contains(got.out+got.err, "customer") {
			t.Errorf("%v printed a body: %s", args, got.out)
		}
	}
	call(t, s, "", "dlq", "peek", "update-order", "--each").want(t, exitOK, "order o-1  event event-o-1", "received 5, replayed 0 times")
	got := call(t, s, "", "dlq", "peek", "update-order", "--reveal", "--order", "o-2")
	got.want(t, exitOK, "of a customer", "forbidden")
	if strings.Contains(got.out, "o-1") {
		t.Errorf("the filter let another order through: %s", got.out)
	}
	call(t, s, "", "dlq", "peek", "update-order", "--older", "2h").want(t, exitOK, "there is no such letter")
	if q.Visible("update-order-dlq") != 2 {
		t.Errorf("%d are visible after the looks, want both", q.Visible("update-order-dlq"))
	}
}

func TestAPlanSendsNothing(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "forbidden")
	q.Put("update-order-dlq", replaytest.Message{Body: "poison"})
	call(t, s, "", "dlq", "replay", "update-order").want(t, exitOK,
		"send to the queue of update-order", "leave: it is neither an event nor a known note", "nothing was sent; --execute replays 1 letters")
	call(t, s, "", "dlq", "replay", "update-order", "--json").want(t, exitOK,
		`{"letters":1,"way":"queue","to":"update-order","type":"com.orderflow.PaymentProcessed.v1"}`, `{"letters":1,"way":"leave","why":"it is neither`)
	if len(q.Messages("update-order")) != 0 || q.Visible("update-order-dlq") != 2 {
		t.Errorf("%d sent, %d visible; want none sent and both there", len(q.Messages("update-order")), q.Visible("update-order-dlq"))
	}
}

func TestAReplayIsExecutedAndKeepsAJournalWithoutBodies(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "forbidden")
	q.park("o-2", "forbidden")
	got := call(t, s, "", "dlq", "replay", "update-order", "--order", "o-2", "--by", "kim", "--execute", "--journal", q.journal)
	got.want(t, exitOK, "1 letters sent, 1 deleted", "1 left: not meant", "journal: "+q.journal)
	sent := q.Messages("update-order")
	if len(sent) != 1 || sent[0].Attributes["ReplayedBy"].StringValue != "kim" || q.Visible("update-order-dlq") != 1 {
		t.Errorf("got %+v, and %d left", sent, q.Visible("update-order-dlq"))
	}
	text, err := os.ReadFile(q.journal)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"by":"kim"`) || !strings.Contains(string(text), "event-o-2") || strings.Contains(string(text), "customer") {
		t.Errorf("the journal is %s", text)
	}
}

func TestAReplayThatFailedInPartIsResumed(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "forbidden")
	q.park("o-2", "forbidden")
	q.OnSend = func(_ string, m replaytest.Message) bool { return strings.Contains(m.Body, "o-2") }
	call(t, s, "", "dlq", "replay", "update-order", "--execute", "--journal", q.journal, "--json").want(t, exitFailure,
		`{"sent":1,"deleted":1,"undeleted":0,"failed":1,`, "--resume "+q.journal, "1 letters could not be sent")
	q.OnSend = nil
	call(t, s, "", "dlq", "replay", "update-order", "--execute", "--resume", q.journal, "--json").want(t, exitOK, `{"sent":1,"deleted":1,"undeleted":0,"failed":0,`)
	if n := len(q.Messages("update-order")); n != 2 || len(q.Messages("update-order-dlq")) != 0 {
		t.Errorf("%d were sent, %d are left", n, len(q.Messages("update-order-dlq")))
	}
}

func TestAReplayThatComesBackEndsWithACodeOfItsOwn(t *testing.T) {
	s, q := newQueues(t)
	for i := range 12 {
		q.park(fmt.Sprint("o-", i), "forbidden")
	}
	q.Now = time.Now().Add(time.Minute) // when what is sent comes back
	q.Bounce = map[string]string{"update-order": "update-order-dlq"}
	call(t, s, "", "dlq", "replay", "update-order", "--execute", "--journal", q.journal).want(t, exitDisagree, "comes back to the dead-letter queue")
	if n := len(q.Messages("update-order-dlq")); n != 12 {
		t.Errorf("%d are left, want all 12", n)
	}
}

func TestWhatIsNoMessageOfAQueueGoesItsOwnWay(t *testing.T) {
	s, q := newQueues(t)
	s.orders["o-7"] = order.New(order.Order{ID: "o-7", UserID: "u-1", Amount: 1999, Currency: "USD", PlacedBy: "shop", PayloadHash: "hash"}, at)
	q.Put("relay-order-dlq", replaytest.Message{Body: `{"order_id":"o-7","event_name":"INSERT","sequence_number":"700"}`})
	call(t, s, "", "dlq", "replay", "relay-order", "--execute", "--journal", q.journal).want(t, exitOK, "1 letters sent, 1 deleted")
	if len(s.published) != 1 || !strings.Contains(s.published[0], `"com.orderflow.OrderRecorded.v1"`) || !strings.Contains(s.published[0], `"o-7"`) {
		t.Errorf("published %v, want OrderRecorded of o-7", s.published)
	}
	q.Put("undeliverable", replaytest.Message{
		Body:       `{"detail-type":"com.orderflow.OrderUpdated.v1","detail":{"specversion":"1.0","id":"e","type":"com.orderflow.OrderUpdated.v1","subject":"o-7","data":{"version":2}}}`,
		Attributes: map[string]replaytest.Attribute{"TARGET_ARN": {DataType: "String", StringValue: "arn:aws:states:us-east-1:000000000000:stateMachine:saga"}},
		SentAt:     time.Now().Add(-time.Hour),
	})
	call(t, s, "", "dlq", "replay", "undeliverable", "--execute", "--journal", q.journal+"2").want(t, exitOK, "1 letters sent, 1 deleted")
	if len(s.executions) != 1 || s.executions[0] != `{"order_id":"o-7","version":2}` {
		t.Errorf("executions %v, want one of o-7 at version 2", s.executions)
	}
	q.Put("relay-order-dlq", replaytest.Message{Body: `{"order_id":"o-8","event_name":"INSERT","sequence_number":"800"}`, SentAt: at})
	call(t, s, "", "dlq", "replay", "relay-order", "--execute", "--journal", q.journal+"3").want(t, exitNotFound, "nothing could be sent")
	if q.Visible("relay-order-dlq") != 1 {
		t.Error("the pointer to an order that is not there is gone")
	}
}

func TestProductionIsAskedForItsName(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "forbidden")
	args := []string{"dlq", "replay", "update-order", "--execute", "--stage", "prod", "--journal", q.journal}
	for _, answer := range []string{"", "yes\n"} {
		call(t, s, answer, args...).want(t, exitUsage, "Type the stage's name", "nothing was done")
	}
	if len(q.Messages("update-order")) != 0 {
		t.Error("something was sent unconfirmed")
	}
	call(t, s, "prod\n", args...).want(t, exitOK, "1 letters sent")
}

func TestAWrongDlqCommandDoesNothing(t *testing.T) {
	s, q := newQueues(t)
	q.park("o-1", "forbidden")
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(`{"stage":"local","queue":"process-payment","url":"http://sqs/0/process-payment-dlq"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(q.journal, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"ls", "--look=-1"},
		{"peek", "nowhere"},
		{"peek", "update-order", "--type", "NoSuchType"},
		{"peek", "update-order", "--limit=-1"},
		{"replay", "nowhere", "--execute"},
		{"replay", "update-order", "--rate", "0.01"},
		{"replay", "update-order", "--max=-1"},
		{"replay", "update-order", "--max-replays=0"},
		{"replay", "update-order", "--resume", other},
		{"replay", "update-order", "--execute", "--resume", other},
		{"replay", "update-order", "--execute", "--resume", q.journal},
		{"replay", "update-order", "--execute", "--resume", q.journal + ".not-there"},
		{"replay", "update-order", "--execute", "--resume", other, "--max", "3"},
		{"replay", "update-order", "--execute", "--journal", q.journal},
	} {
		call(t, s, "", append([]string{"dlq"}, args...)...).want(t, exitUsage, "orderflow: ")
	}
	if len(q.Messages("update-order")) != 0 || q.Visible("update-order-dlq") != 1 {
		t.Error("a wrong command did something")
	}
	for _, name := range []string{"ls", "peek", "replay"} {
		call(t, nil, "", "dlq", name, "--help").want(t, exitOK, "Usage: orderflow dlq "+name)
	}
}
