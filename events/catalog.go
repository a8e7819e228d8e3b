package events

import (
	"slices"
	"strconv"
	"strings"
)

// Type is a CloudEvents type, with its major version: "com.orderflow.OrderRecorded.v1".
type Type string

// Source is a CloudEvents source: the part of the system that states a fact.
type Source string

// The types of events.
const (
	TypeOrderRecorded        Type = "com.orderflow.OrderRecorded.v1"
	TypeOrderVerified        Type = "com.orderflow.OrderVerified.v1"
	TypeOrderRejected        Type = "com.orderflow.OrderRejected.v1"
	TypePaymentProcessed     Type = "com.orderflow.PaymentProcessed.v1"
	TypePaymentFailed        Type = "com.orderflow.PaymentFailed.v1"
	TypePaymentRefunded      Type = "com.orderflow.PaymentRefunded.v1"
	TypePaymentRefundFailed  Type = "com.orderflow.PaymentRefundFailed.v1"
	TypePaymentDisputed      Type = "com.orderflow.PaymentDisputed.v1"
	TypeOrderCancelRequested Type = "com.orderflow.OrderCancelRequested.v1"
	TypeOrderUpdated         Type = "com.orderflow.OrderUpdated.v1"
)

// The sources of events.
const (
	SourceOrders   Source = "orderflow.orders"
	SourceUsers    Source = "orderflow.users"
	SourcePayments Source = "orderflow.payments"
)

// Saga stands among the consumers for the state machine that undoes what was done for an order.
const Saga = "saga"

const typePrefix = "com.orderflow."

// Name returns the type without prefix and major version: "OrderRecorded".
func (t Type) Name() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(t), typePrefix), ".")
	return name
}

// Major returns the major version: 1 for "com.orderflow.OrderRecorded.v1". It is 0 where t has none.
func (t Type) Major() int {
	_, suffix, _ := strings.Cut(strings.TrimPrefix(string(t), typePrefix), ".v")
	major, err := strconv.Atoi(suffix)
	if err != nil {
		return 0
	}
	return major
}

// Schema returns the name under which package schemas has the type's schema: "OrderRecorded.v1".
func (t Type) Schema() string { return strings.TrimPrefix(string(t), typePrefix) }

// Entry is what the catalog says of a type.
type Entry struct {
	Type   Type
	Minor  int // of the newest schema
	Source Source
	Stated string // when
	// Producers and Consumers are keys of functions in serverless.yml. The consumer [Saga] is the state machine.
	Producers []string
	Consumers []string
	decode    func(raw []byte) (Data, error)
}

// DataSchema returns the dataschema of the type's newest version: "urn:orderflow:OrderRecorded:1.0".
func (e Entry) DataSchema() string {
	return schemaPrefix + e.Type.Name() + ":" + strconv.Itoa(e.Type.Major()) + "." + strconv.Itoa(e.Minor)
}

const schemaPrefix = "urn:orderflow:"

var catalog = []Entry{
	{
		Type: TypeOrderRecorded, Source: SourceOrders, decode: decode[OrderRecorded],
		Stated:    "the order is stored",
		Producers: []string{"relay-order", "sweep-orders"},
		Consumers: []string{"query-user"},
	},
	{
		Type: TypeOrderVerified, Source: SourceUsers, decode: decode[OrderVerified],
		Stated:    "the user exists and may buy",
		Producers: []string{"query-user"},
		Consumers: []string{"process-payment"},
	},
	{
		Type: TypeOrderRejected, Source: SourceUsers, decode: decode[OrderRejected],
		Stated:    "the user is unknown or blocked, or has no payment method",
		Producers: []string{"query-user"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypePaymentProcessed, Source: SourcePayments, decode: decode[PaymentProcessed],
		Stated:    "the provider captured the money",
		Producers: []string{"process-payment", "payment-webhook", "refund-payment", "sweep-orders"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypePaymentFailed, Source: SourcePayments, decode: decode[PaymentFailed],
		Stated:    "the provider said no, for good",
		Producers: []string{"process-payment", "payment-webhook", "sweep-orders"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypePaymentRefunded, Source: SourcePayments, decode: decode[PaymentRefunded],
		Stated:    "the provider gave the money back",
		Producers: []string{"payment-webhook", "refund-payment", "sweep-orders"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypePaymentRefundFailed, Source: SourcePayments, decode: decode[PaymentRefundFailed],
		Stated:    "a refund that was under way failed",
		Producers: []string{"payment-webhook", "refund-payment", "sweep-orders"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypePaymentDisputed, Source: SourcePayments, decode: decode[PaymentDisputed],
		Stated:    "the provider reports a dispute or its end",
		Producers: []string{"payment-webhook", "refund-payment", "sweep-orders"},
	},
	{
		Type: TypeOrderCancelRequested, Source: SourceOrders, decode: decode[OrderCancelRequested],
		Stated:    "a customer, a shop, an operator or the sweep asks",
		Producers: []string{"cancel-order", "sweep-orders"},
		Consumers: []string{"update-order"},
	},
	{
		Type: TypeOrderUpdated, Source: SourceOrders, decode: decode[OrderUpdated],
		Stated:    "the status changed",
		Producers: []string{"update-order", "close-order", "sweep-orders"},
		Consumers: []string{"notify-user", Saga},
	},
}

// Catalog returns every type of event there is. The caller may change the slice.
func Catalog() []Entry { return slices.Clone(catalog) }

// Lookup returns the catalog's entry for t.
func Lookup(t Type) (Entry, bool) {
	i := slices.IndexFunc(catalog, func(e Entry) bool { return e.Type == t })
	if i < 0 {
		return Entry{}, false
	}
	return catalog[i], true
}
