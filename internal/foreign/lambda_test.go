package foreign_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/orderflow/orderflow/functions/relayorder"
	"github.com/orderflow/orderflow/functions/sweeporders"
	"github.com/orderflow/orderflow/internal/deadletter"
	"github.com/orderflow/orderflow/internal/httpapi"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/internal/sagatask"
)

// allAcknowledged is the answer by which SQS deletes the whole batch.
const allAcknowledged = `{"batchItemFailures":[]}`

// TestQueueFedFunctionsParkWhatIsForeign hands every sample to every function that a queue feeds, as a batch of SQS. What stands in the
// place of a message is given up for good: parked with a reason, and never delivered again.
func TestQueueFedFunctionsParkWhatIsForeign(t *testing.T) {
	handled := 0
	for _, s := range samples(t) {
		for name := range newWorld().queueFed() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				w := newWorld()
				answer, err := invoke(t, w.queueFed()[name].HandleBatch, s.text)
				in, ok := decoded[lambdaevents.SQSEvent](s.text)
				if !ok {
					undecodable(t, w, err)
					return
				}
				bodies := distinctBodies(in)
				w.parkedAll(t, name, bodies, answer, err)
				if len(bodies) > 0 {
					handled++
					w.discreet(t, s)
				}
			})
		}
	}
	if handled < 25 {
		t.Errorf("only %d batches had a message", handled)
	}
}

// TestQueueFedFunctionsParkForeignBodies puts every sample into a message: what a rule that matches too much, or a hand, sends to the queue.
func TestQueueFedFunctionsParkForeignBodies(t *testing.T) {
	for _, s := range samples(t) {
		for name := range newWorld().queueFed() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				w := newWorld()
				batch, err := json.Marshal(lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: ourMessage, ReceiptHandle: "r-1", Body: string(s.text)}}})
				if err != nil {
					t.Fatal(err)
				}
				answer, err := invoke(t, w.queueFed()[name].HandleBatch, batch)
				w.parkedAll(t, name, []string{string(s.text)}, answer, err)
				w.discreet(t, s)
			})
		}
	}
}

// distinctBodies returns the body of each message, once for a message that stands in the batch twice.
func distinctBodies(in lambdaevents.SQSEvent) []string {
	type message struct{ id, body string }
	seen := map[message]bool{}
	var bodies []string
	for _, m := range in.Records {
		if key := (message{m.MessageId, m.Body}); !seen[key] {
			seen[key] = true
			bodies = append(bodies, m.Body)
		}
	}
	return bodies
}

// parkedAll checks that a queue-fed function parked messages with these bodies, and acknowledged its batch.
func (w *world) parkedAll(t *testing.T, function string, bodies []string, answer []byte, err error) {
	t.Helper()
	if err != nil || string(answer) != allAcknowledged {
		t.Errorf("got %s, %v, want %s", answer, err, allAcknowledged)
	}
	if len(w.parked) != len(bodies) {
		t.Fatalf("got %d dead letters, want %d", len(w.parked), len(bodies))
	}
	left := map[string]int{}
	for _, body := range bodies {
		left[body]++
	}
	for _, letter := range w.parked {
		if left[letter.Body]--; left[letter.Body] < 0 {
			t.Errorf("got a dead letter with another body: %q", letter.Body)
		}
		if letter.Code != outcome.CodeInvalidEvent || letter.Function != function || !tellsNothing(letter) {
			t.Errorf("got %s of %s: %q, want %s of %s, and a reason that quotes nothing", letter.Code, letter.Function, letter.Reason, outcome.CodeInvalidEvent, function)
		}
	}
	w.nothingLeft(t)
}

// tellsNothing reports whether a letter has a reason, and one that quotes no text of the body. Words that our own sentences
// may have as well are too short to be told from a quotation.
func tellsNothing(l deadletter.Letter) bool {
	const quotation = 16
	return l.Reason != "" && !slices.ContainsFunc(leaves([]byte(l.Body)), func(text leaf) bool {
		return (len(text.text) >= quotation || strings.Contains(text.text, "@")) && strings.Contains(l.Reason, text.text)
	})
}

// TestTheRelayStatesNothingOfForeignRows hands every sample to the stream's function. A new row that is no order is parked, by its key alone; all else is passed over.
//
// Case: records of other kinds became events, or stopped the shard (iam-identity-center-team#558, aws-lambda-stream#426).
func TestTheRelayStatesNothingOfForeignRows(t *testing.T) {
	inserts, others := 0, 0
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld()
			_, err := invoke(t, w.relay, s.text)
			in, ok := decoded[lambdaevents.DynamoDBEvent](s.text)
			if !ok {
				undecodable(t, w, err)
				return
			}
			if err != nil {
				t.Errorf("got %v: the batch would come again", err)
			}
			fresh := 0
			for _, r := range in.Records {
				if r.EventName == relayorder.ChangeInsert {
					fresh++
				}
			}
			inserts, others = inserts+fresh, others+len(in.Records)-fresh
			if len(w.parked) != fresh {
				t.Errorf("got %d dead letters, want %d", len(w.parked), fresh)
			}
			for _, letter := range w.parked {
				var pointer relayorder.Pointer
				if err := json.Unmarshal([]byte(letter.Body), &pointer); err != nil || letter.Code != relayorder.CodeUnreadable || pointer.OrderID != "" {
					t.Errorf("got %s %s, %v, want %s and no order", letter.Code, letter.Body, err, relayorder.CodeUnreadable)
				}
			}
			w.nothingLeft(t)
			if len(in.Records) > 0 {
				w.discreet(t, s)
			}
		})
	}
	if inserts < 3 || others < 3 {
		t.Errorf("got %d new rows and %d other records, want some of both", inserts, others)
	}
}

