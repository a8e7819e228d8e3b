package dynamo

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/orderflow/orderflow/internal/dynamo/item"
)

// tableKey is the key of a row in one of the tables whose key is one string.
type tableKey struct {
	table, attribute, value string
}

// keysIn returns the keys of ids in a table, without doubled ones, which BatchGetItem refuses.
func keysIn[ID ~string](table, attribute string, ids []ID) []tableKey {
	distinct := slices.Clone(ids)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	keys := make([]tableKey, len(distinct))
	for i, id := range distinct {
		keys[i] = tableKey{table, attribute, string(id)}
	}
	return keys
}

// batchGet reads rows consistently, and returns those that there are by their table.
func batchGet(ctx context.Context, c Client, keys []tableKey) (map[string][]item.Map, error) {
	rows := map[string][]item.Map{}
	for chunk := range slices.Chunk(keys, maxBatchGet) {
		if err := getChunk(ctx, c, requestFor(chunk), rows); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func requestFor(keys []tableKey) map[string]types.KeysAndAttributes {
	consistent := true
	request := map[string]types.KeysAndAttributes{}
	for _, k := range keys {
		of := request[k.table]
		of.ConsistentRead = &consistent
		of.Keys = append(of.Keys, item.Map{k.attribute: item.Text(k.value)})
		request[k.table] = of
	}
	return request
}

// getChunk adds what the request asks for to rows.
func getChunk(ctx context.Context, c Client, request map[string]types.KeysAndAttributes, rows map[string][]item.Map) error {
	for attempt := 0; ; attempt++ {
		out, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return classify(err)
		}
		for table, found := range out.Responses {
			rows[table] = append(rows[table], found...)
		}
		if request = out.UnprocessedKeys; len(request) == 0 {
			return nil
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// lastOfEach returns rows with only the last one of each key, sorted by key.
func lastOfEach[T any, K cmp.Ordered](rows []T, key func(T) K) []T {
	last := slices.Clone(rows)
	slices.Reverse(last)
	slices.SortStableFunc(last, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return slices.CompactFunc(last, func(a, b T) bool { return key(a) == key(b) })
}
