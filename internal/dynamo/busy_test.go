package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/outcome"
	"github.com/orderflow/orderflow/internal/user"
)

// slow is a users table that gets to half of a batch at most, and to nothing at all once its patience is used up.
// Like DynamoDB it refuses doubled keys and too large batches.
type slow struct {
	dynamo.Client
	patience int // calls that do some work
	calls    int
	rows     map[string]item.Map
}

func (c *slow) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]item.Map{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	for table, of := range in.RequestItems {
		done, err := c.share(len(of.Keys), 100)
		if err != nil || !aws.ToBool(of.ConsistentRead) {
			return nil, fmt.Errorf("consistent %t, %w", aws.ToBool(of.ConsistentRead), err)
		}
		for _, key := range of.Keys[:done] {
			if row, found := c.rows[text(key)]; found {
				out.Responses[table] = append(out.Responses[table], row)
			}
		}
		if done < len(of.Keys) {
			out.UnprocessedKeys[table] = types.KeysAndAttributes{Keys: of.Keys[done:], ConsistentRead: of.ConsistentRead}
		}
	}
	return out, nil
}

// share returns how many of n entries this call gets to.
func (c *slow) share(n, limit int) (int, error) {
	if n > limit {
		return 0, errors.New("ValidationException: too many entries")
	}
	if c.calls++; c.calls > c.patience {
		return 0, nil
	}
	return (n + 1) / 2, nil
}

func text(m item.Map) string { return m["user_id"].(*types.AttributeValueMemberS).Value }

func someIDs(n int) (ids []order.UserID) {
	for i := range n {
		ids = append(ids, order.UserID(fmt.Sprint("u", i)))
	}
	return ids
}

func TestUnprocessedEntriesAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ids := someIDs(15)
		client := &slow{patience: 1 << 30, rows: map[string]item.Map{}}
		for _, id := range ids {
			client.rows[string(id)] = item.FromUser(user.User{ID: id, Status: user.Active})
		}
		got, err := dynamo.NewUsers(client, dynamo.Tables{Users: "users"}).GetMany(t.Context(), ids)
		if err != nil || len(got) != len(ids) {
			t.Errorf("got %d users, error %v; want %d", len(got), err, len(ids))
		}
		if client.calls != 4 {
			t.Errorf("got %d calls, want 4: 15 entries by halves", client.calls)
		}
	})
}

func TestUnprocessedEntriesEndAsBusyAfterFiveCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &slow{rows: map[string]item.Map{}}
		start := time.Now()
		_, err := dynamo.NewUsers(client, dynamo.Tables{Users: "users"}).GetMany(t.Context(), someIDs(2))
		if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != dynamo.CodeBusy {
			t.Errorf("got error %v, want a transient %s", err, dynamo.CodeBusy)
		}
		if took := time.Since(start); client.calls != 5 || took != 375*time.Millisecond {
			t.Errorf("%d calls in %s, want 5 in 375ms", client.calls, took)
		}
	})
}

func TestWaitingForABatchEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		client := &slow{rows: map[string]item.Map{}}
		_, err := dynamo.NewUsers(client, dynamo.Tables{Users: "users"}).GetMany(ctx, someIDs(2))
		if !errors.Is(err, context.DeadlineExceeded) || client.calls != 2 {
			t.Errorf("got error %v after %d calls, want the context's after 2", err, client.calls)
		}
	})
}

// failing answers every write with the same error.
type failing struct {
	dynamo.Client
	err error
}

func (c failing) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, c.err
}

func (c failing) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return nil, c.err
}

func (c failing) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, c.err
}

func cancelled(codes ...string) error {
	e := &types.TransactionCanceledException{}
	for _, code := range codes {
		e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: &code})
	}
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "TransactWriteItems", Err: e}
}

func TestTransactionsAreCancelledForReasons(t *testing.T) {
	d := order.Decision{Change: order.Change{Version: 2, Status: order.Refunded}, IfPayment: order.PaymentReturned}
	for name, c := range map[string]struct {
		err  error
		want error        // nil: any
		code outcome.Code // of a transient error
	}{
		"payments row":             {cancelled("None", "ConditionalCheckFailed"), order.ErrPaymentCondition, outcome.CodeUnknown},
		"order is gone":            {cancelled("ConditionalCheckFailed", "None"), order.ErrNotFound, outcome.CodeUnknown},
		"both":                     {cancelled("ConditionalCheckFailed", "ConditionalCheckFailed"), order.ErrNotFound, outcome.CodeUnknown},
		"another transaction":      {cancelled("TransactionConflict", "None"), nil, dynamo.CodeBusy},
		"another, on the payments": {cancelled("ConditionalCheckFailed", "TransactionConflict"), nil, dynamo.CodeBusy},
		"throttled":                {cancelled("None", "ThrottlingError"), nil, dynamo.CodeBusy},
		"too large":                {cancelled("ValidationError", "None"), nil, outcome.CodeUnknown},
		"no reasons":               {cancelled(), nil, outcome.CodeUnknown},
		"in progress":              {&types.TransactionInProgressException{}, nil, dynamo.CodeBusy},
	} {
		t.Run(name, func(t *testing.T) {
			err := dynamo.NewOrders(failing{err: c.err}, dynamo.Tables{}).Apply(t.Context(), recorded("o1"), d)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got error %v, want %v", err, c.want)
			}
			if _, code := outcome.Of(err); code != c.code {
				t.Errorf("got code %s, want %s", code, c.code)
			}
		})
	}
}

func TestThrottledWritesAreBusy(t *testing.T) {
	for _, busy := range []error{
		&types.ProvisionedThroughputExceededException{}, &types.RequestLimitExceeded{}, &types.TransactionConflictException{},
		&smithy.GenericAPIError{Code: "ThrottlingException"},
	} {
		client := failing{err: busy}
		orders, payments := dynamo.NewOrders(client, dynamo.Tables{}), dynamo.NewPayments(client, dynamo.Tables{})
		users := dynamo.NewUsers(client, dynamo.Tables{})
		_, _, created := orders.Create(t.Context(), recorded("o1"))
		for name, err := range map[string]error{
			"create": created,
			"apply":  orders.Apply(t.Context(), recorded("o1"), order.Decision{Change: order.Change{Version: 2, Status: order.Paid}}),
			"put":    payments.Put(t.Context(), voided("o1")),
			"claim":  dynamo.NewNotifications(client, dynamo.Tables{}).Claim(t.Context(), claimOf("o1"), noon),
			"users":  users.Put(t.Context(), user.User{ID: "u1", Status: user.Active}),
			"refuse": users.RefuseMail(t.Context(), "u1", user.MailRefusal{Address: "u1@example.com", Why: user.Bounced, At: noon}),
		} {
			if kind, code := outcome.Of(err); kind != outcome.KindTransient || code != dynamo.CodeBusy || !errors.Is(err, busy) {
				t.Errorf("%s: got error %v, want a transient %s", name, err, dynamo.CodeBusy)
			}
		}
	}
}
