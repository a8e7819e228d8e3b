package order

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/money"
)

// Errors of [Apply]. Compare with errors.Is.
var (
	// ErrStale means that the fact came too late to matter.
	ErrStale = errors.New("stale")
	// ErrTooEarly means that a fact which must come before this one has not yet been seen.
	ErrTooEarly = errors.New("too early")
	// ErrForbidden means that the fact cannot be true of this order.
	ErrForbidden = errors.New("forbidden")
)

// FactKind is a column of the transition table.
type FactKind string

// The facts that can change an order.
const (
	PaymentProcessed    FactKind = "PaymentProcessed"
	PaymentFailed       FactKind = "PaymentFailed"
	OrderRejected       FactKind = "OrderRejected"
	CancelRequested     FactKind = "OrderCancelRequested"
	PaymentRefunded     FactKind = "PaymentRefunded"
	PaymentRefundFailed FactKind = "PaymentRefundFailed"
)

// Asker is who asks for a cancellation: "customer", "shop", "sweep", or
// "operator" with an optional name behind a colon.
type Asker string

// The askers.
const (
	AskedByCustomer Asker = "customer"
	AskedByShop     Asker = "shop"
	AskedBySweep    Asker = "sweep"
	AskedByOperator Asker = "operator"
)

// IsOperator reports whether a is an operator, named or not.
func (a Asker) IsOperator() bool {
	return a == AskedByOperator || strings.HasPrefix(string(a), string(AskedByOperator)+":")
}

// Valid reports whether a has one of the forms of an asker.
func (a Asker) Valid() bool {
	if name, named := strings.CutPrefix(string(a), string(AskedByOperator)+":"); named {
		return validID(name)
	}
	return a == AskedByCustomer || a == AskedByShop || a == AskedBySweep || a == AskedByOperator
}

// Fact is what update-order was told about an order.
type Fact struct {
	Kind   FactKind
	Cause  string // id of the event
	Reason Reason // of PaymentFailed, OrderRejected, CancelRequested, PaymentRefundFailed
	Asker  Asker  // of CancelRequested

	Amount   int64          // of PaymentProcessed, minor units
	Currency money.Currency // of PaymentProcessed
}

// PaymentStatus is the state of a payments row.
type PaymentStatus string

// NoPayment stands for the payment intent's id where nothing was to be paid: the provider is never asked.
const NoPayment = "none"

// The states of a payments row.
const (
	PaymentOpen      PaymentStatus = "OPEN"
	PaymentPending   PaymentStatus = "PENDING"
	PaymentSucceeded PaymentStatus = "SUCCEEDED"
	PaymentDeclined  PaymentStatus = "DECLINED"
	PaymentVoided    PaymentStatus = "VOIDED"
	PaymentReturned  PaymentStatus = "REFUNDED"
)

// Decision is a change to be made to an order.
type Decision struct {
	Change Change
	// IfPayment, where not empty, is the status that the order's payments row must have at
	// the moment of the write, in the same transaction; otherwise the fact is stale.
	IfPayment PaymentStatus
}

// rule is a cell of the table.
type rule func(Fact) (Status, Reason, PaymentStatus, error)

// become changes the status and takes over the fact's own reason.
func become(s Status) rule {
	return func(f Fact) (Status, Reason, PaymentStatus, error) { return s, f.Reason, "", nil }
}

func becomeBecause(s Status, r Reason) rule {
	return func(Fact) (Status, Reason, PaymentStatus, error) { return s, r, "", nil }
}

func becomeIfPayment(p PaymentStatus, s Status, r Reason) rule {
	return func(Fact) (Status, Reason, PaymentStatus, error) { return s, r, p, nil }
}

func refuse(err error) rule {
	return func(Fact) (Status, Reason, PaymentStatus, error) { return "", "", "", err }
}

// askedBy applies r where the asker passes, and is stale otherwise.
func askedBy(pass func(Asker) bool, r rule) rule {
	return func(f Fact) (Status, Reason, PaymentStatus, error) {
		if !pass(f.Asker) {
			return "", "", "", ErrStale
		}
		return r(f)
	}
}

func notTheSweep(a Asker) bool { return a != AskedBySweep }

var (
	stale    = refuse(ErrStale)
	tooEarly = refuse(ErrTooEarly)
)

// table says what each fact does to an order in each status. A pair that is not in it is forbidden.
var table = map[Status]map[FactKind]rule{
	Recorded: {
		PaymentProcessed:    become(Paid),
		PaymentFailed:       become(Cancelling),
		OrderRejected:       become(Cancelling),
		CancelRequested:     become(Cancelling),
		PaymentRefunded:     tooEarly,
		PaymentRefundFailed: stale,
	},
	Paid: {
		PaymentProcessed:    stale,
		PaymentFailed:       stale,
		OrderRejected:       stale,
		CancelRequested:     askedBy(notTheSweep, become(Cancelling)),
		PaymentRefunded:     becomeIfPayment(PaymentReturned, Refunded, RefundedAtProvider),
		PaymentRefundFailed: stale,
	},
	// The saga reads the payments row itself, so nothing told meanwhile may change what it works on.
	Cancelling: allStale(),
	Cancelled:  closedWithoutMoney(),
	Rejected:   closedWithoutMoney(),
	Refunded: {
		PaymentProcessed:    stale,
		PaymentFailed:       stale,
		OrderRejected:       stale,
		CancelRequested:     stale,
		PaymentRefunded:     stale,
		PaymentRefundFailed: becomeIfPayment(PaymentSucceeded, NeedsAttention, RefundFailed),
	},
	NeedsAttention: {
		PaymentProcessed:    stale,
		PaymentFailed:       stale,
		OrderRejected:       stale,
		CancelRequested:     askedBy(Asker.IsOperator, become(Cancelling)),
		PaymentRefunded:     stale,
		PaymentRefundFailed: stale,
	},
}

func allStale() map[FactKind]rule {
	return map[FactKind]rule{
		PaymentProcessed: stale, PaymentFailed: stale, OrderRejected: stale,
		CancelRequested: stale, PaymentRefunded: stale, PaymentRefundFailed: stale,
	}
}

// closedWithoutMoney is the row of an order that ended unpaid: money that comes after all is looked at by the saga.
func closedWithoutMoney() map[FactKind]rule {
	row := allStale()
	row[PaymentProcessed] = becomeBecause(Cancelling, LatePayment)
	return row
}

// Apply decides what f does to o at now. It returns ErrStale, ErrTooEarly or
// ErrForbidden where f changes nothing. It does not look for a replay: ask
// [Order.ChangeCausedBy] first.
func Apply(o Order, f Fact, now time.Time) (Decision, error) {
	if f.Kind == PaymentProcessed && (f.Amount != o.Amount || f.Currency != o.Currency) {
		return Decision{}, fmt.Errorf("order %s: amount or currency is not the order's: %w", o.ID, ErrForbidden)
	}
	cell, ok := table[o.Status][f.Kind]
	if !ok {
		return Decision{}, fmt.Errorf("order %s: %s in status %s: %w", o.ID, f.Kind, o.Status, ErrForbidden)
	}
	status, reason, payment, err := cell(f)
	if err != nil {
		return Decision{}, fmt.Errorf("order %s: %s in status %s: %w", o.ID, f.Kind, o.Status, err)
	}
	return Decision{Change: o.next(status, reason, f.Cause, now), IfPayment: payment}, nil
}
