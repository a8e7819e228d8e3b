package stripesandbox

import (
	"net/http"
	"slices"
)

// Page says which part of a list is wanted.
type Page struct {
	Limit  int    // at most so many
	After  string // only those older than this one; "" starts at the newest
	Intent string // only those of this intent, where the list is not of intents; "" is all
}

// shelf keeps objects of one kind, oldest first.
type shelf[T any] struct {
	kind string // as Stripe's errors name it
	all  []*T
	at   map[string]int // index into all, by id
}

func newShelf[T any](kind string) *shelf[T] { return &shelf[T]{kind: kind, at: map[string]int{}} }

func (s *shelf[T]) put(id string, v *T) {
	s.at[id] = len(s.all)
	s.all = append(s.all, v)
}

// find returns the object, or Stripe's error that blames the parameter.
func (s *shelf[T]) find(id, param string) (*T, error) {
	at, ok := s.at[id]
	if !ok {
		return nil, missing(http.StatusNotFound, s.kind, param, id)
	}
	return s.all[at], nil
}

// page returns copies of the objects to be kept, newest first, and whether there are more of them.
func (s *shelf[T]) page(p Page, keep func(*T) bool) ([]T, bool, error) {
	end := len(s.all)
	if p.After != "" {
		at, ok := s.at[p.After]
		if !ok {
			return nil, false, missing(http.StatusBadRequest, s.kind, "starting_after", p.After)
		}
		end = at
	}
	page := []T{}
	for _, v := range slices.Backward(s.all[:end]) {
		switch {
		case !keep(v):
		case len(page) == p.Limit:
			return page, true, nil
		default:
			page = append(page, *v)
		}
	}
	return page, false, nil
}

func (s *shelf[T]) clear() {
	s.all = nil
	clear(s.at)
}
