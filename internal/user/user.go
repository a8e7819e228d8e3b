// Package user holds what orderflow knows of a user: whether they may buy, how they pay, and where mail goes.
package user

import "github.com/orderflow/orderflow/internal/order"

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
}
