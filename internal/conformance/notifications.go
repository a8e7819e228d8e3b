package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/notification"
)

// Times after the leases of the fixtures, which end a minute after noon.
var (
	atEnd   = noon.Add(time.Minute)
	justNot = atEnd.Add(-time.Millisecond)
)

// renewed returns a claim like [claim] whose lease ends an hour after noon.
func renewed(version int64, holder string) notification.Claim {
	c := claim(version, holder)
	c.Until = noon.Add(time.Hour)
	return c
}

func testClaim(t *testing.T, open Open) {
	run(t, open, []promise{
		{"a row that nobody claimed is free", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
		}},
		{"while a lease lives every other claim is ErrBusy, whatever its version", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			for _, version := range []int64{1, 2, 3, 4} {
				wantClaim(t, s, renewed(version, "b"), justNot, notification.ErrBusy)
			}
			wantClaim(t, s, renewed(4, "a"), justNot, notification.ErrBusy)
		}},
		{"the very same claim again is a success", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantClaim(t, s, claim(3, "b"), noon, notification.ErrBusy)
			wantSettle(t, s, claim(3, "a"), nil)
		}},
		{"a lease that ended frees its version and later ones", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantClaim(t, s, renewed(3, "b"), atEnd, nil)
			wantClaim(t, s, renewed(4, "c"), atEnd, notification.ErrBusy)
			wantClaim(t, s, claim(4, "c"), noon.Add(time.Hour), nil)
		}},
		{"a lease that ended does not free an older version", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantClaim(t, s, renewed(2, "b"), atEnd, notification.ErrSuperseded)
			wantClaim(t, s, renewed(3, "b"), atEnd, nil)
		}},
		{"a settled version and older ones are ErrSuperseded, a later one is free", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantSettle(t, s, claim(3, "a"), nil)
			for _, now := range []time.Time{noon, atEnd, noon.Add(time.Hour)} {
				wantClaim(t, s, renewed(3, "a"), now, notification.ErrSuperseded)
				wantClaim(t, s, claim(3, "a"), now, notification.ErrSuperseded)
				wantClaim(t, s, renewed(3, "b"), now, notification.ErrSuperseded)
				wantClaim(t, s, renewed(2, "b"), now, notification.ErrSuperseded)
			}
			wantClaim(t, s, renewed(4, "b"), noon, nil)
			wantClaim(t, s, renewed(5, "c"), noon, notification.ErrBusy)
		}},
		{"rows of other orders and channels are their own", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			order2, channel2 := claim(1, "b"), claim(1, "c")
			order2.OrderID, channel2.Channel = "o2", "post"
			wantClaim(t, s, order2, noon, nil)
			wantClaim(t, s, channel2, noon, nil)
		}},
		{"a claim of nothing is refused", func(t *testing.T, s Stores) {
			noOrder, noChannel := claim(1, "a"), claim(1, "a")
			noOrder.OrderID, noChannel.Channel = "", ""
			for _, c := range []notification.Claim{noOrder, noChannel} {
				if err := s.Notifications.Claim(t.Context(), c, noon); err == nil {
					t.Errorf("claim %v: no error", c)
				}
			}
		}},
		{"of claims at once one wins", func(t *testing.T, s Stores) {
			raceClaims(t, s, noon)
		}},
		{"of claims at once on an ended lease one wins", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(1, "dead"), noon, nil)
			raceClaims(t, s, atEnd)
		}},
	})
}

func raceClaims(t *testing.T, s Stores, now time.Time) {
	t.Helper()
	of := func(i int) notification.Claim { return renewed(int64(3+i%2), fmt.Sprint("holder-", i)) }
	errs := atOnce(20, func(i int) error { return s.Notifications.Claim(t.Context(), of(i), now) })
	winner := wantOneWinner(t, errs, is(notification.ErrBusy))
	wantSettle(t, s, of(winner), nil)
}

