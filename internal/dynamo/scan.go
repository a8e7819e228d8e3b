package dynamo

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// Scanner is what reading a whole table needs of *dynamodb.Client. No function of the flow does it, so no store has it.
type Scanner interface {
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// Size is what DynamoDB says of a table, which it looks at about every six hours
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html).
type Size struct {
	Rows  int64
	Bytes int64
}

// bytesPerUnit is what one read unit reads, eventually consistent: two items of 4 KiB each
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
const bytesPerUnit = 2 * 4096

// ReadUnits returns about how many read units [ScanOrders] uses up.
func (s Size) ReadUnits() int64 { return (s.Bytes + bytesPerUnit - 1) / bytesPerUnit }

// SizeOf returns the size of a table.
func SizeOf(ctx context.Context, client Scanner, table string) (Size, error) {
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return Size{}, wrap(classify(err), "describe table %s", table)
	}
	return Size{Rows: aws.ToInt64(out.Table.ItemCount), Bytes: aws.ToInt64(out.Table.TableSizeBytes)}, nil
}

// ScanOrders reads every order of a table, in no order and not consistently: an
// order that changes meanwhile is read as it was or as it is. At most a page,
// 1 MiB, is held at a time. A row that is broken is an error of CodeBroken, and the
// others follow; any other error is the last thing.
func ScanOrders(ctx context.Context, client Scanner, table string) iter.Seq2[order.Order, error] {
	return func(yield func(order.Order, error) bool) {
		for in := (&dynamodb.ScanInput{TableName: &table}); ; {
			out, err := client.Scan(ctx, in)
			if err != nil {
				yield(order.Order{}, wrap(classify(err), "scan table %s", table))
				return
			}
			for _, m := range out.Items {
				o, err := item.Order(m)
				if !yield(o, wrap(broken(err), "scan table %s", table)) {
					return
				}
			}
			if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
				return
			}
		}
	}
}
