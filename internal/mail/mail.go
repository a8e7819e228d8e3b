// Package mail writes the mails that tell a customer what became of an order, and says in which ways handing one over can fail.
//
// Writing is pure: the same notice gives the same mail. Each status has one
// template in each locale; the text and the HTML are made of the same paragraphs,
// so that both always say the same.
package mail

import (
	"fmt"

	"github.com/orderflow/orderflow/internal/money"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Notice is what a mail is about.
type Notice struct {
	OrderID  order.ID
	Status   order.Status // what the order has become; only a status that is Told has a mail
	Reason   order.Reason // why; one that is not known makes the mail say less, not fail
	Amount   int64        // minor units of Currency
	Currency money.Currency
	Name     string // of the customer, taken as anything at all; may be empty
	Locale   string // BCP 47, of the customer; see [LocaleFor]
}

// Message is what a customer reads.
type Message struct {
	Subject string // one line
	Text    string
	HTML    string
}

// Mail is a message on its way.
type Mail struct {
	To      string // an address alone, without a name
	Message Message
	OrderID order.ID
	Version int64 // of the order, 1 and up
}

// FailureKind says what is known of a mail that could not be handed over.
type FailureKind string

// The kinds of failure. An error that is no [Failure] is to be taken as [Uncertain].
const (
	// Refused means that the address takes no mail, now or later. Nothing was sent.
	Refused FailureKind = "refused"
	// Invalid means that the mail service will never take this request, whatever the address. Nothing was sent.
	Invalid FailureKind = "invalid"
	// NotSent means that nothing was sent, and that it may work later.
	NotSent FailureKind = "not sent"
	// Uncertain means that the mail may have been sent.
	Uncertain FailureKind = "uncertain"
)

// Failure is the error of a mail that was not, or may not have been, handed over. It holds a kind
// and a code and nothing else, since a mail service's own words may quote the address.
type Failure struct {
	Kind FailureKind
	Code outcome.Code
}

func (f *Failure) Error() string { return fmt.Sprintf("mail %s: %s", f.Kind, f.Code) }
