package item

import (
	"fmt"
	"hash/fnv"
	"iter"
	"time"

	"github.com/orderflow/orderflow/internal/order"
)

// Shards is the number of values that [OpenShard] takes, so that no single index partition takes every write.
const Shards = 16

// Shard returns the value of [OpenShard] for an order: "00" to "15".
func Shard(id order.ID) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return shardName(h.Sum32() % Shards)
}

// ShardNames lists the values of [OpenShard].
func ShardNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range uint32(Shards) {
			if !yield(shardName(n)) {
				return
			}
		}
	}
}

func shardName(n uint32) string { return fmt.Sprintf("%02d", n) }

// OpenEntry is an entry of the index of open orders.
type OpenEntry struct {
	OrderID order.ID
	Since   time.Time // when the order became what it is
}

// ReadOpenEntry reads an entry of the index of open orders. The error is ErrBroken.
func ReadOpenEntry(m Map) (OpenEntry, error) {
	r := reader{m: m}
	e := OpenEntry{order.ID(r.text(OrderID)), r.time(Since)}
	return e, r.err
}
