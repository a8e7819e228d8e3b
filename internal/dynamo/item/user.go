package item

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// Names of attributes of the users table, beside UserID and Status. MailRefused
// is a map that holds Address.
const (
	Email       = "email"
	MailRefused = "mail_refused"
	Address     = "address"
)

// UserAttributes are the attributes of the users table that hold a user's data:
// all but the key and what stands beside the data.
func UserAttributes() []string {
	return []string{Status, Email, "name", "locale", "customer", "payment_method"}
}

// FromUser returns u's data as an item of the users table, without what stands beside them.
func FromUser(u user.User) Map {
	m := Map{UserID: Text(string(u.ID)), Status: Text(string(u.Status))}
	setText(m, Email, u.Email)
	setText(m, "name", u.Name)
	setText(m, "locale", u.Locale)
	setText(m, "customer", u.Customer)
	setText(m, "payment_method", u.PaymentMethod)
	return m
}

// FromMailRefusal returns r as the attribute of a user's item.
func FromMailRefusal(r user.MailRefusal) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: Map{Address: Text(r.Address), "why": Text(string(r.Why)), "at": Time(r.At)}}
}

// User reads an item of the users table. The error is ErrBroken.
func User(m Map) (user.User, error) {
	r := reader{m: m}
	u := user.User{
		ID:            order.UserID(r.text(UserID)),
		Status:        user.Status(r.text(Status)),
		Email:         r.optional(Email),
		Name:          r.optional("name"),
		Locale:        r.optional("locale"),
		Customer:      r.optional("customer"),
		PaymentMethod: r.optional("payment_method"),
		MailRefused:   mailRefusal(&r),
	}
	r.check(u.ID.Valid(), UserID)
	r.check(u.Status == user.Active || u.Status == user.Blocked, Status)
	if r.err != nil {
		return user.User{}, fmt.Errorf("user %s: %w", u.ID, r.err)
	}
	return u, nil
}

func mailRefusal(of *reader) user.MailRefusal {
	r := of.inner(MailRefused)
	if r == nil {
		return user.MailRefusal{}
	}
	refusal := user.MailRefusal{
		Address: r.text(Address),
		Why:     user.RefusalReason(r.text("why")),
		At:      r.time("at"),
	}
	r.check(refusal.Why == user.Bounced || refusal.Why == user.Complained, "why")
	of.take(r)
	return refusal
}
