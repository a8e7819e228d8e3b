package mail

import "github.com/orderflow/orderflow/internal/order"

var english = language{
	tag:       "en",
	greeting:  "Hello {name},",
	anonymous: "Hello,",
	closing:   "This e-mail was sent automatically. If you have a question, please contact the shop and quote order number {order}.",
	templates: map[order.Status]template{
		order.Paid: {
			subject: words{
				free:      "Order {order} is confirmed",
				otherwise: "Payment received for order {order}",
			},
			body: []words{
				{otherwise: "Thank you for your order."},
				{
					free:      "There is nothing to pay for order {order}, and it is now confirmed. You do not need to do anything else.",
					otherwise: "We have received your payment of {amount}, and order {order} is now confirmed. You do not need to do anything else.",
				},
			},
		},
		order.Rejected: {
			subject: words{otherwise: "We could not accept order {order}"},
			body: []words{
				{
					free:      "We are sorry, but we could not accept your order {order}. You have not been charged.",
					otherwise: "We are sorry, but we could not accept your order {order} for {amount}. You have not been charged.",
				},
				{otherwise: "{why}"},
			},
		},
		order.Cancelled: {
			subject: words{
				byPayment: "Order {order} was cancelled: the payment did not go through",
				otherwise: "Order {order} has been cancelled",
			},
			body: []words{
				{
					byPayment:  "The payment of {amount} for order {order} did not go through, so the order has been cancelled. You have not been charged.",
					byExpiry:   "Order {order} was not paid in time, so it has been cancelled. You have not been charged.",
					byCustomer: "As you asked, we have cancelled order {order}. You have not been charged.",
					byShop:     "The shop has cancelled order {order}. You have not been charged.",
					otherwise:  "Order {order} has been cancelled. You have not been charged.",
				},
				{otherwise: "{why}"},
				{
					byPayment: "If you still want the items, please place a new order.",
					byExpiry:  "If you still want the items, please place a new order.",
				},
			},
		},
		order.Refunded: {
			subject: words{
				free:      "Order {order} has been cancelled",
				otherwise: "Your refund for order {order} is on its way",
			},
			body: []words{
				{
					byExpiry:   "Order {order} was not paid in time, so it has been cancelled. The payment reached us after all, and we are sending it back.",
					byLateness: "Your payment for order {order} reached us after the order had been closed, so we are sending it back.",
					byProvider: "We have refunded order {order}.",
					byCustomer: "As you asked, we have cancelled order {order}.",
					byShop:     "The shop has cancelled order {order}.",
					otherwise:  "Order {order} has been cancelled.",
				},
				{
					free:      "There was nothing to pay, so there is nothing to return.",
					otherwise: "Your refund of {amount} is on its way to the payment method that you paid with. It usually arrives within five to ten business days, depending on your bank. You do not need to do anything else.",
				},
			},
		},
	},
}
