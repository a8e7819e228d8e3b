package replay_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/replay"
	"github.com/orderflow/orderflow/internal/replay/replaytest"
)

const (
	dead  = "UpdateOrder-dlq"
	alive = "UpdateOrder"
)

// wire is the way to the queues. Once it has carried its calls it is cut, so that nothing more gets through: to the queues
// that is a program that was killed.
type wire struct {
	calls    int  // that get through; negative: all
	lastOnly bool // whether the answer to the last one is lost with the program
}

var errCut = errors.New("the program is dead")

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.calls == 0 {
		return nil, errCut
	}
	w.calls--
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && w.calls == 0 && w.lastOnly {
		return nil, errors.Join(errCut, answer.Body.Close())
	}
	return answer, err
}

// world is a stage's queues, and the operator's journal.
type world struct {
	*replaytest.Server
	address string
	journal string
}

func newWorld(t *testing.T, letters int) *world {
	t.Helper()
	w := &world{Server: &replaytest.Server{Now: at}, journal: filepath.Join(t.TempDir(), "journal")}
	server := httptest.NewServer(w.Server)
	t.Cleanup(server.Close)
	w.address = server.URL
	for i := range letters {
		w.Put(dead, replaytest.Message{ID: fmt.Sprint("letter-", i), Body: body(i)})
	}
	w.Now = w.Now.Add(time.Minute)
	return w
}

