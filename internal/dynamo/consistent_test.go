package dynamo_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/internal/dynamo"
)

// lagging answers only reads that are consistent.
type lagging struct{ dynamo.Client }

func (lagging) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if !aws.ToBool(in.ConsistentRead) {
		return nil, errors.New("an old row")
	}
	return &dynamodb.GetItemOutput{}, nil
}

// TestSingleReadsAreConsistent needs no emulator, for there every read is.
func TestSingleReadsAreConsistent(t *testing.T) {
	row, err := dynamo.NewPayments(lagging{}, dynamo.Tables{}).Get(t.Context(), "o1")
	if err != nil || row.Exists() {
		t.Errorf("got %v, error %v; want no row", row, err)
	}
}
