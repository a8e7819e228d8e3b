package stripesandbox

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How webhooks are sent where Options say nothing. Stripe tries for hours (https://docs.stripe.com/webhooks, retries).
const (
	webhookTries       = 5
	webhookBackoff     = time.Second
	webhookConcurrency = 8
	webhookAnswerTime  = 20 * time.Second
)

// Webhooks says how it stands with the webhooks.
type Webhooks struct {
	UnderWay    int `json:"under_way"`   // queued, being sent, or waiting for a delay or another try
	Held        int `json:"held"`        // by a fault, until they are released
	Undelivered int `json:"undelivered"` // events without an answer of 2xx so far, those above and dropped ones included
}

// courier sends events to the endpoint. It has goroutines only while there is something to send or to wait for.
type courier struct {
	send        func(*http.Request) (*http.Response, error)
	hangUp      func() // ends idle connections
	tries       int
	backoff     time.Duration
	concurrency int

	alive context.Context // until close
	stop  context.CancelFunc
	work  sync.WaitGroup

	mu       sync.Mutex
	endpoint *WebhookEndpoint // nil: nothing is sent
	faults   webhookFaults
	owed     map[string]bool // by event: wanted by the endpoint and not delivered
	held     []delivery
	queue    []parcel
	busy     int // workers
	waiting  int // parcels that wait for their time
	round    int // goes up with reset; what is of an earlier round is thrown away
}

// delivery is one webhook to be sent.
type delivery struct {
	event  Event
	forged bool
	tried  int
}

// parcel is webhooks that are sent one after the other.
type parcel struct {
	round int
	items []delivery
}

func newCourier(o Options) *courier {
	c := &courier{
		send: o.Send, hangUp: func() {}, tries: cmp.Or(o.WebhookTries, webhookTries), backoff: cmp.Or(o.WebhookBackoff, webhookBackoff),
		concurrency: cmp.Or(o.WebhookConcurrency, webhookConcurrency), owed: map[string]bool{},
	}
	if c.send == nil {
		client := &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: c.concurrency},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		c.send, c.hangUp = client.Do, client.CloseIdleConnections
	}
	c.alive, c.stop = context.WithCancel(context.Background())
	return c
}

// close stops and waits. What was not delivered stays so.
func (c *courier) close() {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.work.Wait()
	c.hangUp()
}

func (c *courier) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round++
	c.queue, c.held, c.faults = nil, nil, nil
	clear(c.owed)
}

func (c *courier) setEndpoint(w *WebhookEndpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoint = w
}

func (c *courier) setFaults(add func(webhookFaults) webhookFaults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = add(c.faults)
}

// owes reports whether the event was to be delivered and is not yet.
func (c *courier) owes(event string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owed[event]
}

func (c *courier) state() Webhooks {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Webhooks{UnderWay: len(c.queue) + c.busy + c.waiting, Held: len(c.held), Undelivered: len(c.owed)}
}

// accept takes charge of an event that has just happened.
func (c *courier) accept(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.endpoint == nil || !c.endpoint.wants(e.Type) {
		return
	}
	c.owed[e.ID] = true
	d := delivery{event: e}
	switch f := c.faults.take(e); f.Kind {
	case DropWebhook:
	case HoldWebhook:
		c.held = append(c.held, d)
	case DelayWebhook:
		c.later(f.delay(), d)
	case RepeatWebhook:
		for range f.Times {
			c.post(d)
		}
	case ForgeWebhook:
		c.post(delivery{event: e.forged(), forged: true})
		c.post(d)
	default:
		c.post(d)
	}
}

// release sends what was held, one after the other, and returns how many that is.
func (c *courier) release(reverse bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := c.held
	c.held = nil
	if reverse {
		slices.Reverse(items)
	}
	if len(items) > 0 {
		c.post(items...)
	}
	return len(items)
}

// resend sends an event whatever became of it before, and whatever faults there are.
func (c *courier) resend(e Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.endpoint == nil {
		return fmt.Errorf("%w: there is no endpoint", ErrWebhook)
	}
	c.post(delivery{event: e})
	return nil
}

// post queues a parcel; the lock is held.
func (c *courier) post(items ...delivery) {
	if c.alive.Err() != nil {
		return
	}
	c.queue = append(c.queue, parcel{c.round, items})
	if c.busy < c.concurrency {
		c.busy++
		c.work.Go(c.run)
	}
}

// later posts after a while; the lock is held.
func (c *courier) later(d time.Duration, items ...delivery) {
	if c.alive.Err() != nil {
		return
	}
	round := c.round
	c.waiting++
	c.work.Go(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.alive.Done():
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.waiting--
		if round == c.round {
			c.post(items...)
		}
	})
}

// run sends parcels until there are none.
func (c *courier) run() {
	for {
		p, ok := c.next()
		if !ok {
			return
		}
		for _, d := range p.items {
			c.deliver(p.round, d)
		}
	}
}

func (c *courier) next() (parcel, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.alive.Err() != nil {
		c.busy--
		return parcel{}, false
	}
	p := c.queue[0]
	c.queue = c.queue[1:]
	return p, true
}

// deliver makes one attempt and notes what came of it. Stripe gives up on events of an endpoint that is gone
// (https://docs.stripe.com/webhooks, disabled or deleted destinations).
func (c *courier) deliver(round int, d delivery) {
	c.mu.Lock()
	endpoint, stale := c.endpoint, round != c.round
	c.mu.Unlock()
	if stale || endpoint == nil {
		return
	}
	delivered := c.attempt(*endpoint, d)
	c.mu.Lock()
	defer c.mu.Unlock()
	d.tried++
	switch {
	case d.forged || round != c.round:
	case delivered:
		delete(c.owed, d.event.ID)
	case d.tried < c.tries:
		c.later(c.backoff<<(d.tried-1), d)
	}
}

// attempt sends one webhook and reports whether it was answered with 2xx.
func (c *courier) attempt(w WebhookEndpoint, d delivery) bool {
	payload, err := w.payload(d.event)
	if err != nil {
		return false
	}
	secrets := w.Secrets
	if d.forged {
		secrets = []string{forgedSecret}
	}
	ctx, cancel := context.WithTimeout(c.alive, webhookAnswerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(payload))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	r.Header.Set("Stripe-Signature", signature(time.Now(), payload, secrets))
	answer, err := c.send(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody)) // so that the connection can be used again
	return answer.StatusCode/100 == 2
}
