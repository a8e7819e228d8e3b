package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// charges is what the provider's ledger holds for one order.
type charges struct {
	known    bool // there is a ledger
	captures int
	refunds  int   // that have not failed
	captured int64 // in the order's currency, minor units
	refunded int64 // likewise, by refunds that have not failed
	foreign  bool  // something was captured in another currency
}

// net is what was captured and not given back.
func (c charges) net() int64 { return c.captured - c.refunded }

func chargesOf(ledger *stripesandbox.Report, o api.PlaceOrder) charges {
	c := charges{known: ledger != nil}
	for _, s := range sumsOf(ledger, o.OrderID) {
		c.captures += s.Captures
		c.refunds += s.Refunds
		if s.Currency == o.Currency {
			c.captured, c.refunded = s.Minor, s.RefundedMinor
		} else {
			c.foreign = true
		}
	}
	return c
}

// sumsOf returns what the ledger, which may be nil, adds up for one order, by currency.
func sumsOf(ledger *stripesandbox.Report, id order.ID) []stripesandbox.Sum {
	if ledger == nil {
		return nil
	}
	return ledger.Orders[string(id)].Captured
}

// wrongs collects what is not as it must be.
type wrongs []string

func (w *wrongs) add(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

func (w *wrongs) require(ok bool, format string, args ...any) {
	if !ok {
		w.add(format, args...)
	}
}

// check returns what is not as it must be with an order that the API took.
func check(o Outcome, taken charges) []string {
	var w wrongs
	w.require(taken.captures <= 1, "was captured %d times", taken.captures)
	w.require(!taken.foreign, "was captured in another currency")
	if o.CancelErr != nil {
		w.add("was not cancelled: %s", refusal(o.CancelErr))
	}
	if !o.rests() {
		return w // told as open
	}
	posted, got := o.Job.Order, o.Order
	w.require(got.Amount == posted.Amount && got.Currency == posted.Currency, "is stored with another amount or currency")
	w.require(got.UserID == posted.UserID, "is stored with another user")
	statuses, reason := expected(o.Job)
	ends := slices.Contains(statuses, got.Status)
	w.require(ends, "is %s, must be %s", standing(got), either(statuses))
	w.require(!ends || got.Reason == reason, "has reason %q, must have %q", got.Reason, reason)
	w.require(!got.Status.Told() || o.Mail != "", "has no mail about it that was sent or given up")
	if taken.known {
		w.checkMoney(got, taken)
	}
	return w
}

// checkMoney compares what became of o with the money that moved for it. Without a capture an order ends CANCELLED or REJECTED,
// with one PAID or REFUNDED.
func (w *wrongs) checkMoney(o order.Order, taken charges) {
	var due int64
	if o.Status == order.Paid {
		due = o.Amount
	}
	w.require(taken.net() == due, "is %s with %s %s net at the provider, must be %s",
		o.Status, money.Format(taken.net(), o.Currency), o.Currency, money.Format(due, o.Currency))
	w.require(o.Amount > 0 || taken.captures == 0, "is free and was captured")
	w.require(o.Status != order.Cancelled && o.Status != order.Rejected || taken.captures == 0, "is %s and was captured", o.Status)
	w.require(o.Status != order.Refunded || o.Amount == 0 || taken.captures > 0, "is REFUNDED and was never captured")
}

// expected returns how a job's order must end, and why.
func expected(j Job) ([]order.Status, order.Reason) {
	switch j.Fate {
	case Unknown:
		return []order.Status{order.Rejected}, order.UnknownUser
	case Blocked:
		return []order.Status{order.Rejected}, order.BlockedUser
	case Cancel:
		return []order.Status{order.Cancelled, order.Refunded}, order.RequestedByShop
	case Decline:
		if j.Order.Amount > 0 {
			return []order.Status{order.Cancelled}, order.CardDeclined
		}
	case Pays:
	}
	return []order.Status{order.Paid}, ""
}

// standing is o's status with its reason, where it has one.
func standing(o order.Order) string {
	if o.Reason == "" {
		return string(o.Status)
	}
	return fmt.Sprintf("%s (%s)", o.Status, o.Reason)
}

func either(statuses []order.Status) string {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s)
	}
	return strings.Join(names, " or ")
}

// refusal is err as one reads it behind the order's id: what the API said, where it did.
func refusal(err error) string {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e.Error()
	}
	return err.Error()
}
