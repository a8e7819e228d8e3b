package item

import (
	"fmt"
	"time"

	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// Names of the ledger's attributes, beside OrderID and Version.
const (
	Channel = "channel"
	State   = "state" // Claimed, or the notification.Result that settled the claim
	Until   = "until"
	Holder  = "holder"
	Settled = "settled_at"
)

// Claimed is the state of a row whose claim is not settled.
const Claimed = "CLAIMED"

// Entry is a row of the ledger of mails: the last claim on it, and how that ended.
type Entry struct {
	Claim     notification.Claim
	Result    notification.Result // empty while claimed
	SettledAt time.Time           // zero while claimed
}

// FromEntry returns e as an item of the notifications table.
func FromEntry(e Entry) Map {
	m := Map{
		OrderID: Text(string(e.Claim.OrderID)),
		Channel: Text(string(e.Claim.Channel)),
		Version: Number(e.Claim.Version),
		State:   Text(Claimed),
		Until:   Time(e.Claim.Until),
		Holder:  Text(e.Claim.Holder),
	}
	if e.Result != "" {
		m[State], m[Settled] = Text(string(e.Result)), Time(e.SettledAt)
	}
	return m
}

// Notification reads an item of the notifications table. The error is ErrBroken.
func Notification(m Map) (Entry, error) {
	r := reader{m: m}
	e := Entry{Claim: notification.Claim{
		OrderID: order.ID(r.text(OrderID)),
		Channel: notification.Channel(r.text(Channel)),
		Version: r.number(Version),
		Until:   r.time(Until),
		Holder:  r.text(Holder),
	}}
	if state := r.text(State); state != Claimed {
		e.Result, e.SettledAt = notification.Result(state), r.time(Settled)
	}
	if r.err != nil {
		return Entry{}, fmt.Errorf("ledger row of order %s: %w", e.Claim.OrderID, r.err)
	}
	return e, nil
}

// Released is when the lease of a claim ended that its holder gave up: the Unix epoch, before every other time.
var Released = time.Unix(0, 0).UTC()

// Stored returns e as it is read back.
func Stored(e Entry) (Entry, error) { return Notification(FromEntry(e)) }
