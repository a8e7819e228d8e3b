package stripesandbox

import (
	"encoding/json"
	"strings"
)

// refundJSON is a refund in Stripe's shape (https://docs.stripe.com/api/refunds/object).
type refundJSON struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	BalanceTransaction        *string           `json:"balance_transaction"`
	Charge                    string            `json:"charge"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	FailureBalanceTransaction *string           `json:"failure_balance_transaction"`
	FailureReason             string            `json:"failure_reason,omitempty"`
	Metadata                  map[string]string `json:"metadata"`
	PaymentIntent             string            `json:"payment_intent"`
	PendingReason             string            `json:"pending_reason,omitempty"`
	Reason                    *string           `json:"reason"`
	ReceiptNumber             *string           `json:"receipt_number"`
	Status                    RefundStatus      `json:"status"`
}

// disputeJSON is a dispute in Stripe's shape (https://docs.stripe.com/api/disputes/object), without evidence.
type disputeJSON struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Amount             int64             `json:"amount"`
	Charge             string            `json:"charge"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	IsChargeRefundable bool              `json:"is_charge_refundable"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	PaymentIntent      string            `json:"payment_intent"`
	Reason             string            `json:"reason"`
	Status             DisputeStatus     `json:"status"`
}

// chargeJSON is a charge in Stripe's shape (https://docs.stripe.com/api/charges/object), in part.
type chargeJSON struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	Amount         int64             `json:"amount"`
	AmountCaptured int64             `json:"amount_captured"`
	AmountRefunded int64             `json:"amount_refunded"`
	Captured       bool              `json:"captured"`
	Created        int64             `json:"created"`
	Currency       string            `json:"currency"`
	Customer       *string           `json:"customer"`
	Disputed       bool              `json:"disputed"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Paid           bool              `json:"paid"`
	PaymentIntent  string            `json:"payment_intent"`
	PaymentMethod  *string           `json:"payment_method"`
	Refunded       bool              `json:"refunded"`
	Status         string            `json:"status"`
}

// eventJSON is an event in Stripe's shape (https://docs.stripe.com/api/events/object).
type eventJSON struct {
	ID              string        `json:"id"`
	Object          string        `json:"object"`
	APIVersion      string        `json:"api_version"`
	Created         int64         `json:"created"`
	Data            eventDataJSON `json:"data"`
	Livemode        bool          `json:"livemode"`
	PendingWebhooks int           `json:"pending_webhooks"`
	Request         requestJSON   `json:"request"`
	Type            EventType     `json:"type"`
}

type requestJSON struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

// eventDataJSON shows the event's object.
type eventDataJSON struct{ event Event }

type dataJSON[T intentJSON | chargeJSON | refundJSON | disputeJSON] struct {
	Object T `json:"object"`
}

func (d eventDataJSON) MarshalJSON() ([]byte, error) {
	switch e := d.event; {
	case e.Charge != nil:
		return json.Marshal(dataJSON[chargeJSON]{chargeShape(*e.Charge)})
	case e.Refund != nil:
		return json.Marshal(dataJSON[refundJSON]{refundShape(*e.Refund)})
	case e.Dispute != nil:
		return json.Marshal(dataJSON[disputeJSON]{disputeShape(*e.Dispute)})
	default:
		return json.Marshal(dataJSON[intentJSON]{intentShape(*e.Intent)})
	}
}

func refundShape(r Refund) refundJSON {
	out := refundJSON{
		ID: r.ID, Object: "refund", Amount: r.Amount, Charge: r.Charge, Created: r.Created.Unix(), Currency: strings.ToLower(string(r.Currency)),
		FailureReason: r.FailureReason, Metadata: r.Metadata, PaymentIntent: r.Intent, Reason: nullable(r.Reason), Status: r.Status,
	}
	if r.Status == RefundPending {
		out.PendingReason = "processing" // https://docs.stripe.com/changelog/basil/2025-04-30/refund-pending-reason
	}
	return out
}

func disputeShape(d Dispute) disputeJSON {
	return disputeJSON{
		ID: d.ID, Object: "dispute", Amount: d.Amount, Charge: d.Charge, Created: d.Created.Unix(), Currency: strings.ToLower(string(d.Currency)),
		IsChargeRefundable: d.refundable(), Metadata: map[string]string{}, PaymentIntent: d.Intent, Reason: d.Reason, Status: d.Status,
	}
}

func chargeShape(c Charge) chargeJSON {
	in := c.Intent
	return chargeJSON{
		ID: in.LatestCharge, Object: "charge", Amount: in.Amount, AmountCaptured: in.AmountReceived, AmountRefunded: c.Returned,
		Captured: true, Created: in.CapturedAt.Unix(), Currency: strings.ToLower(string(in.Currency)), Customer: nullable(in.Customer),
		Disputed: c.Disputed, Metadata: in.Metadata, Paid: true, PaymentIntent: in.ID, PaymentMethod: nullable(in.PaymentMethod),
		Refunded: c.Returned == in.Amount, Status: "succeeded",
	}
}

func eventShape(e Event, version string, pending bool) eventJSON {
	out := eventJSON{
		ID: e.ID, Object: "event", APIVersion: version, Created: e.Created.Unix(), Data: eventDataJSON{e}, Type: e.Type,
	}
	if pending {
		out.PendingWebhooks = 1
	}
	return out
}
