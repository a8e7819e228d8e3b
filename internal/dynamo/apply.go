package dynamo

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Apply writes d's change to the order that before was read as, attribute by
// attribute. The error is order.ErrNotFound, order.ErrConflict where before is
// stale, or order.ErrPaymentCondition where the payments row has not the status
// that d depends on, which is looked at in the same transaction. The very same
// change written before is a success.
func (s *Orders) Apply(ctx context.Context, before order.Order, d order.Decision) error {
	u := updateOf(s.tables.Orders, before, d.Change)
	if d.IfPayment == "" {
		return wrap(s.update(ctx, u, d.Change), "update order %s", before.ID)
	}
	return wrap(s.transact(ctx, u, s.paymentHas(before.ID, d.IfPayment), d.Change), "update order %s", before.ID)
}

func (s *Orders) update(ctx context.Context, u types.Update, c order.Change) error {
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           u.TableName,
		Key:                                 u.Key,
		UpdateExpression:                    u.UpdateExpression,
		ConditionExpression:                 u.ConditionExpression,
		ExpressionAttributeNames:            u.ExpressionAttributeNames,
		ExpressionAttributeValues:           u.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: u.ReturnValuesOnConditionCheckFailure,
	})
	if stored, yes := refused(err); yes {
		return whyRefused(stored, c)
	}
	return classify(err)
}

// transact writes u where check holds. The SDK gives the call a token, so that sending it twice is one transaction.
func (s *Orders) transact(ctx context.Context, u types.Update, check types.ConditionCheck, c order.Change) error {
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{{Update: &u}, {ConditionCheck: &check}},
	})
	cancelled, yes := errors.AsType[*types.TransactionCanceledException](err)
	if !yes {
		return classify(err)
	}
	return whyCancelled(cancelled, c)
}

// whyCancelled reads the reasons of a cancelled transaction, which stand in the order of its items.
func whyCancelled(e *types.TransactionCanceledException, c order.Change) error {
	const failed = "ConditionalCheckFailed"
	codes := make([]string, max(2, len(e.CancellationReasons)))
	for i, reason := range e.CancellationReasons {
		if reason.Code != nil {
			codes[i] = *reason.Code
		}
		if busyCodes[codes[i]] {
			return outcome.Transient(CodeBusy, e)
		}
	}
	switch {
	case codes[0] == failed:
		return whyRefused(e.CancellationReasons[0].Item, c)
	case codes[1] == failed:
		return order.ErrPaymentCondition
	default:
		return e
	}
}

// whyRefused says why a change was refused by the order that is stored.
func whyRefused(stored item.Map, c order.Change) error {
	if len(stored) == 0 {
		return order.ErrNotFound
	}
	o, err := item.Order(stored)
	if err != nil {
		return broken(err)
	}
	if item.Holds(o, c) {
		return nil
	}
	return order.ErrConflict
}

// updateOf is the conditional write of c to the order read as before. Its names
// are all placeholders, for status, reason and others are reserved words.
func updateOf(table string, before order.Order, c order.Change) types.Update {
	names := map[string]string{
		"#status": item.Status, "#version": item.Version, "#reason": item.Reason, "#history": item.History,
		"#shard": item.OpenShard, "#since": item.Since,
	}
	values := item.Map{
		":wasStatus":  item.Text(string(before.Status)),
		":wasVersion": item.Number(before.Version),
		":status":     item.Text(string(c.Status)),
		":version":    item.Number(c.Version),
		":entry":      &types.AttributeValueMemberL{Value: []types.AttributeValue{item.FromChange(c)}},
	}
	set := []string{"#status = :status", "#version = :version", "#history = list_append(#history, :entry)"}
	var remove []string
	if c.Reason != "" {
		set, values[":reason"] = append(set, "#reason = :reason"), item.Text(string(c.Reason))
	} else {
		remove = append(remove, "#reason")
	}
	if c.Status.Open() {
		set = append(set, "#shard = :shard", "#since = :since")
		values[":shard"], values[":since"] = item.Text(item.Shard(before.ID)), item.Time(c.At)
	} else {
		remove = append(remove, "#shard", "#since")
	}
	expression := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	condition := "#status = :wasStatus AND #version = :wasVersion"
	return types.Update{
		TableName:                           &table,
		Key:                                 orderKey(before.ID),
		UpdateExpression:                    &expression,
		ConditionExpression:                 &condition,
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

func (s *Orders) paymentHas(id order.ID, status order.PaymentStatus) types.ConditionCheck {
	condition := "#status = :status"
	return types.ConditionCheck{
		TableName:                 &s.tables.Payments,
		Key:                       orderKey(id),
		ConditionExpression:       &condition,
		ExpressionAttributeNames:  map[string]string{"#status": item.Status},
		ExpressionAttributeValues: item.Map{":status": item.Text(string(status))},
	}
}
