package mail

import "github.com/orderflow/orderflow/internal/order"

// cause sorts reasons by who or what ended the order; the templates choose their words by it.
type cause string

const (
	byPayment  cause = "payment"  // the provider said no
	byExpiry   cause = "expired"  // nobody paid in time
	byCustomer cause = "customer" // asked for it
	byShop     cause = "shop"     // asked for it
	byLateness cause = "late"     // money for an order that was closed
	byProvider cause = "provider" // the money was returned there, not here
	byOther    cause = "other"    // a reason that is not in the table, or none
)

// sentence is the same sentence in every locale; empty where the template says all there is to say.
type sentence map[Locale]string

// explanation is what a reason means to a customer.
type explanation struct {
	cause cause
	why   sentence
}

var (
	declined = sentence{
		English: "Your bank declined the card. Please use another card, or ask your bank.",
		Chinese: "发卡银行拒绝了这笔付款。请换一张卡，或咨询您的银行。",
	}
	wrongDetails = sentence{
		English: "Some details of the card were not correct. Please check them, or use another card.",
		Chinese: "银行卡信息有误。请核对后重试，或换一张卡。",
	}
	overLimit = sentence{
		English: "The payment goes over a limit of your card. Please use another card, or ask your bank.",
		Chinese: "这笔付款超出了银行卡的限额。请换一张卡，或咨询您的银行。",
	}
	notNow = sentence{
		English: "The bank could not process the payment at that moment. The same card may work later.",
		Chinese: "银行当时无法处理这笔付款。您可以稍后使用同一张卡重试。",
	}
	notForThis = sentence{
		English: "The card cannot be used for this purchase. Please use another card.",
		Chinese: "这张卡不能用于此次购买。请换一张卡。",
	}
	askTheShop = sentence{
		English: "Please contact the shop if you would like to know why.",
		Chinese: "如需了解原因，请联系商家。",
	}
)

// reasons holds what there is to say of each reason that we know: our own, and the provider's decline codes
// (https://docs.stripe.com/declines/codes). As that page asks, a lost, stolen or suspected card is
// told as a plain decline.
var reasons = map[order.Reason]explanation{
	order.RequestedByCustomer: {byCustomer, nil},
	order.RequestedByShop:     {byShop, nil},
	order.PaymentExpired:      {byExpiry, nil},
	order.LatePayment:         {byLateness, nil},
	order.RefundedAtProvider:  {byProvider, nil},
	order.PaymentCancelled:    {byPayment, nil},
	order.RequestedByOperator: {byOther, nil}, // who may ask again for what the customer asked for first
	order.NotPayable:          {byOther, nil}, // the order had ended before, for another reason

	// These park an order, of which no customer is told.
	order.RefundFailed:      {byOther, nil},
	order.PaymentUnresolved: {byOther, nil},

	order.UnknownUser: {byOther, sentence{
		English: "We could not find your account. Please contact the shop.",
		Chinese: "我们没有找到您的账户。请联系商家。",
	}},
	order.BlockedUser: {byOther, sentence{
		English: "Your account cannot place orders at the moment. If you think that this is a mistake, please contact the shop.",
		Chinese: "您的账户目前无法下单。如果您认为有误，请联系商家。",
	}},
	order.NoPaymentMethod: {byOther, sentence{
		English: "There is no payment method on your account. Please add one, then place the order again.",
		Chinese: "您的账户中没有可用的支付方式。请添加支付方式后重新下单。",
	}},

	order.InsufficientFunds: {byPayment, sentence{
		English: "There was not enough money available on the card. Please use another card.",
		Chinese: "银行卡余额不足。请换一张卡。",
	}},
	order.ExpiredCard: {byPayment, sentence{
		English: "The card has expired. Please use another card.",
		Chinese: "银行卡已过期。请换一张卡。",
	}},
	order.AuthenticationRequired: {byPayment, sentence{
		English: "Your bank wanted you to confirm the payment, which was not possible here. Please use another card.",
		Chinese: "发卡银行要求您本人验证这笔付款，但此处无法进行验证。请换一张卡。",
	}},
	order.AmountTooSmall: {byPayment, sentence{
		English: "The amount is smaller than the smallest that can be paid by card.",
		Chinese: "订单金额低于银行卡支付的最低限额。",
	}},
	"amount_too_large": {byPayment, sentence{
		English: "The amount is larger than the largest that can be paid by card.",
		Chinese: "订单金额超过银行卡支付的最高限额。",
	}},
	order.CurrencyNotSupported: {byPayment, sentence{
		English: "Payments in this currency cannot be taken.",
		Chinese: "暂不支持以该币种付款。",
	}},

	order.CardDeclined: {byPayment, declined}, "generic_decline": {byPayment, declined}, "do_not_honor": {byPayment, declined},
	"call_issuer": {byPayment, declined}, "fraudulent": {byPayment, declined}, "lost_card": {byPayment, declined},
	"stolen_card": {byPayment, declined}, "pickup_card": {byPayment, declined}, "merchant_blacklist": {byPayment, declined},
	"restricted_card": {byPayment, declined}, "revocation_of_authorization": {byPayment, declined},
	"revocation_of_all_authorizations": {byPayment, declined}, "security_violation": {byPayment, declined},
	"stop_payment_order": {byPayment, declined}, "transaction_not_allowed": {byPayment, declined},
	"no_action_taken": {byPayment, declined}, "not_permitted": {byPayment, declined}, "invalid_account": {byPayment, declined},
	"new_account_information_available": {byPayment, declined}, "service_not_allowed": {byPayment, declined},
	"testmode_decline": {byPayment, declined}, "duplicate_transaction": {byPayment, declined},

	"incorrect_number": {byPayment, wrongDetails}, "invalid_number": {byPayment, wrongDetails},
	"incorrect_cvc": {byPayment, wrongDetails}, "invalid_cvc": {byPayment, wrongDetails},
	"incorrect_zip": {byPayment, wrongDetails}, "incorrect_address": {byPayment, wrongDetails},
	"invalid_expiry_month": {byPayment, wrongDetails}, "invalid_expiry_year": {byPayment, wrongDetails},

	"card_velocity_exceeded": {byPayment, overLimit}, "withdrawal_count_limit_exceeded": {byPayment, overLimit},

	"processing_error": {byPayment, notNow}, "try_again_later": {byPayment, notNow}, "issuer_not_available": {byPayment, notNow},
	"reenter_transaction": {byPayment, notNow}, "approve_with_id": {byPayment, notNow},

	"card_not_supported": {byPayment, notForThis},
}

// aboutMoney reports whether c can be told only of an order that had something to pay.
func (c cause) aboutMoney() bool {
	return c == byPayment || c == byExpiry || c == byLateness || c == byProvider
}

// explain returns what r means to a customer of an order that became s. A mail about a rejection always has something to say.
// An order that was free did not end for want of money, whatever r says.
func explain(s order.Status, r order.Reason, nothingToPay bool) explanation {
	e, known := reasons[r]
	if !known || nothingToPay && e.cause.aboutMoney() {
		e = explanation{cause: byOther}
	}
	if s == order.Rejected && e.why == nil {
		e.why = askTheShop
	}
	return e
}
