package stripesandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// DisputeStatus is a dispute's state (https://docs.stripe.com/api/disputes/object). Stripe's prevented is missing.
type DisputeStatus string

// The states of a dispute. Those that begin with a warning are an inquiry's, which takes no money yet.
const (
	NeedsResponse        DisputeStatus = "needs_response"
	UnderReview          DisputeStatus = "under_review"
	Won                  DisputeStatus = "won"
	Lost                 DisputeStatus = "lost"
	WarningNeedsResponse DisputeStatus = "warning_needs_response"
	WarningUnderReview   DisputeStatus = "warning_under_review"
	WarningClosed        DisputeStatus = "warning_closed"
)

// disputeMoves are the states that may follow each (https://docs.stripe.com/disputes/how-disputes-work): an inquiry may become a
// dispute, and what is won, lost or closed stays so.
var disputeMoves = map[DisputeStatus][]DisputeStatus{
	NeedsResponse:        {UnderReview, Won, Lost},
	UnderReview:          {Won, Lost},
	WarningNeedsResponse: {WarningUnderReview, WarningClosed, NeedsResponse},
	WarningUnderReview:   {WarningClosed, NeedsResponse},
	Won:                  nil,
	Lost:                 nil,
	WarningClosed:        nil,
}

// ErrDispute means that an order has nothing to dispute, or that its dispute can't become that.
var ErrDispute = errors.New("no such dispute")

// Dispute is a dispute as it stood when it was read: a copy, which no later call changes.
type Dispute struct {
	ID       string
	Status   DisputeStatus
	Intent   string
	Charge   string
	Order    string // of the intent
	Amount   int64  // in Stripe's unit
	Minor    int64  // Amount in ISO 4217 minor units
	Currency money.Currency
	Reason   string
	Created  time.Time
}

// refundable follows Stripe: not while the bank holds the money, nor once it is lost; an inquiry and a dispute that was won hinder
// no refund (https://docs.stripe.com/disputes/responding, https://docs.stripe.com/error-codes, charge_disputed).
func (d *Dispute) refundable() bool {
	return !slices.Contains([]DisputeStatus{NeedsResponse, UnderReview, Lost}, d.Status)
}

func (d *Dispute) closed() bool { return len(disputeMoves[d.Status]) == 0 }

// Dispute moves the last dispute of an order's last charge to a status. It opens one if there is none, or if the last is closed and
// the status is one to begin with. The error is ErrDispute.
func (l *Ledger) Dispute(order string, to DisputeStatus) (Dispute, error) {
	if _, known := disputeMoves[to]; !known {
		return Dispute{}, fmt.Errorf("%w: unknown status", ErrDispute)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	in := l.captured(order)
	if in == nil {
		return Dispute{}, fmt.Errorf("%w: the order has no successful charge", ErrDispute)
	}
	d := l.disputeFor(in, to)
	if d.Status != to {
		if !slices.Contains(disputeMoves[d.Status], to) {
			return Dispute{}, fmt.Errorf("%w: %s can't become %s", ErrDispute, d.Status, to)
		}
		l.moveDispute(d, to)
	}
	return *d, nil
}

// disputeFor is the dispute that is to get to a status, opened if need be.
func (l *Ledger) disputeFor(in *Intent, to DisputeStatus) *Dispute {
	begin := NeedsResponse
	if strings.HasPrefix(string(to), "warning_") {
		begin = WarningNeedsResponse
	}
	known := l.disputesOf[in.ID]
	if len(known) == 0 || known[len(known)-1].closed() && to == begin {
		return l.dispute(in, begin, "general")
	}
	return known[len(known)-1]
}

// RetrieveDispute returns the dispute as it stands.
func (l *Ledger) RetrieveDispute(id string) (Dispute, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, err := l.disputes.find(id, "dispute")
	if err != nil {
		return Dispute{}, err
	}
	return *d, nil
}

// Disputes returns a page of disputes, newest first, and whether there are more.
func (l *Ledger) Disputes(p Page) ([]Dispute, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.disputes.page(p, func(d *Dispute) bool { return p.Intent == "" || d.Intent == p.Intent })
}

func (l *Ledger) dispute(in *Intent, first DisputeStatus, reason string) *Dispute {
	d := &Dispute{
		ID: l.newID("du"), Status: first, Intent: in.ID, Charge: in.LatestCharge, Order: in.Order(),
		Amount: in.Amount, Minor: in.Minor, Currency: in.Currency, Reason: reason, Created: l.now(),
	}
	l.disputes.put(d.ID, d)
	l.disputesOf[in.ID] = append(l.disputesOf[in.ID], d)
	l.emit(Event{Type: DisputeCreated, Order: d.Order, Dispute: snapshot(d)})
	return d
}

func (l *Ledger) moveDispute(d *Dispute, to DisputeStatus) {
	d.Status = to
	kind := DisputeUpdated
	if d.closed() {
		kind = DisputeClosed
	}
	l.emit(Event{Type: kind, Order: d.Order, Dispute: snapshot(d)})
}
