package dynamo

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
)

// Notifications is the ledger of mails.
type Notifications struct {
	client Client
	tables Tables
}

// NewNotifications returns the store over tables.Notifications.
func NewNotifications(client Client, tables Tables) *Notifications {
	return &Notifications{client, tables}
}

// Claim takes the lease on the row of c's order and channel. The error is
// notification.ErrBusy while somebody's lease on it lives, or
// notification.ErrSuperseded where the row is settled for c's version or a later
// one, or was last claimed for a later one. The very same claim made before is a
// success.
func (s *Notifications) Claim(ctx context.Context, c notification.Claim, now time.Time) error {
	refusedBy, err := s.update(ctx, c, change{
		expression: "SET #version = :version, #state = :claimed, #until = :until, #holder = :holder REMOVE #settled",
		condition: "attribute_not_exists(#order)" +
			" OR (#state <> :claimed AND #version < :version)" +
			" OR (#state = :claimed AND #until <= :now AND #version <= :version)",
		values: item.Map{":until": item.Time(c.Until), ":now": item.Time(now)},
	})
	if refusedBy != nil {
		err = whyNotClaimed(*refusedBy, c, now)
	}
	return wrap(err, "claim mail of order %s", c.OrderID)
}

func whyNotClaimed(stored item.Map, c notification.Claim, now time.Time) error {
	before, err := item.Notification(stored)
	if err != nil {
		return broken(err)
	}
	if mine, err := item.Stored(item.Entry{Claim: c}); err == nil && before == mine {
		return nil
	}
	if err := item.Claimable(before, c, now); err != nil {
		return err
	}
	return notification.ErrBusy // refused all the same: never to be taken for a success
}

// Settle ends c with r at that time. The error is notification.ErrLost where the
// row is not c's any more. Settled before by c with the same result is a success.
func (s *Notifications) Settle(ctx context.Context, c notification.Claim, r notification.Result, at time.Time) error {
	refusedBy, err := s.update(ctx, c, change{
		expression: "SET #state = :result, #settled = :at",
		condition:  "#state = :claimed AND #version = :version AND #holder = :holder",
		values:     item.Map{":result": item.Text(string(r)), ":at": item.Time(at)},
	})
	if refusedBy != nil {
		err = whyNotSettled(*refusedBy, c, r)
	}
	return wrap(err, "settle mail of order %s", c.OrderID)
}

func whyNotSettled(stored item.Map, c notification.Claim, r notification.Result) error {
	if len(stored) == 0 {
		return notification.ErrLost
	}
	before, err := item.Notification(stored)
	if err != nil {
		return broken(err)
	}
	if item.SameClaim(before.Claim, c) && before.Result == r {
		return nil
	}
	return notification.ErrLost
}

// Release ends c's lease where nothing was sent, so that the next claim of its
// version or a later one need not wait. The error is notification.ErrLost where
// the row is not c's any more, or is settled. Releasing twice is a success.
func (s *Notifications) Release(ctx context.Context, c notification.Claim) error {
	refusedBy, err := s.update(ctx, c, change{
		expression: "SET #until = :released",
		condition:  "#state = :claimed AND #version = :version AND #holder = :holder",
		values:     item.Map{":released": item.Time(item.Released)},
	})
	if refusedBy != nil {
		err = notification.ErrLost
	}
	return wrap(err, "release mail of order %s", c.OrderID)
}

// change is a conditional write of one ledger row.
type change struct {
	expression, condition string
	values                item.Map // beside :claimed, :version and :holder, which every change uses
}

// ledgerNames are the placeholders of the ledger's attributes: state and others are reserved words.
var ledgerNames = map[string]string{
	"#order":   item.OrderID,
	"#version": item.Version,
	"#state":   item.State,
	"#until":   item.Until,
	"#holder":  item.Holder,
	"#settled": item.Settled,
}

// namesIn returns the placeholders that ch uses: DynamoDB refuses others.
func namesIn(ch change) map[string]string {
	names := maps.Clone(ledgerNames)
	maps.DeleteFunc(names, func(placeholder, _ string) bool {
		return !strings.Contains(ch.expression, placeholder) && !strings.Contains(ch.condition, placeholder)
	})
	return names
}

// update writes ch to c's row. Where the condition fails it returns refusedBy, the
// row that is stored, which is empty where there is none.
func (s *Notifications) update(ctx context.Context, c notification.Claim, ch change) (refusedBy *item.Map, err error) {
	values := item.Map{
		":claimed": item.Text(item.Claimed),
		":version": item.Number(c.Version),
		":holder":  item.Text(c.Holder),
	}
	maps.Copy(values, ch.values)
	_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           &s.tables.Notifications,
		Key:                                 item.Map{item.OrderID: item.Text(string(c.OrderID)), item.Channel: item.Text(string(c.Channel))},
		UpdateExpression:                    &ch.expression,
		ConditionExpression:                 &ch.condition,
		ExpressionAttributeNames:            namesIn(ch),
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if stored, yes := refused(err); yes {
		return &stored, nil
	}
	return nil, classify(err)
}
