package memory

import (
	"context"
	"fmt"
	"maps"

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

// Put stores u's data, in place of whatever data were stored under its id. See [Users.PutMany].
func (s *Users) Put(ctx context.Context, u user.User) error {
	return s.PutMany(ctx, []user.User{u})
}

// PutMany stores the data of users, in place of whatever data were stored under their ids; refusals of mail stay
// as they are. Of two with the same id the last one stays. A user whose row could not be read back is refused, and
// nothing is written.
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
		if err := s.rows.put(string(u.ID), s.replaced(u)); err != nil {
			return fmt.Errorf("put %d users: %w", len(users), err)
		}
	}
	return nil
}

// replaced returns u's row once u's data stand in it.
func (s *Users) replaced(u user.User) item.Map {
	m := item.FromUser(u)
	if refused, ok := s.rows.items[string(u.ID)][item.MailRefused]; ok {
		m[item.MailRefused] = refused
	}
	return m
}

// RefuseMail notes beside the user's data that r's address refuses mail. The
// first refusal by an address stays. The error is user.ErrAddressChanged where
// r's address is not the user's, to the letter.
func (s *Users) RefuseMail(ctx context.Context, id order.UserID, r user.MailRefusal) error {
	unlock, err := s.rows.lock(ctx)
	defer unlock()
	if err == nil {
		err = s.refuseMail(string(id), r)
	}
	if err != nil {
		return fmt.Errorf("mark address of user %s: %w", id, err)
	}
	return nil
}

func (s *Users) refuseMail(key string, r user.MailRefusal) error {
	u, found, err := s.rows.get(key)
	switch {
	case err != nil:
		return err
	case !found || r.Address == "" || u.Email != r.Address:
		return user.ErrAddressChanged
	case u.MailRefused.Address == r.Address:
		return nil
	}
	after := maps.Clone(s.rows.items[key])
	after[item.MailRefused] = item.FromMailRefusal(r)
	return s.rows.put(key, after)
}

// All returns every user, sorted by id.
func (s *Users) All() []user.User { return s.rows.all() }
