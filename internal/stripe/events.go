package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/orderflow/orderflow/internal/payment"
)

// subject says where an event names its intent.
type subject int

const (
	isIntent    subject = iota + 1 // the event's object is the intent
	namesIntent                    // the event's object has a payment_intent
)

// concerning holds the types of events that concern orders (https://docs.stripe.com/api/events/types). That an intent was made is none: it
// moves no money, and comes before the row. A list of events can be asked for 20 types at most.
var concerning = map[stripe.EventType]subject{
	stripe.EventTypePaymentIntentCanceled:        isIntent,
	stripe.EventTypePaymentIntentPaymentFailed:   isIntent,
	stripe.EventTypePaymentIntentProcessing:      isIntent,
	stripe.EventTypePaymentIntentRequiresAction:  isIntent,
	stripe.EventTypePaymentIntentSucceeded:       isIntent,
	stripe.EventTypeChargeRefunded:               namesIntent,
	stripe.EventTypeChargeRefundUpdated:          namesIntent,
	stripe.EventTypeRefundCreated:                namesIntent,
	stripe.EventTypeRefundUpdated:                namesIntent,
	stripe.EventTypeRefundFailed:                 namesIntent,
	stripe.EventTypeChargeDisputeCreated:         namesIntent,
	stripe.EventTypeChargeDisputeUpdated:         namesIntent,
	stripe.EventTypeChargeDisputeClosed:          namesIntent,
	stripe.EventTypeChargeDisputeFundsWithdrawn:  namesIntent,
	stripe.EventTypeChargeDisputeFundsReinstated: namesIntent,
}

// WebhookTypes returns the types of events that a webhook endpoint is to be set to, sorted.
func WebhookTypes() []string {
	var types []string
	for t := range concerning {
		types = append(types, string(t))
	}
	slices.Sort(types)
	return types
}

// Undelivered returns the events about intents, of those that happened at since or later, that some webhook endpoint has not taken:
// oldest first, and of too many the oldest limit. Stripe keeps events for 30 days and does not forget that one was undelivered, even if
// it was dealt with otherwise. The error is one of payment's.
//
// The API version of an event is not looked at, unlike a webhook's: it is the account's, not the endpoint's, and an intent's
// id is all that is taken from it.
func (c *Client) Undelivered(ctx context.Context, since time.Time, limit int) ([]payment.Notice, error) {
	notices, err := do(ctx, c, func(ctx context.Context, api *stripe.Client) ([]payment.Notice, error) {
		return collect(ctx, api.V1Events.List(ctx, undelivered(since)), noticeOf)
	})
	if err != nil {
		return nil, fmt.Errorf("list undelivered events: %w", err)
	}
	var about []payment.Notice
	for _, n := range notices {
		if n.IntentID != "" && len(about) < limit {
			about = append(about, n)
		}
	}
	return about, nil
}

func undelivered(since time.Time) *stripe.EventListParams {
	params := &stripe.EventListParams{
		ListParams:      page(),
		CreatedRange:    &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		DeliverySuccess: stripe.Bool(false),
	}
	for _, t := range WebhookTypes() {
		params.Types = append(params.Types, stripe.String(t))
	}
	return params
}

func noticeOf(e *stripe.Event) (payment.Notice, error) {
	if e.Data == nil {
		return payment.Notice{}, fmt.Errorf("event without data: %w", payment.ErrNotice)
	}
	return notice(e.ID, e.Type, e.Created, e.Data.Raw)
}

// notice reads what concerns us of an event. The error is payment.ErrNotice.
func notice(id string, t stripe.EventType, created int64, object json.RawMessage) (payment.Notice, error) {
	if id == "" || t == "" {
		return payment.Notice{}, fmt.Errorf("event without id or type: %w", payment.ErrNotice)
	}
	intent, err := intentOf(t, object)
	if err != nil {
		return payment.Notice{}, fmt.Errorf("event %s: %w: %w", id, err, payment.ErrNotice)
	}
	return payment.Notice{ID: id, Type: string(t), IntentID: intent, Created: time.Unix(created, 0).UTC()}, nil
}

var (
	errNoObject = errors.New("its object can't be read")
	errNoIntent = errors.New("its payment intent has no id")
)

// intentOf returns the id of the intent that an event is about; none for an event that does not concern orders, and for
// one about money that no intent took.
func intentOf(t stripe.EventType, object json.RawMessage) (string, error) {
	about := concerning[t]
	if about == 0 {
		return "", nil
	}
	var o struct {
		ID            string     `json:"id"`
		PaymentIntent *reference `json:"payment_intent"`
	}
	if json.Unmarshal(object, &o) != nil {
		return "", errNoObject // its own error may quote the object
	}
	switch {
	case about == namesIntent && o.PaymentIntent == nil:
		return "", nil
	case about == namesIntent:
		o.ID = o.PaymentIntent.ID
	}
	if o.ID == "" {
		return "", errNoIntent
	}
	return o.ID, nil
}

// reference is another object: its id, or all of it (https://docs.stripe.com/api/expanding_objects).
type reference struct {
	ID string
}

// UnmarshalJSON reads either form.
func (r *reference) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &r.ID) == nil {
		return nil
	}
	var object struct {
		ID string `json:"id"`
	}
	err := json.Unmarshal(b, &object)
	r.ID = object.ID
	return err
}
