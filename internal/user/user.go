// Package user holds what orderflow knows of a user: whether they may buy, how they pay, and where mail goes.
package user

import (
	"errors"
	"strings"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// ErrAddressChanged means that the user is not there, or has another e-mail address than the one that refused mail.
var ErrAddressChanged = errors.New("user has another address by now")

// Status says whether a user may buy.
type Status string

// The states of a user.
const (
	Active  Status = "ACTIVE"
	Blocked Status = "BLOCKED"
)

// User is a row of the users table.
type User struct {
	ID            order.UserID
	Status        Status
	Email         string // empty: gets no mail
	Name          string
	Locale        string // BCP 47, such as "en" or "zh"; empty means "en"
	Customer      string // the payment provider's id of the user
	PaymentMethod string // the payment provider's id of what to charge
	// MailRefused is the latest refusal of mail by an address of the user's, zero where there was none. Whoever
	// keeps the user's data does not write it: it stands beside them, and outlives a change of the address.
	MailRefused MailRefusal
}

// MailRefusal says that an address takes no more mail of ours.
type MailRefusal struct {
	Address string // as it stood in the user's row
	Why     RefusalReason
	At      time.Time // when the mail service learned of it
}

// RefusalReason is how an address refused mail.
type RefusalReason string

// The ways in which an address refuses mail.
const (
	Bounced    RefusalReason = "bounced"    // its server said that it never will take mail
	Complained RefusalReason = "complained" // whoever reads it called our mail unwanted
)

// MailTo returns the address to send mail to. It is empty where the user has
// none, or where the one that they have refused mail.
func (u User) MailTo() string {
	if SameAddress(u.Email, u.MailRefused.Address) {
		return ""
	}
	return u.Email
}

// SameAddress reports whether a and b lead to one mailbox, as far as their
// spelling tells. Letter case counts for nothing: the domain has none (RFC 5321,
// section 2.4), the part before it may have, which servers do not make use of,
// and on its way an address may be written in lower case.
func SameAddress(a, b string) bool { return strings.EqualFold(a, b) }
