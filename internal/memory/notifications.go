package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
)

// Notifications is the ledger of mails.
type Notifications struct {
	rows *table[item.Entry]
}

// Claim takes the lease on the row of c's order and channel. The error is
// notification.ErrBusy while somebody's lease on it lives, or
// notification.ErrSuperseded where the row is settled for c's version or a later
// one, or was last claimed for a later one. The very same claim made before is a
// success.
func (s *Notifications) Claim(ctx context.Context, c notification.Claim, now time.Time) error {
	err := s.change(ctx, c, func(before item.Entry, found bool) (item.Entry, error) {
		next, err := item.Stored(item.Entry{Claim: c})
		if err != nil || !found || before == next {
			return next, err
		}
		return next, item.Claimable(before, c, now)
	})
	if err != nil {
		return fmt.Errorf("claim mail of order %s: %w", c.OrderID, err)
	}
	return nil
}

// Settle ends c with r at that time. The error is notification.ErrLost where the
// row is not c's any more. Settled before by c with the same result is a success.
func (s *Notifications) Settle(ctx context.Context, c notification.Claim, r notification.Result, at time.Time) error {
	err := s.change(ctx, c, func(before item.Entry, found bool) (item.Entry, error) {
		if !found || !item.SameClaim(before.Claim, c) || before.Result != "" && before.Result != r {
			return item.Entry{}, notification.ErrLost
		}
		if before.Result == r {
			return before, nil
		}
		return item.Entry{Claim: before.Claim, Result: r, SettledAt: at}, nil
	})
	if err != nil {
		return fmt.Errorf("settle mail of order %s: %w", c.OrderID, err)
	}
	return nil
}

// Release ends c's lease where nothing was sent, so that the next claim of its
// version or a later one need not wait. The error is notification.ErrLost where
// the row is not c's any more, or is settled. Releasing twice is a success.
func (s *Notifications) Release(ctx context.Context, c notification.Claim) error {
	err := s.change(ctx, c, func(before item.Entry, found bool) (item.Entry, error) {
		if !found || !item.SameClaim(before.Claim, c) || before.Result != "" {
			return item.Entry{}, notification.ErrLost
		}
		before.Claim.Until = item.Released
		return before, nil
	})
	if err != nil {
		return fmt.Errorf("release mail of order %s: %w", c.OrderID, err)
	}
	return nil
}

// change replaces the row of c's order and channel by what f makes of it, as one step.
func (s *Notifications) change(ctx context.Context, c notification.Claim, f func(before item.Entry, found bool) (item.Entry, error)) error {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return err
	}
	if c.OrderID == "" || c.Channel == "" {
		return errEmptyKey
	}
	key := string(c.OrderID) + "\n" + string(c.Channel)
	before, found, err := s.rows.get(key)
	if err != nil {
		return err
	}
	next, err := f(before, found)
	if err != nil {
		return err
	}
	return s.rows.put(key, item.FromEntry(next))
}

// All returns every row of the ledger, sorted by order id and channel.
func (s *Notifications) All() []item.Entry { return s.rows.all() }
