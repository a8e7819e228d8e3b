// Package notifyuser is the stage that tells the customer what became of an order, by one mail for each version that is worth telling.
//
// The ledger of mails decides who sends: a sender claims the order's row for a
// version above all that were told, sends, and settles the claim. SES knows no
// key for "the same mail", so a mail doubles where a sender was killed, or lost
// sight of SES, between sending and settling; and only there.
package notifyuser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/mail"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/stage"
	"github.com/orderflow/orderflow/internal/user"
)

// Codes of this stage. Beside them stand the codes of the mailer and of the tables.
const (
	CodeNothingToTell outcome.Code = "nothing_to_tell" // customers are not told of this status
	CodeBusy          outcome.Code = "busy"            // another sender is at it
	CodeSuperseded    outcome.Code = "superseded"      // told already, or of something newer
	CodeClaimLost     outcome.Code = "claim_lost"      // another sender took over after the lease
	CodeUncertain     outcome.Code = "mail_uncertain"  // the mail may have been sent
	CodeNotRendered   outcome.Code = "mail_not_rendered"
)

// Users reads the users table.
type Users interface {
	// GetMany returns those of the users that there are.
	GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error)
}

// Claims says who may send.
type Claims interface {
	// Claim takes the lease on the row of c's order. The error is notification.ErrBusy or notification.ErrSuperseded where it is not to be had.
	Claim(ctx context.Context, c notification.Claim, now time.Time) error
	// Release ends c's lease, for a sender that sent nothing.
	Release(ctx context.Context, c notification.Claim) error
}

// Results keeps what came of a claim.
type Results interface {
	// Settle ends c with r. The error is notification.ErrLost where another sender has the row.
	Settle(ctx context.Context, c notification.Claim, r notification.Result, at time.Time) error
}

// Mailer hands mails over.
type Mailer interface {
	// Send hands m over. An error is a *mail.Failure, or says nothing of whether the mail was sent.
	Send(ctx context.Context, m mail.Mail) error
}

// Stage is the stage. It is a [stage.Preparer].
type Stage struct {
	Users   Users
	Claims  Claims
	Results Results
	Mailer  Mailer

	// Lease is how long a claim lives. It must outlive the function's timeout, or two may send at once.
	Lease time.Duration
	Now   func() time.Time
	// Holder returns a name that no other claim ever had: two deliveries of one event must not both hold the row.
	Holder func() string
}

// Prepare reads the users of a whole batch at once. Where that fails, each record reads its own, so
// that one broken row holds up one record.
func (s Stage) Prepare(ctx context.Context, batch []event.Event) (stage.Handler, error) {
	var ids []order.UserID
	for _, in := range batch {
		// What cannot be read is told by Handle, record by record.
		if o, err := events.As[events.OrderUpdated](in); err == nil && o.Status.Told() {
			ids = append(ids, o.UserID)
		}
	}
	if len(ids) == 0 {
		return handler{Stage: s}, nil
	}
	users, err := s.Users.GetMany(ctx, ids)
	if err != nil {
		return handler{Stage: s}, nil //nolint:nilerr // each record reads again, and returns the error as its own
	}
	return handler{s, users}, nil
}

// handler handles one batch. Its users are nil where they are not known.
type handler struct {
	Stage
	users map[order.UserID]user.User
}

// Handle tells the customer of an OrderUpdated. No event follows from it.
func (h handler) Handle(ctx context.Context, in event.Event) ([]event.Event, error) {
	o, err := events.As[events.OrderUpdated](in)
	if err != nil {
		return nil, outcome.Permanent(outcome.CodeInvalidEvent, err)
	}
	if !o.Status.Told() {
		return nil, outcome.Stale(CodeNothingToTell)
	}
	u, err := h.user(ctx, o.UserID)
	if err != nil {
		return nil, fmt.Errorf("notify user of order %s: %w", o.OrderID, err)
	}
	message, err := mail.Render(noticeOf(o, u))
	if err != nil {
		return nil, outcome.Permanent(CodeNotRendered, fmt.Errorf("notify user of order %s: %w", o.OrderID, err))
	}
	m := mail.Mail{To: u.MailTo(), Message: message, OrderID: o.OrderID, Version: o.Version}
	return nil, h.tell(ctx, m, withoutAddress(u))
}

