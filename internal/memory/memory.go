// Package memory holds the tables in memory: a sibling of internal/dynamo for tests and the simulator, never for anything deployed.
//
// A row is kept as the DynamoDB item that it would be, so that whatever DynamoDB
// would lose is lost here too, and so that no caller shares memory with a table.
// All tables of one [Tables] share a lock: every method is one atomic step.
package memory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/orderflow/orderflow/internal/dynamo/item"
)

// Tables are the four tables, empty at first.
type Tables struct {
	Orders        *Orders
	Users         *Users
	Payments      *Payments
	Notifications *Notifications
}

// New returns empty tables.
func New() Tables {
	mu := new(sync.Mutex)
	payments := &Payments{rows: newTable(mu, item.Payment)}
	orders := &Orders{rows: newTable(mu, item.Order), payments: payments.rows}
	payments.orders = orders.rows
	return Tables{
		Orders:        orders,
		Users:         &Users{rows: newTable(mu, item.User)},
		Payments:      payments,
		Notifications: &Notifications{rows: newTable(mu, item.Notification)},
	}
}

// errEmptyKey is what DynamoDB answers to a key without a value.
var errEmptyKey = errors.New("key attribute is empty")

// table is a set of items by key. Its lock must be held to use it, see [table.lock].
type table[T any] struct {
	mu     *sync.Mutex
	items  map[string]item.Map
	decode func(item.Map) (T, error)
}

func newTable[T any](mu *sync.Mutex, decode func(item.Map) (T, error)) *table[T] {
	return &table[T]{mu: mu, items: map[string]item.Map{}, decode: decode}
}

// lock takes the lock that all tables share, unless ctx is done. The caller defers the result.
func (t *table[T]) lock(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return func() {}, err
	}
	t.mu.Lock()
	return t.mu.Unlock, nil
}

// get returns the row under key and whether there is one.
func (t *table[T]) get(key string) (row T, found bool, err error) {
	if key == "" {
		return row, false, errEmptyKey
	}
	m, found := t.items[key]
	if !found {
		return row, false, nil
	}
	row, err = t.decode(m)
	return row, err == nil, err
}

func (t *table[T]) put(key string, m item.Map) error {
	if key == "" {
		return errEmptyKey
	}
	t.items[key] = m
	return nil
}

// getMany returns the rows of the keys that are there.
func getMany[K ~string, T any](t *table[T], keys []K) (map[K]T, error) {
	rows := make(map[K]T, len(keys))
	for _, key := range keys {
		row, found, err := t.get(string(key))
		if err != nil {
			return nil, err
		}
		if found {
			rows[key] = row
		}
	}
	return rows, nil
}

// all returns every row, sorted by key.
func (t *table[T]) all() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := make([]T, 0, len(t.items))
	for _, key := range slices.SortedFunc(maps.Keys(t.items), cmp.Compare) {
		// What the table holds it has written itself, from rows that its codec reads.
		if row, err := t.decode(t.items[key]); err == nil {
			rows = append(rows, row)
		}
	}
	return rows
}
