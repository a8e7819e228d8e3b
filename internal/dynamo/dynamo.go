// Package dynamo keeps orders, users, payments rows and the ledger of mails in DynamoDB.
//
// Every write is one conditional call that no read goes before. A call that the
// SDK sent twice meets its own first write: it is told by what is stored, and is
// a success. Reads of orders and payments rows are consistent. Errors other than
// the named ones may be gone when tried again.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/outcome"
)

// Codes of errors that come from the tables' state and not from the message.
const (
	// CodeBusy means that DynamoDB refused for now: throttled, or another transaction holds the row.
	CodeBusy outcome.Code = "table_busy"
	// CodeBroken means that a row holds what nothing of orderflow writes. Somebody must mend it.
	CodeBroken outcome.Code = "broken_row"
)

// Tables are the names of the tables. A store needs only the ones that its constructor names.
type Tables struct {
	Orders        string
	Users         string
	Payments      string
	Notifications string
}

// Client is what the stores need of *dynamodb.Client.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Limits of one call, by the DynamoDB API reference, and our own patience.
const (
	maxBatchGet   = 100
	batchAttempts = 5
	firstPause    = 25 * time.Millisecond // doubled from one attempt to the next
)

// errUnprocessed means that DynamoDB left a part of a batch undone, again and again.
var errUnprocessed = errors.New("DynamoDB did not get to all of the batch")

// pause waits before another attempt, or until ctx is done.
func pause(ctx context.Context, attempt int) error {
	if attempt == batchAttempts-1 {
		return outcome.Transient(CodeBusy, errUnprocessed)
	}
	timer := time.NewTimer(firstPause << attempt)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// get reads one item, consistently. It is nil where there is none.
func get(ctx context.Context, c Client, table string, key item.Map) (item.Map, error) {
	consistent := true
	out, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: &consistent})
	if err != nil {
		return nil, classify(err)
	}
	return out.Item, nil
}

// refused returns what was stored where a conditional write was refused, and whether it was. There may be no item.
func refused(err error) (stored item.Map, yes bool) {
	e, yes := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !yes {
		return nil, false
	}
	return e.Item, true
}

// busyCodes are the error and cancellation codes that mean "not now"
// (DynamoDB developer guide, "Error handling with DynamoDB"; API reference of TransactWriteItems).
var busyCodes = map[string]bool{
	"ProvisionedThroughputExceeded":          true,
	"ProvisionedThroughputExceededException": true,
	"RequestLimitExceeded":                   true,
	"ThrottlingError":                        true,
	"ThrottlingException":                    true,
	"TransactionConflict":                    true,
	"TransactionConflictException":           true,
	"TransactionInProgressException":         true,
}

// classify gives err the code CodeBusy where DynamoDB says so.
func classify(err error) error {
	if e, ok := errors.AsType[interface {
		error
		ErrorCode() string
	}](err); ok && busyCodes[e.ErrorCode()] {
		return outcome.Transient(CodeBusy, err)
	}
	return err
}

// broken gives an error of a row that cannot be read its code.
func broken(err error) error {
	if errors.Is(err, item.ErrBroken) {
		return outcome.Transient(CodeBroken, err)
	}
	return err
}

// decodeAll reads items into a map. Beside an error, which joins one for each row that is broken, it returns the others.
func decodeAll[K comparable, T any](items []item.Map, decode func(item.Map) (T, error), key func(T) K) (map[K]T, error) {
	rows := make(map[K]T, len(items))
	var errs []error
	for _, m := range items {
		row, err := decode(m)
		if err != nil {
			errs = append(errs, broken(err))
			continue
		}
		rows[key(row)] = row
	}
	return rows, errors.Join(errs...)
}

// wrap says what was tried with err, nil for nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
