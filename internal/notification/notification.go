// Package notification holds the ledger of mails: for each order and channel, the highest version of the order that the customer was told of.
//
// A sender claims the row for a version before it sends and settles it
// afterwards. The claim is a lease: a sender that dies leaves it behind, and
// after the lease ends another may send again. A sender that knows that nothing
// went out releases its claim, so that the next one need not wait.
package notification

import (
	"errors"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// Errors of a claim. Compare with errors.Is.
var (
	// ErrBusy means that somebody's lease on the row is alive, for whatever version: come again.
	ErrBusy = errors.New("another sender holds the claim")
	// ErrSuperseded means that the row is settled or claimed for this version or a later one.
	ErrSuperseded = errors.New("told already, or of something newer")
	// ErrLost means that the row is no longer claimed by this sender.
	ErrLost = errors.New("the claim was taken over")
)

// Channel is a way to reach a customer.
type Channel string

// Email is the one channel there is.
const Email Channel = "email"

// Claim is a lease on an order's row.
type Claim struct {
	OrderID order.ID
	Channel Channel
	Version int64     // of the order
	Until   time.Time // when the lease ends
	Holder  string    // tells this claim from another's for the same version
}

// Result is how the attempt to tell the customer ended.
type Result string

// The results that settle a claim.
const (
	Sent       Result = "SENT"
	Refused    Result = "REFUSED"    // the mail service refuses the address for good
	Suppressed Result = "SUPPRESSED" // nothing was sent, for the address refused an earlier mail
	NoAddress  Result = "NO_ADDRESS" // the user has none
)
