package load

import (
	"fmt"
	"slices"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

// charges is what the provider's ledger holds for one order.
type charges struct {
	known    bool // there is a ledger
	captures int
	minor    int64 // captured in the order's currency, minor units
	foreign  bool  // something was captured in another currency
}

func chargesOf(ledger *stripesandbox.Report, o api.PlaceOrder) charges {
	if ledger == nil {
		return charges{}
	}
	c := charges{known: true}
	for _, s := range ledger.Orders[string(o.OrderID)].Captured {
		c.captures += s.Captures
		if s.Currency == o.Currency {
			c.minor += s.Minor
		} else {
			c.foreign = true
		}
	}
	return c
}

// check returns what is not as it must be with an order that the API took.
func check(o Outcome, taken charges) []string {
	if !AtRest(o.Order.Status) {
		return nil // told as open
	}
	var wrong []string
	require := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	posted, got := o.Job.Order, o.Order
	require(got.Amount == posted.Amount && got.Currency == posted.Currency, "is stored with another amount or currency")
	require(got.UserID == posted.UserID, "is stored with another user")
	statuses, reason := expected(o.Job)
	require(slices.Contains(statuses, got.Status), "is %s, must be %s", got.Status, statuses[0])
	require(!slices.Contains(statuses, got.Status) || got.Reason == reason, "has reason %q, must have %q", got.Reason, reason)
	require(!got.Status.Told() || o.Mail != "", "has no mail that was sent or given up")
	if taken.known {
		require(taken.captures <= 1, "was captured %d times", taken.captures)
		require(!taken.foreign, "was captured in another currency")
		require(got.Status != order.Paid || taken.minor == got.Amount, "is PAID with %d captured of %d", taken.minor, got.Amount)
		require(got.Amount > 0 || taken.captures == 0, "is free and was captured")
		require(!without(got.Status) || taken.captures == 0, "is %s and was captured", got.Status)
	}
	return wrong
}

// without reports whether no money may have been taken for an order of a load in status s.
func without(s order.Status) bool {
	return s == order.Cancelling || s == order.Cancelled || s == order.Rejected
}

// expected returns how a job's order may end, the first status being the next one it comes to rest in.
func expected(j Job) ([]order.Status, order.Reason) {
	switch j.Fate {
	case Unknown:
		return []order.Status{order.Cancelling, order.Rejected}, order.UnknownUser
	case Blocked:
		return []order.Status{order.Cancelling, order.Rejected}, order.BlockedUser
	case Decline:
		if j.Order.Amount > 0 {
			return []order.Status{order.Cancelling, order.Cancelled}, order.CardDeclined
		}
	case Pays:
	}
	return []order.Status{order.Paid}, ""
}