func testSettle(t *testing.T, open Open) {
	run(t, open, []promise{
		{"of a row that nobody claimed is ErrLost", func(t *testing.T, s Stores) {
			wantSettle(t, s, claim(3, "a"), notification.ErrLost)
			wantClaim(t, s, claim(3, "a"), noon, nil)
		}},
		{"of another's claim is ErrLost, and the lease lives on", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantSettle(t, s, claim(3, "b"), notification.ErrLost)
			wantSettle(t, s, claim(2, "a"), notification.ErrLost)
			wantClaim(t, s, claim(4, "c"), noon, notification.ErrBusy)
			wantSettle(t, s, claim(3, "a"), nil)
		}},
		{"after a take-over is ErrLost", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantClaim(t, s, renewed(3, "b"), atEnd, nil)
			wantSettle(t, s, claim(3, "a"), notification.ErrLost)
			wantSettle(t, s, renewed(3, "b"), nil)
			wantSettle(t, s, claim(3, "a"), notification.ErrLost)
		}},
		{"after the lease ended is a success while nobody took it", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			err := s.Notifications.Settle(t.Context(), claim(3, "a"), notification.Sent, noon.Add(time.Hour))
			wantError(t, "settle", err, nil)
			wantClaim(t, s, renewed(3, "b"), noon.Add(2*time.Hour), notification.ErrSuperseded)
		}},
		{"again with the same result is a success, with another ErrLost", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantSettle(t, s, claim(3, "a"), nil)
			wantSettle(t, s, claim(3, "a"), nil)
			err := s.Notifications.Settle(t.Context(), claim(3, "a"), notification.Refused, noon)
			wantError(t, "settle", err, notification.ErrLost)
		}},
		{"every result settles", func(t *testing.T, s Stores) {
			for i, r := range []notification.Result{notification.Sent, notification.Refused, notification.Suppressed, notification.NoAddress} {
				c := claim(int64(i+1), "a")
				wantClaim(t, s, c, noon, nil)
				wantError(t, string(r), s.Notifications.Settle(t.Context(), c, r, noon), nil)
				wantClaim(t, s, renewed(c.Version, "b"), noon, notification.ErrSuperseded)
			}
		}},
	})
}

func testRelease(t *testing.T, open Open) {
	run(t, open, []promise{
		{"frees the version for another at once", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantRelease(t, s, claim(3, "a"), nil)
			wantClaim(t, s, claim(3, "b"), noon, nil)
			wantRelease(t, s, claim(3, "a"), notification.ErrLost)
			wantClaim(t, s, claim(3, "c"), noon, notification.ErrBusy)
		}},
		{"frees a later version, not an older one", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantRelease(t, s, claim(3, "a"), nil)
			wantClaim(t, s, claim(2, "b"), noon, notification.ErrSuperseded)
			wantClaim(t, s, claim(4, "b"), noon, nil)
		}},
		{"by a stranger or of nothing is ErrLost, and the lease lives on", func(t *testing.T, s Stores) {
			wantRelease(t, s, claim(3, "a"), notification.ErrLost)
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantRelease(t, s, claim(3, "b"), notification.ErrLost)
			wantRelease(t, s, claim(2, "a"), notification.ErrLost)
			wantClaim(t, s, claim(3, "c"), noon, notification.ErrBusy)
		}},
		{"after settle is ErrLost, and the row stays settled", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantSettle(t, s, claim(3, "a"), nil)
			wantRelease(t, s, claim(3, "a"), notification.ErrLost)
			wantClaim(t, s, claim(3, "b"), noon, notification.ErrSuperseded)
		}},
		{"twice is a success", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantRelease(t, s, claim(3, "a"), nil)
			wantRelease(t, s, claim(3, "a"), nil)
		}},
		{"then settle is a success while nobody else claimed", func(t *testing.T, s Stores) {
			wantClaim(t, s, claim(3, "a"), noon, nil)
			wantRelease(t, s, claim(3, "a"), nil)
			wantSettle(t, s, claim(3, "a"), nil)
			wantClaim(t, s, claim(3, "b"), noon, notification.ErrSuperseded)
		}},
	})
}

func wantClaim(t *testing.T, s Stores, c notification.Claim, now time.Time, want error) {
	t.Helper()
	what := fmt.Sprintf("claim of version %d by %s at %s", c.Version, c.Holder, now.Format(time.TimeOnly))
	wantError(t, what, s.Notifications.Claim(t.Context(), c, now), want)
}

func wantSettle(t *testing.T, s Stores, c notification.Claim, want error) {
	t.Helper()
	what := fmt.Sprintf("settle of version %d by %s", c.Version, c.Holder)
	wantError(t, what, s.Notifications.Settle(t.Context(), c, notification.Sent, noon.Add(time.Second)), want)
}

func wantRelease(t *testing.T, s Stores, c notification.Claim, want error) {
	t.Helper()
	what := fmt.Sprintf("release of version %d by %s", c.Version, c.Holder)
	wantError(t, what, s.Notifications.Release(t.Context(), c), want)
}
