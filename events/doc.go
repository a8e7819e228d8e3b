// Package events is the vocabulary of the bus: every type of event with its data, its producer and consumers, and the CloudEvents envelope around it.
//
// # What a consumer is promised
//
//   - An event states a fact that was stored before it was published, or, for
//     OrderCancelRequested alone, a request.
//   - It arrives at least once.
//   - Its id names the fact, not the message: the same fact published again has
//     the same id, source, time and data, whoever publishes it and however often.
//     The one exception is OrderVerified, which nobody stores: a repetition has the
//     same id, and the data that was true when it was made.
//   - Its data is valid by the schema under schemas/ that dataschema names.
//   - It carries ids, amounts and codes; no names, addresses or card data.
//
// # What it must not assume
//
//   - That events come in order, or that one order's events do.
//   - That it sees an event once, or soon: a replay may bring one back after weeks.
//   - That it knows every field: minor versions add fields, so ignore those
//     that are unknown. An unknown major version is another type; refuse it.
//   - That message ids of SQS or EventBridge identify anything.
package events
