// Package queryuser is the stage that checks whether the user of a recorded order may buy.
//
// OrderRecorded becomes OrderVerified, with what to charge, or OrderRejected.
// The stage stores nothing, so its events bear the time of their cause.
package queryuser

import (
	"cmp"
	"context"
	"fmt"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/user"
)

// CodeBrokenUser means that the user's row holds something that no event may carry. Mend the row, then replay.
const CodeBrokenUser outcome.Code = "broken_user"

// Users reads the users table.
type Users interface {
	// GetMany returns those of the users that there are.
	GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error)
}

// Stage is the stage. It is a [stage.Preparer].
type Stage struct {
	Users Users
}

// Prepare reads the users of a whole batch at once.
func (s Stage) Prepare(ctx context.Context, batch []event.Event) (stage.Handler, error) {
	var ids []order.UserID
	for _, in := range batch {
		// What cannot be read is told by Handle, record by record.
		if o, err := events.As[events.OrderRecorded](in); err == nil {
			ids = append(ids, o.UserID)
		}
	}
	users, err := s.Users.GetMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("query users: %w", err)
	}
	return handler{users}, nil
}

// handler handles a batch whose users are known.
type handler struct {
	users map[order.UserID]user.User
}

// Handle returns OrderVerified or OrderRejected for an OrderRecorded.
func (h handler) Handle(_ context.Context, in event.Event) ([]event.Event, error) {
	o, err := events.As[events.OrderRecorded](in)
	if err != nil {
		return nil, outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	u, known := h.users[o.UserID]
	out, err := events.New(Decide(o, u, known), in.Time(), events.CauseOf(in))
	if err != nil {
		return nil, outcome.Permanent(CodeBrokenUser, fmt.Errorf("order %s: %w", o.OrderID, err))
	}
	return []event.Event{out}, nil
}

// Decide says whether the user may buy: known, active, and with something to charge. The order's own payment method goes before the user's.
func Decide(o events.OrderRecorded, u user.User, known bool) events.Data {
	method := cmp.Or(o.PaymentMethod, u.PaymentMethod)
	switch {
	case !known:
		return reject(o, order.UnknownUser)
	case u.Status != user.Active:
		return reject(o, order.BlockedUser)
	case u.Customer == "" || method == "":
		return reject(o, order.NoPaymentMethod)
	}
	return events.OrderVerified{
		OrderID:       o.OrderID,
		UserID:        o.UserID,
		Amount:        o.Amount,
		Currency:      o.Currency,
		Customer:      u.Customer,
		PaymentMethod: method,
	}
}

func reject(o events.OrderRecorded, reason order.Reason) events.OrderRejected {
	return events.OrderRejected{OrderID: o.OrderID, UserID: o.UserID, Reason: reason}
}
