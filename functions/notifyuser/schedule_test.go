package notifyuser_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/functions/notifyuser"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/outcome"
)

// fault is what goes wrong with one delivery.
type fault string

const (
	fine            fault = "fine"
	throttled       fault = "throttled"         // nothing is sent, and the stage knows
	lostRequest     fault = "lost request"      // nothing is sent, and the stage does not know
	lostAnswer      fault = "lost answer"       // it is sent, and the stage does not know
	killedAfterSend fault = "killed after send" // it is sent, and nobody is left to say so
)

// Whatever the order of deliveries, and whatever fails: no mail goes back in time, none doubles but
// where the ledger could not know, and in the end the newest version is told.
func TestNoScheduleDoublesAMailThatWasKnownToBeSentOrSendsAnOlderOneLater(t *testing.T) {
	versions := map[int64]event.Event{2: updated(t, 2), 3: updated(t, 3), 4: updated(t, 4), 5: updated(t, 5)}
	rapid.Check(t, func(rt *rapid.T) {
		s := &schedule{world: newWorld(t, ada), t: t, events: versions, excused: map[int64]int{}}
		rt.Repeat(map[string]func(*rapid.T){
			"deliver": func(rt *rapid.T) { s.deliver(rt, 0) },
			"wait": func(rt *rapid.T) {
				s.clock = s.clock.Add(time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second)
			},
			"": s.check,
		})
		s.quiet(rt)
		s.check(rt)
	})
}

// schedule runs deliveries of some versions of one order.
type schedule struct {
	*world
	t         *testing.T
	events    map[int64]event.Event // by version
	delivered []int64
	excused   map[int64]int // doubles that could not be helped, by version
}

// deliver delivers a version, with a fault, and with another delivery in the middle of the send now and then.
func (s *schedule) deliver(rt *rapid.T, depth int) {
	version := rapid.Int64Range(2, 5).Draw(rt, "version")
	f := rapid.SampledFrom([]fault{fine, fine, throttled, lostRequest, lostAnswer, killedAfterSend}).Draw(rt, "fault")
	nested := depth < 2 && rapid.Bool().Draw(rt, "nested")
	s.delivered = append(s.delivered, version)
	s.Results = s.tables.Notifications
	if f == killedAfterSend {
		s.Results = killed{}
	}
	s.outbox.next = func(o *outbox, m mail.Mail) error {
		if nested {
			s.deliver(rt, depth+1)
		}
		return s.fail(f, o, m)
	}
	err := s.world.deliver(s.t, s.events[version])
	if kind, code := outcome.Of(err); kind == outcome.KindPermanent || kind == outcome.KindStale && code == notifyuser.CodeNothingToTell {
		rt.Errorf("version %d: got %s %q", version, kind, code)
	}
}

func (s *schedule) fail(f fault, o *outbox, m mail.Mail) error {
	switch f {
	case throttled:
		return &mail.Failure{Kind: mail.NotSent, Code: "mail_test"}
	case lostRequest:
		return &mail.Failure{Kind: mail.Uncertain, Code: "mail_test"}
	case lostAnswer:
		s.excused[m.Version]++
		o.sent = append(o.sent, m)
		return errors.New("connection reset")
	case killedAfterSend:
		s.excused[m.Version]++
	case fine:
	}
	o.sent = append(o.sent, m)
	return nil
}

func (s *schedule) check(rt *rapid.T) {
	told := s.outbox.versions()
	if !slices.IsSorted(told) {
		rt.Errorf("got mails of versions %v, want none after a newer one", told)
	}
	for _, v := range told {
		n := 0
		for _, w := range told {
			if w == v {
				n++
			}
		}
		if n > 1+s.excused[v] {
			rt.Errorf("got %d mails of version %d, want 1, and %d that could not be helped", n, v, s.excused[v])
		}
	}
}

// quiet delivers everything again with nothing failing, until all is acknowledged.
func (s *schedule) quiet(rt *rapid.T) {
	s.outbox.next, s.Results = nil, s.tables.Notifications
	s.clock = s.clock.Add(lease)
	for _, v := range s.delivered {
		if kind, code := outcome.Of(s.world.deliver(s.t, s.events[v])); kind != outcome.KindDone && kind != outcome.KindStale {
			rt.Errorf("version %d in quiet: got %s %q", v, kind, code)
		}
	}
	if len(s.delivered) == 0 {
		return
	}
	if newest := slices.Max(s.delivered); !slices.Contains(s.outbox.versions(), newest) {
		rt.Errorf("got mails of versions %v, want one of %d", s.outbox.versions(), newest)
	}
}
