package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/notification"
	"github.com/orderflow/orderflow/internal/order"
)

// maxBatchGet is how many rows one call reads
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
const maxBatchGet = 100

// Tables is the Store over a stage's tables.
type Tables struct {
	OrdersTable   *dynamo.Orders
	Client        BatchGetter
	Notifications string // the table's name
}

// BatchGetter is what Tables needs of *dynamodb.Client.
type BatchGetter interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// Orders returns those of the orders that there are.
func (t Tables) Orders(ctx context.Context, ids []order.ID) (map[order.ID]order.Order, error) {
	return t.OrdersTable.GetMany(ctx, ids)
}

// Mails returns how the last mail about each order ended; nothing for an order without one that ended.
func (t Tables) Mails(ctx context.Context, ids []order.ID) (map[order.ID]Mail, error) {
	results := make(map[order.ID]Mail, len(ids))
	for chunk := range slices.Chunk(ids, maxBatchGet) {
		if err := t.mails(ctx, chunk, results); err != nil {
			return nil, fmt.Errorf("read the ledger of mails: %w", err)
		}
	}
	return results, nil
}

const (
	mailAttempts = 6
	mailPause    = 50 * time.Millisecond // doubled from one attempt to the next
)

var errUnread = errors.New("DynamoDB did not get to all of the batch")

func (t Tables) mails(ctx context.Context, ids []order.ID, results map[order.ID]Mail) error {
	keys := make([]map[string]types.AttributeValue, len(ids))
	for i, id := range ids {
		keys[i] = item.Map{item.OrderID: item.Text(string(id)), item.Channel: item.Text(string(notification.Email))}
	}
	request := map[string]types.KeysAndAttributes{t.Notifications: {Keys: keys}}
	for attempt := range mailAttempts {
		out, err := t.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return err
		}
		for _, m := range out.Responses[t.Notifications] {
			e, err := item.Notification(m)
			if err != nil {
				return err
			}
			if e.Result != "" {
				results[e.Claim.OrderID] = Mail{Version: e.Claim.Version, Result: e.Result}
			}
		}
		if request = out.UnprocessedKeys; len(request) == 0 {
			return nil
		}
		if err := wait(ctx, mailPause<<attempt); err != nil {
			return err
		}
	}
	return errUnread
}
