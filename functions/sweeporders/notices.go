package sweeporders

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/payment"
)

// notices does what lost webhooks would have done, and begins nothing more once until is over.
func (r *run) notices(ctx, until context.Context) {
	if until.Err() != nil {
		r.summary.Unfinished = true
		return
	}
	undelivered, err := r.Notices.Undelivered(ctx, r.now.Add(-r.Limits.UndeliveredWithin), maxNotices)
	if err != nil {
		r.fail("list_undelivered", "", "", payment.Classify(err))
		return
	}
	for chunk := range slices.Chunk(r.oneOfEachIntent(undelivered), workers) {
		if until.Err() != nil {
			r.summary.Unfinished = true
			return
		}
		r.reconcileAll(ctx, chunk)
	}
}

// oneOfEachIntent returns a notice of each intent, since what a notice says plays no part. The provider keeps showing those that were dealt
// with here, so which come first differs from sweep to sweep: each gets its turn, even where there are more than the time allows.
func (r *run) oneOfEachIntent(all []payment.Notice) []payment.Notice {
	seen := map[string]bool{"": true} // a notice about no intent is nothing to us
	notices := slices.DeleteFunc(slices.Clone(all), func(n payment.Notice) bool {
		again := seen[n.IntentID]
		seen[n.IntentID] = true
		return again
	})
	turn := rand.New(rand.NewPCG(uint64(r.now.UnixNano()), 0)) //nolint:gosec // fairness, not secrecy
	turn.Shuffle(len(notices), func(i, j int) { notices[i], notices[j] = notices[j], notices[i] })
	return notices
}

// reconcileAll reconciles the intents of some notices side by side, and publishes together what their rows say.
func (r *run) reconcileAll(ctx context.Context, notices []payment.Notice) {
	said := make([][]event.Event, len(notices))
	var wg sync.WaitGroup
	for i, n := range notices {
		wg.Go(func() { said[i] = r.reconcile(ctx, n) })
	}
	wg.Wait()
	var acts []act
	told := map[string]bool{}
	for i, n := range notices {
		for _, e := range said[i] {
			acts = append(acts, act{action: Recover, event: e, notice: n.ID})
			told[n.ID] = true
		}
	}
	for i, err := range r.publish(ctx, acts) {
		if err != nil {
			delete(told, acts[i].notice)
		}
	}
	r.summary.WebhooksRecovered += len(told)
}

func (r *run) reconcile(ctx context.Context, n payment.Notice) []event.Event {
	said, err := r.Reconciler.Reconcile(ctx, n.IntentID)
	if err != nil {
		r.fail("reconcile", "", n.ID, err)
		return nil
	}
	return said
}
