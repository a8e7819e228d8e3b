package replay

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Ways sends steps, each by its way. All fields are required.
type Ways struct {
	Client *sqs.Client
	By     string // the operator's name
	// Announce states again that the letter's order was recorded.
	Announce func(ctx context.Context, l Letter) error
	// Saga starts the saga of the letter's order and version.
	Saga func(ctx context.Context, l Letter) error
}

// Send returns one error for each step.
func (w Ways) Send(ctx context.Context, steps []Step) []error {
	errs := make([]error, len(steps))
	queued := map[string][]int{} // steps by the queue's URL
	for i, s := range steps {
		switch s.Way {
		case Announce:
			errs[i] = w.Announce(ctx, s.Letter)
		case Saga:
			errs[i] = w.Saga(ctx, s.Letter)
		case ToQueue, Leave:
			queued[s.Queue] = append(queued[s.Queue], i)
		}
	}
	for url, of := range queued {
		batch := make([]Outgoing, len(of))
		for n, i := range of {
			batch[n] = steps[i].Outgoing(w.By)
		}
		for n, err := range NewQueue(w.Client, url).Send(ctx, batch) {
			errs[of[n]] = err
		}
	}
	return errs
}
