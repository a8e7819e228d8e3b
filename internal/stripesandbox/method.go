package stripesandbox

import (
	"slices"
	"strings"
)

// decline is how a payment is refused: Stripe's error code, decline code (for card_declined) and message.
type decline struct {
	code, declineCode, message string
}

// method is what a test payment method does when it is charged.
type method struct {
	kind         string
	decline      *decline // nil is success
	authenticate bool     // the customer would have to act
	delayed      bool     // the outcome comes only by Settle
	stuck        bool     // never settles, but can be cancelled while processing

	slowRefund    bool          // its refunds are pending until Settle
	lostRefund    bool          // its refunds succeed, and fail at Settle
	dispute       DisputeStatus // in which a dispute begins as soon as it has paid; "" is none
	disputeReason string
}

// refund is how a refund to the method begins, and what settling makes of it.
func (m method) refund() (first, settles RefundStatus) {
	switch {
	case m.slowRefund || m.delayed:
		return RefundPending, RefundSucceeded
	case m.lostRefund:
		return RefundSucceeded, RefundFailed
	default:
		return RefundSucceeded, ""
	}
}

var authenticationRequired = decline{
	"authentication_required", "authentication_required", "Your card was declined. This transaction requires authentication.",
}

// cardDeclines are the declining test cards by the end of their name (https://docs.stripe.com/testing, declined payments). Each
// is known as pm_card_chargeDeclined… and as pm_card_visa_chargeDeclined….
var cardDeclines = map[string]decline{
	"":                      {"card_declined", "generic_decline", "Your card was declined."},
	"InsufficientFunds":     {"card_declined", "insufficient_funds", "Your card has insufficient funds."},
	"LostCard":              {"card_declined", "lost_card", "Your card was declined."},
	"StolenCard":            {"card_declined", "stolen_card", "Your card was declined."},
	"VelocityLimitExceeded": {"card_declined", "card_velocity_exceeded", "Your card was declined for making repeated attempts too frequently."},
	"Fraudulent":            {"card_declined", "fraudulent", "Your card was declined."},
	"ExpiredCard":           {"expired_card", "", "Your card has expired."},
	"IncorrectCvc":          {"incorrect_cvc", "", "Your card's security code is incorrect."},
	"ProcessingError":       {"processing_error", "", "An error occurred while processing your card. Try again in a little bit."},
}

// goodCards are test cards that pay (https://docs.stripe.com/testing, cards by brand and by country).
var goodCards = []string{
	"visa", "visa_debit", "mastercard", "mastercard_debit", "mastercard_prepaid", "amex", "discover", "diners", "jcb", "unionpay",
	"us", "ca", "mx", "br", "gb", "de", "fr", "it", "es", "nl", "se", "pl", "au", "nz", "jp", "cn", "hk", "sg", "in", "my", "th",
	"bypassPending", "riskLevelElevated", "riskLevelHighest", "threeDSecureOptional", "authenticationRequiredSetupForOffSession",
}

// cardsWithSequel pay, and then something comes of it (https://docs.stripe.com/testing, refunds and disputes).
var cardsWithSequel = map[string]method{
	"pendingRefund":                   {kind: "card", slowRefund: true},
	"refundFail":                      {kind: "card", lostRefund: true},
	"createDispute":                   {kind: "card", dispute: NeedsResponse, disputeReason: "fraudulent"},
	"createDisputeProductNotReceived": {kind: "card", dispute: NeedsResponse, disputeReason: "product_not_received"},
	"createDisputeInquiry":            {kind: "card", dispute: WarningNeedsResponse, disputeReason: "fraudulent"},
}

// authenticatingCards ask for 3D Secure, so they are declined when the customer is not there.
var authenticatingCards = []string{"authenticationRequired", "authenticationRequiredOnSetup", "threeDSecure2Required", "threeDSecureRequired"}

// bankAccounts are the ACH test accounts, whose outcome comes days later
// (https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment, test account numbers), as their refunds' does
// (https://docs.stripe.com/payments/ach-direct-debit, refunds).
var bankAccounts = map[string]method{
	"success":            {kind: "us_bank_account", delayed: true},
	"accountClosed":      {kind: "us_bank_account", delayed: true, decline: &decline{"account_closed", "", "The customer's bank account has been closed."}},
	"noAccount":          {kind: "us_bank_account", delayed: true, decline: &decline{"no_account", "", "The bank account could not be located."}},
	"insufficientFunds":  {kind: "us_bank_account", delayed: true, decline: &decline{"insufficient_funds", "", "The customer's account has insufficient funds to cover this payment."}},
	"debitNotAuthorized": {kind: "us_bank_account", delayed: true, decline: &decline{"debit_not_authorized", "", "The customer has notified their bank that this payment was unauthorized."}},
	"processing":         {kind: "us_bank_account", delayed: true, stuck: true},
}

// methodNamed finds a test payment method by its name.
func methodNamed(name string) (method, bool) {
	if account, ok := strings.CutPrefix(name, "pm_usBankAccount_"); ok {
		m, ok := bankAccounts[account]
		return m, ok
	}
	card, ok := strings.CutPrefix(name, "pm_card_")
	if !ok {
		return method{}, false
	}
	if why, ok := strings.CutPrefix(strings.TrimPrefix(card, "visa_"), "chargeDeclined"); ok {
		d, ok := cardDeclines[why]
		return method{kind: "card", decline: &d}, ok
	}
	switch {
	case card == "chargeCustomerFail":
		d := cardDeclines[""]
		return method{kind: "card", decline: &d}, true
	case card == "radarBlock":
		d := cardDeclines["Fraudulent"]
		return method{kind: "card", decline: &d}, true
	case slices.Contains(authenticatingCards, card):
		return method{kind: "card", authenticate: true}, true
	}
	if m, ok := cardsWithSequel[card]; ok {
		return m, true
	}
	return method{kind: "card"}, slices.Contains(goodCards, card)
}
