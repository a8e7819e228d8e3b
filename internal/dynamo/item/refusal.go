package item

import (
	"slices"
	"time"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Holds reports whether c stands in o's history exactly as given, to the
// millisecond. A write that is refused although o holds c was done before, by
// the same writer: another one would at least have another time or cause.
func Holds(o order.Order, c order.Change) bool {
	c.At = c.At.UTC().Truncate(time.Millisecond)
	return slices.Contains(o.History, c)
}

// SameClaim reports whether a and b were made by the same holder for the same version. Whether its lease still lives plays no part.
func SameClaim(a, b notification.Claim) bool {
	return a.OrderID == b.OrderID && a.Channel == b.Channel && a.Version == b.Version && a.Holder == b.Holder
}

// Claimable says whether c may take the row before at now: nil,
// notification.ErrBusy or notification.ErrSuperseded.
func Claimable(before Entry, c notification.Claim, now time.Time) error {
	claimed := before.Result == ""
	switch {
	case claimed && before.Claim.Until.After(now):
		return notification.ErrBusy
	case claimed && before.Claim.Version > c.Version, !claimed && before.Claim.Version >= c.Version:
		return notification.ErrSuperseded
	default:
		return nil
	}
}
