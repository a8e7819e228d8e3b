package dynamostream_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/dynamostream"
	"github.com/orderflow/orderflow/internal/order"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 7e6, time.UTC)

// record is a record of the stream as the Lambda service hands it over
// (Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB").
func record(t *testing.T, newImage string) events.DynamoDBEventRecord {
	t.Helper()
	raw := `{"eventID":"1","eventName":"INSERT","eventSource":"aws:dynamodb","eventVersion":"1.1","awsRegion":"us-east-1",
		"dynamodb":{"ApproximateCreationDateTime":1773489600,"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_IMAGE",
		"Keys":{"order_id":{"S":"o1"}}` + newImage + `}}`
	var r events.DynamoDBEventRecord
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

const image = `,"NewImage":{"order_id":{"S":"o1"},"user_id":{"S":"u1"},"amount":{"N":"500"},"currency":{"S":"EUR"},
	"placed_by":{"S":"shop"},"payload":{"S":"hash"},"recorded_at":{"S":"2026-03-14T12:00:00.007Z"},"status":{"S":"RECORDED"},
	"version":{"N":"1"},"open_shard":{"S":"03"},"since":{"S":"2026-03-14T12:00:00.007Z"},
	"items":{"L":[{"M":{"sku":{"S":"A"},"quantity":{"N":"1"},"unit_amount":{"N":"500"}}}]},
	"history":{"L":[{"M":{"version":{"N":"1"},"status":{"S":"RECORDED"},"at":{"S":"2026-03-14T12:00:00.007Z"}}}]},
	"note":{"B":"AAE="},"flags":{"SS":["x"]},"nothing":{"NULL":true},"yes":{"BOOL":true}}`

func TestImageIsTheStoredOrder(t *testing.T) {
	got, err := dynamostream.Image(record(t, image))
	if err != nil {
		t.Fatal(err)
	}
	want := order.New(order.Order{
		ID: "o1", UserID: "u1", Amount: 500, Currency: "EUR", PlacedBy: "shop", PayloadHash: "hash",
		Items: []order.Item{{SKU: "A", Quantity: 1, UnitAmount: 500}},
	}, noon)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// Case: a stream record came without an image (iam-identity-center-team#558).
func TestUnreadableImageIsNamedAndKeepsTheOrdersID(t *testing.T) {
	for name, c := range map[string]struct{ image, attribute string }{
		"none":           {"", "order_id"},
		"empty":          {`,"NewImage":{}`, "order_id"},
		"binary user":    {strings.Replace(image, `"user_id":{"S":"u1"}`, `"user_id":{"B":"c2VjcmV0"}`, 1), "user_id"},
		"boolean amount": {strings.Replace(image, `{"N":"500"}`, `{"BOOL":true}`, 1), "amount"},
		"set of items":   {strings.Replace(image, `"items":{"L":[{"M":{"sku":{"S":"A"},"quantity":{"N":"1"},"unit_amount":{"N":"500"}}}]}`, `"items":{"SS":["secret"]}`, 1), "items"},
		"null in a line": {strings.Replace(image, `"sku":{"S":"A"}`, `"sku":{"NULL":true}`, 1), "items[0].sku"},
		"huge version":   {strings.Replace(image, `"version":{"N":"1"}`, `"version":{"N":"1E40"}`, 1), "version"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dynamostream.Image(record(t, c.image))
			if !errors.Is(err, item.ErrBroken) || !strings.Contains(err.Error(), "attribute "+c.attribute+" ") {
				t.Errorf("got error %v, want ErrBroken of %s", err, c.attribute)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells what is stored: %v", err)
			}
			if diff := cmp.Diff(order.Order{ID: "o1"}, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordWithoutKeyHasNoID(t *testing.T) {
	r := record(t, "")
	for name, keys := range map[string]map[string]events.DynamoDBAttributeValue{
		"no keys":     nil,
		"another":     {"id": events.NewStringAttribute("o1")},
		"another way": {"order_id": events.NewNumberAttribute("1")},
	} {
		r.Change.Keys = keys
		if got, err := dynamostream.Image(r); got.ID != "" || err == nil {
			t.Errorf("%s: got id %q, error %v", name, got.ID, err)
		}
	}
}