// withoutAddress is what becomes of a mail to u where there is no address to send it to.
func withoutAddress(u user.User) notification.Result {
	if u.Email != "" {
		return notification.Suppressed
	}
	return notification.NoAddress
}

// user returns the user, who is empty where there is none.
func (h handler) user(ctx context.Context, id order.UserID) (user.User, error) {
	if h.users != nil {
		return h.users[id], nil
	}
	users, err := h.Users.GetMany(ctx, []order.UserID{id})
	return users[id], err
}

func noticeOf(o events.OrderUpdated, u user.User) mail.Notice {
	return mail.Notice{
		OrderID:  o.OrderID,
		Status:   o.Status,
		Reason:   o.Reason,
		Amount:   o.Amount,
		Currency: o.Currency,
		Name:     u.Name,
		Locale:   u.Locale,
	}
}

// tell sends m under a claim of its version. The result is unsent where m has no address.
func (h handler) tell(ctx context.Context, m mail.Mail, unsent notification.Result) error {
	now := h.Now()
	claim := notification.Claim{
		OrderID: m.OrderID,
		Channel: notification.Email,
		Version: m.Version,
		Until:   now.Add(h.Lease),
		Holder:  h.Holder(),
	}
	if err := h.Claims.Claim(ctx, claim, now); err != nil {
		return claimFailed(err)
	}
	result := unsent
	var err error
	if m.To != "" {
		result, err = h.send(ctx, m)
	}
	if err != nil {
		return h.notSent(ctx, claim, err)
	}
	return h.settle(ctx, claim, result)
}

func claimFailed(err error) error {
	switch {
	case errors.Is(err, notification.ErrBusy):
		return outcome.Transient(CodeBusy, err)
	case errors.Is(err, notification.ErrSuperseded):
		return outcome.Stale(CodeSuperseded)
	}
	return err
}

// send returns how telling the customer ended, or an error where it did not end.
func (h handler) send(ctx context.Context, m mail.Mail) (notification.Result, error) {
	err := h.Mailer.Send(ctx, m)
	if f, ok := errors.AsType[*mail.Failure](err); ok && f.Kind == mail.Refused {
		return notification.Refused, nil
	}
	return notification.Sent, err
}

// notSent gives the claim back where nothing was sent, so that the next delivery need not wait for the lease. Where
// the mail may have been sent the claim stays: a late success of this one would double the next one.
func (h handler) notSent(ctx context.Context, claim notification.Claim, err error) error {
	f, ok := errors.AsType[*mail.Failure](err)
	switch {
	case ok && f.Kind == mail.NotSent:
		return outcome.Transient(f.Code, errors.Join(err, h.release(ctx, claim)))
	case ok && f.Kind == mail.Invalid:
		return outcome.Permanent(f.Code, errors.Join(err, h.release(ctx, claim)))
	case ok:
		return outcome.Transient(f.Code, err)
	}
	return outcome.Transient(CodeUncertain, err)
}

// lastWord is how long the write after a send may take. It does not end with the
// record's own time: what SES said is lost with it.
const lastWord = 2 * time.Second

func (h handler) release(ctx context.Context, claim notification.Claim) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	return h.Claims.Release(ctx, claim)
}

// settle notes the result. A claim that another sender took over meanwhile is that sender's to settle.
func (h handler) settle(ctx context.Context, claim notification.Claim, result notification.Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	err := h.Results.Settle(ctx, claim, result, h.Now())
	if errors.Is(err, notification.ErrLost) {
		return outcome.Stale(CodeClaimLost)
	}
	return err
}
