// Package prefetch holds rows that were read for a whole batch, each good for one use.
//
// A second record of the same order in one batch must see what the first one
// wrote, so the row is gone once it is taken.
package prefetch

import "sync"

// Rows are rows by key. They may be taken from several goroutines.
type Rows[K comparable, V any] struct {
	mu   sync.Mutex
	rows map[K]V
}

// New returns rows that may each be taken once. It takes over the map.
func New[K comparable, V any](rows map[K]V) *Rows[K, V] {
	return &Rows[K, V]{rows: rows}
}

// Take removes and returns the row, or reports false where there is none or it was taken.
func (r *Rows[K, V]) Take(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, ok := r.rows[key]
	delete(r.rows, key)
	return row, ok
}
