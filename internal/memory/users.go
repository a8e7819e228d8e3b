package memory

import (
	"context"
	"fmt"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// Users is the users table.
type Users struct {
	rows *table[user.User]
}

// Get returns a user and whether there is one.
func (s *Users) Get(ctx context.Context, id order.UserID) (u user.User, found bool, err error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err == nil {
		u, found, err = s.rows.get(string(id))
	}
	if err != nil {
		return user.User{}, false, fmt.Errorf("get user %s: %w", id, err)
	}
	return u, found, nil
}

// GetMany returns those of the users that there are.
func (s *Users) GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error) {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return nil, fmt.Errorf("get %d users: %w", len(ids), err)
	}
	users, err := getMany(s.rows, ids)
	if err != nil {
		return nil, fmt.Errorf("get %d users: %w", len(ids), err)
	}
	return users, nil
}

// Put stores u, in place of whatever was stored under its id.
func (s *Users) Put(ctx context.Context, u user.User) error {
	return s.PutMany(ctx, []user.User{u})
}

// PutMany stores users, in place of whatever was stored under their ids. Of two with the same id the last one
// stays. A user whose row could not be read back is refused, and nothing is written.
func (s *Users) PutMany(ctx context.Context, users []user.User) error {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err != nil {
		return fmt.Errorf("put %d users: %w", len(users), err)
	}
	for _, u := range users {
		if _, err := item.User(item.FromUser(u)); err != nil {
			return fmt.Errorf("put %d users: %w", len(users), err)
		}
	}
	for _, u := range users {
		if err := s.rows.put(string(u.ID), item.FromUser(u)); err != nil {
			return fmt.Errorf("put %d users: %w", len(users), err)
		}
	}
	return nil
}

// All returns every user, sorted by id.
func (s *Users) All() []user.User { return s.rows.all() }
