package mail

import "github.com/orderflow/orderflow/internal/order"

var chinese = language{
	tag:       "zh-Hans",
	greeting:  "{name}，您好：",
	anonymous: "您好：",
	closing:   "本邮件由系统自动发送。如有疑问，请联系商家，并提供订单号 {order}。",
	templates: map[order.Status]template{
		order.Paid: {
			subject: words{
				free:      "订单 {order} 已确认",
				otherwise: "已收到订单 {order} 的付款",
			},
			body: []words{
				{otherwise: "感谢您的订购。"},
				{
					free:      "订单 {order} 无需付款，现已确认。您无需再进行任何操作。",
					otherwise: "我们已收到您支付的 {amount}，订单 {order} 现已确认。您无需再进行任何操作。",
				},
			},
		},
		order.Rejected: {
			subject: words{otherwise: "订单 {order} 未能受理"},
			body: []words{
				{
					free:      "很抱歉，我们未能受理您的订单 {order}。您没有被扣款。",
					otherwise: "很抱歉，我们未能受理您的订单 {order}（金额 {amount}）。您没有被扣款。",
				},
				{otherwise: "{why}"},
			},
		},
		order.Cancelled: {
			subject: words{
				byPayment: "订单 {order} 付款未成功，已取消",
				otherwise: "订单 {order} 已取消",
			},
			body: []words{
				{
					byPayment:  "订单 {order} 的付款（{amount}）未能成功，因此订单已取消。您没有被扣款。",
					byExpiry:   "订单 {order} 未在规定时间内完成付款，因此已取消。您没有被扣款。",
					byCustomer: "我们已按您的要求取消订单 {order}。您没有被扣款。",
					byShop:     "商家已取消订单 {order}。您没有被扣款。",
					otherwise:  "订单 {order} 已取消。您没有被扣款。",
				},
				{otherwise: "{why}"},
				{
					byPayment: "如果您仍想购买，请重新下单。",
					byExpiry:  "如果您仍想购买，请重新下单。",
				},
			},
		},
		order.Refunded: {
			subject: words{
				free:      "订单 {order} 已取消",
				otherwise: "订单 {order} 的退款已发出",
			},
			body: []words{
				{
					byExpiry:   "订单 {order} 未在规定时间内完成付款，因此已取消。款项随后到账，我们将其退还给您。",
					byLateness: "您为订单 {order} 支付的款项到账时，订单已经关闭，因此我们将款项退还给您。",
					byProvider: "我们已为订单 {order} 办理退款。",
					byCustomer: "我们已按您的要求取消订单 {order}。",
					byShop:     "商家已取消订单 {order}。",
					otherwise:  "订单 {order} 已取消。",
				},
				{
					free:      "该订单无需付款，因此没有需要退还的款项。",
					otherwise: "退款 {amount} 已发出，将原路退回您付款时使用的支付方式，通常在 5 至 10 个工作日内到账，具体时间取决于您的银行。您无需再进行任何操作。",
				},
			},
		},
	},
}
