package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
)

// indexByUser is the keys-only index of orders by user and time of recording.
const indexByUser = "by_user"

// ListByUser returns a page of a user's orders, newest first, and the cursor of
// the next page, empty where there is none. The first page's cursor is empty;
// limit is taken into 1 to 100. A cursor that is not one of this user's list is
// order.ErrBadCursor. The index lags a moment behind the table; the rows
// themselves are read consistently.
func (s *Orders) ListByUser(ctx context.Context, user order.UserID, cursor string, limit int) (page []order.Order, next string, err error) {
	var start item.Map
	if cursor != "" {
		after, err := item.ParseCursor(cursor, user)
		if err != nil {
			return nil, "", wrap(err, "list orders of user %s", user)
		}
		start = after.Key()
	}
	page, next, err = s.page(ctx, user, start, max(1, min(limit, item.MaxPage)))
	return page, next, wrap(err, "list orders of user %s", user)
}

func (s *Orders) page(ctx context.Context, user order.UserID, start item.Map, limit int) ([]order.Order, string, error) {
	places, more, err := s.places(ctx, user, start, limit)
	if err != nil {
		return nil, "", err
	}
	ids := make([]order.ID, len(places))
	for i, p := range places {
		ids[i] = p.OrderID
	}
	orders, err := s.GetMany(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	var page []order.Order
	for _, id := range ids {
		if o, found := orders[id]; found {
			page = append(page, o)
		}
	}
	if !more {
		return page, "", nil
	}
	return page, places[len(places)-1].Cursor(), nil
}

// places returns up to limit entries of the index behind start, and whether there are more. It asks for one more to see that.
func (s *Orders) places(ctx context.Context, user order.UserID, start item.Map, limit int) (places []item.Position, more bool, err error) {
	index, newestFirst, count := indexByUser, false, int32(limit+1) //nolint:gosec // at most MaxPage+1
	condition := item.UserID + " = :user"
	out, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &s.tables.Orders,
		IndexName:                 &index,
		KeyConditionExpression:    &condition,
		ExpressionAttributeValues: map[string]types.AttributeValue{":user": item.Text(string(user))},
		ExclusiveStartKey:         start,
		ScanIndexForward:          &newestFirst,
		Limit:                     &count,
	})
	if err != nil {
		return nil, false, classify(err)
	}
	for _, m := range out.Items[:min(limit, len(out.Items))] {
		p, err := item.ReadPosition(m)
		if err != nil {
			return nil, false, fmt.Errorf("index %s: %w", indexByUser, broken(err))
		}
		places = append(places, p)
	}
	return places, len(out.Items) > limit, nil
}