// TestTheAPIRefusesForeignRequests hands every sample to every function that API Gateway calls. Whatever it is, nobody known is asking.
func TestTheAPIRefusesForeignRequests(t *testing.T) {
	answered := 0
	for _, s := range samples(t) {
		for name := range newWorld().apis() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				w := newWorld()
				answer, err := invoke(t, w.gateway(name, w.apis()[name]).Handle, s.text)
				if _, ok := decoded[lambdaevents.APIGatewayV2HTTPRequest](s.text); !ok {
					undecodable(t, w, err)
					return
				}
				answered++
				w.refused(t, s, answer, err)
			})
		}
	}
	if answered < leastSamples {
		t.Errorf("only %d requests were answered", answered)
	}
}

// TestTheAPIRefusesForeignBodies sends every sample as a shop that is known, over the right route.
func TestTheAPIRefusesForeignBodies(t *testing.T) {
	for _, s := range samples(t) {
		for name, a := range newWorld().apis() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				w := newWorld()
				w.route = a.route
				payload, err := json.Marshal(fromShop(a.route, s))
				if err != nil {
					t.Fatal(err)
				}
				answer, err := invoke(t, w.gateway(name, w.apis()[name]).Handle, payload)
				w.refused(t, s, answer, err)
			})
		}
	}
}

// fromShop is a request with s as its body, by a caller that may place orders.
func fromShop(route string, s sample) lambdaevents.APIGatewayV2HTTPRequest {
	method, path, _ := strings.Cut(route, " ")
	in := lambdaevents.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route, RawPath: path, Body: string(s.text),
		Headers:        map[string]string{"content-type": "application/json", "idempotency-key": "k-1", "stripe-signature": "t=1,v1=00"},
		PathParameters: map[string]string{"order_id": ourOrder},
	}
	in.RequestContext.RequestID = ourRequest
	in.RequestContext.HTTP.Method = method
	in.RequestContext.Authorizer = &lambdaevents.APIGatewayV2HTTPRequestContextAuthorizerDescription{
		JWT: &lambdaevents.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
			Claims: map[string]string{"token_use": "access", "client_id": "shop-1", "sub": "shop-1", "scope": httpapi.ShopScope},
		},
	}
	return in
}

// refused checks that a function of the API answered with a problem that is the caller's, and told nobody.
func (w *world) refused(t *testing.T, s sample, answer []byte, err error) {
	t.Helper()
	var got lambdaevents.APIGatewayV2HTTPResponse
	if err != nil || json.Unmarshal(answer, &got) != nil {
		t.Fatalf("got %s, %v, want an answer", answer, err)
	}
	var said struct {
		Type   problem.Type `json:"type"`
		Status int          `json:"status"`
	}
	if err := json.Unmarshal([]byte(got.Body), &said); err != nil || got.Headers["Content-Type"] != problem.ContentType {
		t.Fatalf("got %s, want a problem", answer)
	}
	if got.StatusCode < 400 || got.StatusCode >= 500 || said.Status != got.StatusCode || said.Type == "" {
		t.Errorf("got %d %s, want 4xx", got.StatusCode, got.Body)
	}
	if len(w.parked) != 0 {
		t.Errorf("got %d dead letters, want none", len(w.parked))
	}
	w.nothingLeft(t)
	w.discreet(t, s)
}

// TestTheSagaRefusesForeignTasks hands every sample to every step of the saga: no retry can make a task of it.
func TestTheSagaRefusesForeignTasks(t *testing.T) {
	for _, s := range samples(t) {
		for name := range newWorld().steps() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				w := newWorld()
				answer, err := invoke(t, w.steps()[name].Handle, s.text)
				if _, ok := decoded[json.RawMessage](s.text); !ok {
					undecodable(t, w, err)
					return
				}
				failure, ok := errors.AsType[messages.InvokeResponse_Error](err)
				if !ok || failure.Type != sagatask.Permanent || failure.Message != string(sagatask.CodeInvalidTask) {
					t.Errorf("got %s, %v, want the error %s: %s", answer, err, sagatask.Permanent, sagatask.CodeInvalidTask)
				}
				w.nothingLeft(t)
				w.discreet(t, s)
			})
		}
	}
}

// TestTheSweepDoesNotCareWhatStartsIt hands every sample to the scheduled function, which takes no input.
func TestTheSweepDoesNotCareWhatStartsIt(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld()
			answer, err := invoke(t, w.sweep().Sweep, s.text)
			var got sweeporders.Summary
			if err != nil || json.Unmarshal(answer, &got) != nil || got != (sweeporders.Summary{}) {
				t.Errorf("got %s, %v, want that there was nothing to do", answer, err)
			}
			w.nothingLeft(t)
			w.discreet(t, s)
		})
	}
}
