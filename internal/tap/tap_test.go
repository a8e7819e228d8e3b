package tap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/tap"
	"github.com/orderflow/orderflow/internal/tap/taptest"
)

const bus = "orderflow-test"

var start = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func serve(t *testing.T) (*taptest.Server, aws.Config) {
	t.Helper()
	var s taptest.Server
	server := httptest.NewServer(&s)
	t.Cleanup(server.Close)
	return &s, aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func open(t *testing.T, conf aws.Config, f tap.Filter) *tap.Tap {
	t.Helper()
	opened, err := tap.Open(t.Context(), conf, bus, f, "Kim", start)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func receive(t *testing.T, from *tap.Tap) []string {
	t.Helper()
	got, err := from.Receive(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func nothingIsLeft(t *testing.T, s *taptest.Server) {
	t.Helper()
	if rules, queues := s.Names(); len(rules) > 0 || len(queues) > 0 {
		t.Errorf("got rules %v and queues %v, want none", rules, queues)
	}
}

func TestATapGetsWhatItsFilterSays(t *testing.T) {
	updated := string(events.TypeOrderUpdated)
	for name, c := range map[string]struct {
		filter tap.Filter
		want   []string
	}{
		"all, enveloped": {tap.Filter{}, []string{
			`{"version":"0","id":"bridge-1","detail-type":"com.orderflow.OrderUpdated.v1","source":"orderflow.orders","detail":{"n":1}}`,
			`{"version":"0","id":"bridge-2","detail-type":"other","source":"orderflow.users","detail":{"n":2}}`,
		}},
		"one type's details":  {tap.Filter{Types: []events.Type{events.TypeOrderUpdated}, DetailOnly: true}, []string{`{"n":1}`}},
		"one order's details": {tap.Filter{OrderID: "o-5", DetailOnly: true}, []string{`{"n":5,"subject":"o-5"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			s, conf := serve(t)
			opened := open(t, conf, c.filter)
			s.Publish(bus, "orderflow.orders", updated, `{"n":1}`)
			s.Publish(bus, "orderflow.users", "other", `{"n":2}`)
			s.Publish(bus, "somebody", updated, `{"n":3}`)
			s.Publish("another", "orderflow.orders", updated, `{"n":4}`)
			if c.filter.OrderID != "" {
				s.Publish(bus, "orderflow.orders", updated, `{"n":5,"subject":"o-5"}`)
				s.Publish(bus, "orderflow.orders", updated, `{"n":6,"subject":"o-6"}`)
			}
			if diff := cmp.Diff(c.want, receive(t, opened)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got := receive(t, opened); len(got) > 0 {
				t.Errorf("got %v again", got)
			}
		})
	}
}

func TestAMessageThatComesTwiceIsHandedOutOnce(t *testing.T) {
	s, conf := serve(t)
	opened := open(t, conf, tap.Filter{DetailOnly: true})
	s.Publish(bus, "orderflow.orders", "t", `{"n":1}`)
	receive(t, opened)
	_, queues := s.Names()
	s.Redeliver(queues[0], `{"n":1}`)
	if got := receive(t, opened); len(got) > 0 {
		t.Errorf("got %v again", got)
	}
}

func TestCloseRemovesRuleAndQueueAndMayBeRepeated(t *testing.T) {
	s, conf := serve(t)
	opened := open(t, conf, tap.Filter{})
	if rules, queues := s.Names(); len(rules) != 1 || len(queues) != 1 {
		t.Fatalf("got rules %v and queues %v, want one each", rules, queues)
	}
	for range 2 {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
	nothingIsLeft(t, s)
}

func TestCloseTriesAgainWhatFailed(t *testing.T) {
	for _, operation := range []string{"RemoveTargets", "DeleteRule", "DeleteQueue"} {
		s, conf := serve(t)
		opened := open(t, conf, tap.Filter{})
		s.Refuse(true, operation)
		if err := opened.Close(); err == nil {
			t.Errorf("%s: got no error", operation)
		}
		s.Refuse(false, operation)
		if err := opened.Close(); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		nothingIsLeft(t, s)
	}
}

func TestWhatWasGoneBeforeIsNoError(t *testing.T) {
	s, conf := serve(t)
	opened := open(t, conf, tap.Filter{})
	for _, l := range leftovers(t, conf) {
		if err := tap.Remove(t.Context(), conf, bus, l); err != nil {
			t.Fatal(err)
		}
	}
	nothingIsLeft(t, s)
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
}

func TestATapThatCannotBeOpenedLeavesNothing(t *testing.T) {
	for _, operation := range []string{"CreateQueue", "GetQueueAttributes", "PutRule", "SetQueueAttributes", "PutTargets"} {
		s, conf := serve(t)
		s.Refuse(true, operation)
		if _, err := tap.Open(t.Context(), conf, bus, tap.Filter{}, "kim", start); err == nil {
			t.Errorf("%s: got no error", operation)
		}
		nothingIsLeft(t, s)
	}
}

// stopping ends the context when the service has done the operation, before the caller learns of it.
type stopping struct {
	*taptest.Server
	after string
	stop  context.CancelFunc
}

func (s stopping) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+s.after) {
		s.Server.ServeHTTP(w, r)
		return
	}
	s.Server.ServeHTTP(httptest.NewRecorder(), r)
	s.stop()
	<-r.Context().Done()
}

func TestAnInterruptAtAnyPointLeavesNothing(t *testing.T) {
	for _, operation := range []string{"CreateQueue", "GetQueueAttributes", "PutRule", "SetQueueAttributes", "PutTargets"} {
		ctx, cancel := context.WithCancel(t.Context())
		s := stopping{new(taptest.Server), operation, cancel}
		server := httptest.NewServer(s)
		_, conf := serve(t)
		conf.BaseEndpoint = &server.URL
		if _, err := tap.Open(ctx, conf, bus, tap.Filter{}, "kim", start); err == nil {
			t.Errorf("%s: got no error", operation)
		}
		server.Close()
		nothingIsLeft(t, s.Server)
	}
}

func leftovers(t *testing.T, conf aws.Config) []tap.Leftover {
	t.Helper()
	found, err := tap.Leftovers(t.Context(), conf, bus)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheNameOfATapIsKnownAsOne(t *testing.T) {
	s, conf := serve(t)
	open(t, conf, tap.Filter{})
	rules, _ := s.Names()
	name := strings.TrimPrefix(rules[0], bus+"/")
	if !tap.Named(bus, name) {
		t.Errorf("%s is not known", name)
	}
	for _, other := range []string{bus + "-update-order", bus + "-tap-kim", "another-" + name, name + "-x"} {
		if tap.Named(bus, other) {
			t.Errorf("%s is taken for a tap", other)
		}
	}
}

func TestLeftoversAreFoundByOwnerAndStart(t *testing.T) {
	s, conf := serve(t)
	open(t, conf, tap.Filter{})
	if _, err := tap.Open(t.Context(), conf, bus+"-2", tap.Filter{}, "kim", start); err != nil {
		t.Fatal(err)
	}
	found := leftovers(t, conf)
	if len(found) != 1 || found[0].Owner != "kim" || !found[0].Started.Equal(start) {
		t.Fatalf("got %+v, want kim's of %s", found, start)
	}
	if err := tap.Remove(t.Context(), conf, bus, found[0]); err != nil {
		t.Fatal(err)
	}
	rules, queues := s.Names()
	if names := slices.Concat(rules, queues); len(names) != 2 || !strings.Contains(names[0], bus+"-2") || !strings.HasPrefix(names[1], bus+"-2") {
		t.Errorf("got %v left, want the other bus's", names)
	}
}

func TestNamesFitWhateverTheOwnerIsCalled(t *testing.T) {
	for _, owner := range []string{"", "王小明", "O'Neill, John <j@example.com>", strings.Repeat("long", 40)} {
		s, conf := serve(t)
		if _, err := tap.Open(t.Context(), conf, bus, tap.Filter{}, owner, start); err != nil {
			t.Errorf("%q: %v", owner, err)
			continue
		}
		_, queues := s.Names()
		if strings.Trim(queues[0], "abcdefghijklmnopqrstuvwxyz0123456789-TZ") != "" || len(queues[0]) > 64 {
			t.Errorf("%q: got name %s", owner, queues[0])
		}
		if found := leftovers(t, conf); len(found) != 1 || found[0].Owner == "" {
			t.Errorf("%q: got leftovers %+v, want one with an owner", owner, found)
		}
	}
}

func TestABusWithAnEndlessNameIsRefused(t *testing.T) {
	s, conf := serve(t)
	if _, err := tap.Open(t.Context(), conf, strings.Repeat("b", 60), tap.Filter{}, "kim", start); err == nil {
		t.Error("got no error")
	}
	nothingIsLeft(t, s)
}
