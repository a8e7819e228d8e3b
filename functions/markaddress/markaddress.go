// Package markaddress is the stage that marks addresses that refuse mail, by what SES reports of the mails that were sent to them.
//
// A mark stands beside the user's data together with the address that it is of,
// and holds only while that is the user's address. Nothing else depends on it
// but mail: no order and no payment changes by a bounce.
package markaddress

import (
	"context"
	"errors"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/user"
)

// Codes of this stage's outcomes.
const (
	CodeNoSuchOrder    outcome.Code = "no_such_order"
	CodeNoRefusal      outcome.Code = "no_refusal"      // the address may take the next mail
	CodeNoSuchUser     outcome.Code = "no_such_user"    // there is nobody to mark
	CodeAddressChanged outcome.Code = "address_changed" // the user has another one by now
)

// Orders reads the orders table.
type Orders interface {
	// Get returns an order, or order.ErrNotFound.
	Get(ctx context.Context, id order.ID) (order.Order, error)
}

// Users reads the users table and marks addresses in it.
type Users interface {
	// Get returns a user and whether there is one.
	Get(ctx context.Context, id order.UserID) (u user.User, found bool, err error)
	// RefuseMail notes beside the user's data that r's address refuses mail; doing it again changes nothing. The
	// error is user.ErrAddressChanged where r's address is not the user's, to the letter.
	RefuseMail(ctx context.Context, id order.UserID, r user.MailRefusal) error
}

// Stage is the stage. It is a [stage.Preparer] and a [stage.Handler], of the events that [Parse] returns.
type Stage struct {
	Orders Orders
	Users  Users
}

// Prepare reads nothing: bounces are few, and seldom come together.
func (s Stage) Prepare(context.Context, []event.Event) (stage.Handler, error) { return s, nil }

// Handle marks the address that a mail was sent to. No event follows from it.
func (s Stage) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	r, err := reportOf(in.Type(), in.Data())
	if err != nil {
		return nil, outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	if !r.final {
		return nil, outcome.Stale(CodeNoRefusal)
	}
	o, err := s.Orders.Get(ctx, r.order)
	if errors.Is(err, order.ErrNotFound) {
		return nil, outcome.Permanent(CodeNoSuchOrder, err)
	}
	if err != nil {
		return nil, fmt.Errorf("mark address for order %s: %w", r.order, err)
	}
	return nil, s.mark(ctx, o.UserID, r)
}

// mark marks the user's address where it still is the one of the report. The
// store compares to the letter, so it is given the address as the user's row spells it.
func (s Stage) mark(ctx context.Context, id order.UserID, r report) error {
	u, found, err := s.Users.Get(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("mark address for order %s: %w", r.order, err)
	case !found:
		return outcome.Stale(CodeNoSuchUser)
	case !user.SameAddress(u.Email, r.address):
		return outcome.Stale(CodeAddressChanged)
	}
	err = s.Users.RefuseMail(ctx, id, user.MailRefusal{Address: u.Email, Why: r.why, At: r.at})
	if errors.Is(err, user.ErrAddressChanged) {
		return outcome.Stale(CodeAddressChanged)
	}
	if err != nil {
		return fmt.Errorf("mark address for order %s: %w", r.order, err)
	}
	return nil
}