func body(i int) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"event-%d","type":"com.orderflow.PaymentProcessed.v1","subject":"o-%d"}`, i, i)
}

func (w *world) client(through http.RoundTripper) *sqs.Client {
	return sqs.New(sqs.Options{
		BaseEndpoint: &w.address, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: through},
	})
}

// start starts a journal of a run over all letters.
func (w *world) start(t *testing.T, change func(*replay.Run)) *replay.Journal {
	t.Helper()
	run := replay.Run{Stage: "x", Queue: "update-order", URL: "http://sqs/0/" + dead, By: "kim", Started: w.Now}
	if change != nil {
		change(&run)
	}
	j, err := replay.Create(w.journal, run)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (w *world) resume(t *testing.T) *replay.Journal {
	t.Helper()
	j, err := replay.Open(w.journal)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (w *world) replay(t *testing.T, j *replay.Journal, through *wire) (replay.Report, error) {
	t.Helper()
	client := w.client(through)
	report, err := replay.Runner{
		Queue: replay.NewQueue(client, "http://sqs/0/"+dead), Journal: j, Pace: &replay.Pace{},
		Planner: replay.Planner{From: place(t, "update-order"), All: places(), MaxReplays: 5},
		Send:    replay.Ways{Client: client, By: "kim"}.Send,
	}.Run(t.Context())
	return report, errors.Join(err, j.Close())
}

func whole() *wire { return &wire{calls: -1} }

// counts returns how often each body is in a queue.
func (w *world) counts(queue string) map[string]int {
	n := map[string]int{}
	for _, m := range w.Messages(queue) {
		n[m.Body]++
	}
	return n
}

func TestALetterIsSentAndThenDeleted(t *testing.T) {
	w := newWorld(t, 25)
	report, err := w.replay(t, w.start(t, nil), whole())
	if diff := cmp.Diff(replay.Report{Sent: 25, Deleted: 25, Left: map[string]int{}}, report); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if n := w.counts(alive); len(n) != 25 || n[body(24)] != 1 || len(w.Messages(dead)) != 0 {
		t.Errorf("got %d in the stage's queue, and %d left", len(n), len(w.Messages(dead)))
	}
}

// Case: delete before send lost what a crash came upon (floci#3470, lumigo-CLI#41).
//
// The program dies after each call in turn, with or without having seen the answer, and is then resumed.
func TestAKillAtAnyMomentLosesNothingAndDoublesOnlyWhatWasInFlight(t *testing.T) {
	const letters, inFlight = 25, 10
	for _, unanswered := range []bool{false, true} {
		for calls, killed := 0, true; killed; calls++ {
			w := newWorld(t, letters)
			_, err := w.replay(t, w.start(t, nil), &wire{calls: calls, lastOnly: unanswered})
			killed = errors.Is(err, errCut)
			for i := range letters {
				if w.counts(alive)[body(i)]+w.counts(dead)[body(i)] == 0 {
					t.Fatalf("killed after %d calls: letter %d is lost", calls, i)
				}
			}
			if _, err := w.replay(t, w.resume(t), whole()); err != nil {
				t.Fatalf("killed after %d calls: resumed: %v", calls, err)
			}
			n := w.counts(alive)
			if len(n) != letters || len(w.Messages(alive)) > letters+inFlight || len(w.Messages(dead)) != 0 {
				t.Errorf("killed after %d calls: %d of %d letters were sent, in %d messages, %d are left",
					calls, len(n), letters, len(w.Messages(alive)), len(w.Messages(dead)))
			}
			if !unanswered && len(w.Messages(alive)) != letters {
				t.Errorf("killed after %d calls, all answered: got %d messages for %d letters", calls, len(w.Messages(alive)), letters)
			}
			if calls > 100 {
				t.Fatal("the program never gets through")
			}
		}
	}
}

// Case: failed entries of a batch were taken for done (wolverine PR#3503, autumn PR#2415).
func TestEntriesThatFailAreNeitherLostNorDeletedUnsent(t *testing.T) {
	w := newWorld(t, 20)
	w.OnSend = func(_ string, m replaytest.Message) bool { return m.Body == body(3) || m.Body == body(17) }
	w.OnDelete = func(m replaytest.Message) bool { return m.Body == body(5) }
	report, err := w.replay(t, w.start(t, nil), whole())
	if diff := cmp.Diff(replay.Report{Sent: 18, Deleted: 17, Undeleted: 1, Failed: 2, Left: map[string]int{}}, report); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if diff := cmp.Diff(map[string]int{body(3): 1, body(5): 1, body(17): 1}, w.counts(dead)); diff != "" || w.Visible(dead) != 3 {
		t.Errorf("%d visible (-want +got)\n%s", w.Visible(dead), diff)
	}
	w.OnSend, w.OnDelete = nil, nil
	report, err = w.replay(t, w.resume(t), whole())
	if diff := cmp.Diff(replay.Report{Sent: 2, Deleted: 3, Left: map[string]int{}}, report); diff != "" || err != nil {
		t.Errorf("resumed: %v (-want +got)\n%s", err, diff)
	}
	for i := range 20 {
		if n := w.counts(alive)[body(i)]; n != 1 {
			t.Errorf("letter %d was sent %d times", i, n)
		}
	}
}

func TestNothingThatCanBeSentStopsTheReplay(t *testing.T) {
	w := newWorld(t, 20)
	w.OnSend = func(string, replaytest.Message) bool { return true }
	report, err := w.replay(t, w.start(t, nil), whole())
	if !errors.Is(err, replay.ErrNothingSent) || report.Failed != 10 || w.Visible(dead) != 20 {
		t.Errorf("got %v, %+v, %d visible", err, report, w.Visible(dead))
	}
}

func TestWhatComesBackIsNotSentAgainAndStopsTheReplay(t *testing.T) {
	w := newWorld(t, 30)
	w.Bounce = map[string]string{alive: dead}
	report, err := w.replay(t, w.start(t, nil), whole())
	if !errors.Is(err, replay.ErrRefilled) || report.Sent != report.Deleted || report.Returned == 0 {
		t.Errorf("got %v and %+v", err, report)
	}
	if n := w.counts(dead); len(n) != 30 || len(w.Messages(dead)) != 30 || w.Visible(dead) != 30 {
		t.Errorf("got %d letters in %d messages, %d visible; want all 30 once", len(n), len(w.Messages(dead)), w.Visible(dead))
	}
}

func TestOnlyWhatWasThereAndIsMeantIsReplayed(t *testing.T) {
	w := newWorld(t, 12)
	w.Put(dead, replaytest.Message{Body: "no event", SentAt: at})
	j := w.start(t, func(r *replay.Run) { r.Filter.Older = time.Minute })
	w.Put(dead, replaytest.Message{Body: body(100)})
	w.Put(dead, replaytest.Message{Body: body(101), SentAt: at.Add(time.Second)})
	report, err := w.replay(t, j, whole())
	want := replay.Report{Sent: 12, Deleted: 12, Other: 1, Newer: 1, Left: map[string]int{"it is neither an event nor a known note": 1}}
	if diff := cmp.Diff(want, report); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if w.Visible(dead) != 3 {
		t.Errorf("%d are visible, want the other three given back", w.Visible(dead))
	}
}

func TestNoMoreThanTheMostAreSentEvenWhenResumed(t *testing.T) {
	w := newWorld(t, 30)
	for i, j := range []*replay.Journal{w.start(t, func(r *replay.Run) { r.Max = 13 }), nil} {
		if j == nil {
			j = w.resume(t)
		}
		if _, err := w.replay(t, j, whole()); err != nil || len(w.Messages(alive)) != 13 || w.Visible(dead) != 17 {
			t.Errorf("run %d: got %d sent, %d visible, %v", i, len(w.Messages(alive)), w.Visible(dead), err)
		}
	}
}

func TestKeptLettersStayAndAreSentOnce(t *testing.T) {
	w := newWorld(t, 12)
	for i, j := range []*replay.Journal{w.start(t, func(r *replay.Run) { r.Keep = true }), nil} {
		if j == nil {
			j = w.resume(t)
		}
		if _, err := w.replay(t, j, whole()); err != nil || len(w.Messages(alive)) != 12 || w.Visible(dead) != 12 {
			t.Errorf("run %d: got %d sent, %d visible, %v", i, len(w.Messages(alive)), w.Visible(dead), err)
		}
	}
}

// Case: a FIFO queue's group was lost (sqsmover#1), and what a message had beside its body.
func TestAMessageIsReplayedUnchanged(t *testing.T) {
	w := newWorld(t, 0)
	big := `{"specversion":"1.0","id":"big","subject":"o-1","data":"\u0000\u001b[2J` + strings.Repeat("x", 900<<10) + `"}`
	attributes := map[string]replaytest.Attribute{
		"text": {DataType: "String", StringValue: "ünï"}, "number": {DataType: "Number", StringValue: "1.50"}, "bytes": {DataType: "Binary", BinaryValue: []byte{0, 27, 255}},
	}
	for range 2 { // together they are too large for one call
		w.Put(dead, replaytest.Message{Body: big, Attributes: attributes, Trace: "Root=1-2", Group: "g-1", SentAt: at})
	}
	report, err := w.replay(t, w.start(t, nil), whole())
	if err != nil || report.Sent != 2 || len(w.Messages(dead)) != 0 {
		t.Fatalf("got %+v, %v", report, err)
	}
	got := w.Messages(alive)[1]
	if got.Body != big || got.Trace != "Root=1-2" || got.Group != "g-1" {
		t.Errorf("got %d bytes, trace %q, group %q", len(got.Body), got.Trace, got.Group)
	}
	attributes["ReplayCount"] = replaytest.Attribute{DataType: "Number", StringValue: "1"}
	attributes["ReplayedBy"] = replaytest.Attribute{DataType: "String", StringValue: "kim"}
	if diff := cmp.Diff(attributes, got.Attributes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAFIFOQueueGetsGroupAndDeduplicationID(t *testing.T) {
	w := newWorld(t, 0)
	queue := replay.NewQueue(w.client(whole()), "http://sqs/0/x.fifo")
	for _, err := range queue.Send(t.Context(), []replay.Outgoing{{Body: "a", Group: "g", Once: "m-1-0"}}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Messages("x.fifo")[0]; got.Group != "g" || got.Once != "m-1-0" {
		t.Errorf("got %+v", got)
	}
}

func TestALookGivesEverythingBack(t *testing.T) {
	for limit, want := range map[int]int{0: 25, 7: 7, 100: 25} {
		w := newWorld(t, 25)
		seen := map[string]bool{}
		err := replay.Survey(t.Context(), replay.NewQueue(w.client(whole()), "http://sqs/0/"+dead), limit, func(l replay.Letter) { seen[l.EventID] = true })
		if err != nil || len(seen) != want || w.Visible(dead) != 25 {
			t.Errorf("limit %d: got %d letters, %d visible, %v; want %d and 25", limit, len(seen), w.Visible(dead), err, want)
		}
	}
}

func TestTheRateIsKept(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 40} {
		w := newWorld(t, 60)
		now, began := at, at
		pace := &replay.Pace{PerSecond: rate, Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error {
			now = now.Add(d)
			return nil
		}}
		client := w.client(whole())
		j := w.start(t, nil)
		report, err := replay.Runner{
			Queue: replay.NewQueue(client, "http://sqs/0/"+dead), Journal: j, Pace: pace,
			Planner: replay.Planner{From: place(t, "update-order"), All: places(), MaxReplays: 5},
			Send:    replay.Ways{Client: client, By: "kim"}.Send,
		}.Run(t.Context())
		if err := errors.Join(err, j.Close()); err != nil || report.Sent != 60 {
			t.Fatalf("got %+v, %v", report, err)
		}
		got := 60 / now.Sub(began).Seconds()
		if got > rate*1.05 || got < rate*0.95 {
			t.Errorf("got %.2f a second, want %.2f", got, rate)
		}
	}
}
