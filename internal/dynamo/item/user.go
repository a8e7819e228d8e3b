package item

import (
	"fmt"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// FromUser returns u as an item of the users table.
func FromUser(u user.User) Map {
	m := Map{UserID: Text(string(u.ID)), Status: Text(string(u.Status))}
	setText(m, "email", u.Email)
	setText(m, "name", u.Name)
	setText(m, "locale", u.Locale)
	setText(m, "customer", u.Customer)
	setText(m, "payment_method", u.PaymentMethod)
	return m
}

// User reads an item of the users table. The error is ErrBroken.
func User(m Map) (user.User, error) {
	r := reader{m: m}
	u := user.User{
		ID:            order.UserID(r.text(UserID)),
		Status:        user.Status(r.text(Status)),
		Email:         r.optional("email"),
		Name:          r.optional("name"),
		Locale:        r.optional("locale"),
		Customer:      r.optional("customer"),
		PaymentMethod: r.optional("payment_method"),
	}
	r.check(u.ID.Valid(), UserID)
	r.check(u.Status == user.Active || u.Status == user.Blocked, Status)
	if r.err != nil {
		return user.User{}, fmt.Errorf("user %s: %w", u.ID, r.err)
	}
	return u, nil
}
