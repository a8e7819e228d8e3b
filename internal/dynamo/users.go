package dynamo

import (
	"context"

	"github.com/orderflow/orderflow/internal/dynamo/item"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// Users is the users table.
type Users struct {
	client Client
	tables Tables
}

// NewUsers returns the store over tables.Users.
func NewUsers(client Client, tables Tables) *Users { return &Users{client, tables} }

// Get returns a user and whether there is one.
func (s *Users) Get(ctx context.Context, id order.UserID) (u user.User, found bool, err error) {
	m, err := get(ctx, s.client, s.tables.Users, item.Map{item.UserID: item.Text(string(id))})
	if err != nil || m == nil {
		return user.User{}, false, wrap(err, "get user %s", id)
	}
	u, err = item.User(m)
	return u, err == nil, wrap(broken(err), "get user %s", id)
}

// GetMany returns those of the users that there are, in one call for a hundred.
// Beside an error of [CodeBroken] it returns the rows that are not broken.
func (s *Users) GetMany(ctx context.Context, ids []order.UserID) (map[order.UserID]user.User, error) {
	rows, err := batchGet(ctx, s.client, keysIn(s.tables.Users, item.UserID, ids))
	if err != nil {
		return nil, wrap(err, "get %d users", len(ids))
	}
	users, err := decodeAll(rows[s.tables.Users], item.User, idOfUser)
	return users, wrap(err, "get %d users", len(ids))
}

func idOfUser(u user.User) order.UserID { return u.ID }

// Put stores u, in place of whatever was stored under its id.
func (s *Users) Put(ctx context.Context, u user.User) error {
	return s.PutMany(ctx, []user.User{u})
}

// PutMany stores users, in place of whatever was stored under their ids, in one
// call for twenty-five. Of two with the same id the last one stays. A user whose
// row could not be read back is refused, and nothing is written. After another
// error some may be written; doing it again is safe.
func (s *Users) PutMany(ctx context.Context, users []user.User) error {
	users = lastOfEach(users, idOfUser)
	items := make([]item.Map, len(users))
	for i, u := range users {
		items[i] = item.FromUser(u)
		if _, err := item.User(items[i]); err != nil {
			return wrap(err, "put %d users", len(users))
		}
	}
	return wrap(batchPut(ctx, s.client, s.tables.Users, items), "put %d users", len(users))
}
