package dynamo

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

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

// Put stores u's data, in place of whatever data were stored under its id. See [Users.PutMany].
func (s *Users) Put(ctx context.Context, u user.User) error {
	return s.PutMany(ctx, []user.User{u})
}

// putsAtOnce is how many users PutMany writes side by side. The SDK keeps as many connections open to one host.
const putsAtOnce = 10

// PutMany stores the data of users, in place of whatever data were stored under
// their ids; refusals of mail stay as they are. Of two with the same id the last
// one stays. A user whose row could not be read back is refused, and nothing is
// written. After another error some may be written; doing it again is safe.
func (s *Users) PutMany(ctx context.Context, users []user.User) error {
	users = lastOfEach(users, idOfUser)
	items := make([]item.Map, len(users))
	for i, u := range users {
		items[i] = item.FromUser(u)
		if _, err := item.User(items[i]); err != nil {
			return wrap(err, "put %d users", len(users))
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(putsAtOnce)
	for _, m := range items {
		group.Go(func() error { return s.replace(ctx, m) })
	}
	return wrap(group.Wait(), "put %d users", len(users))
}

// replace writes a user's data attribute by attribute, so that it leaves alone what stands beside them.
func (s *Users) replace(ctx context.Context, m item.Map) error {
	names, values := map[string]string{}, item.Map{}
	var set, remove []string
	for _, name := range item.UserAttributes() {
		names["#"+name] = name // some are reserved words
		if v, ok := m[name]; ok {
			values[":"+name] = v
			set = append(set, "#"+name+" = :"+name)
		} else {
			remove = append(remove, "#"+name)
		}
	}
	expression := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		expression += " REMOVE " + strings.Join(remove, ", ")
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &s.tables.Users,
		Key:                       item.Map{item.UserID: m[item.UserID]},
		UpdateExpression:          &expression,
		ExpressionAttributeNames:  names,
		ExpressionAttributeValues: values,
	})
	return classify(err)
}

// RefuseMail notes beside the user's data that r's address refuses mail. The
// first refusal by an address stays. The error is user.ErrAddressChanged where
// r's address is not the user's, to the letter.
func (s *Users) RefuseMail(ctx context.Context, id order.UserID, r user.MailRefusal) error {
	expression := "SET #refused = :refused"
	condition := "#email = :address AND (attribute_not_exists(#refused) OR #refused.#address <> :address)"
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           &s.tables.Users,
		Key:                                 item.Map{item.UserID: item.Text(string(id))},
		UpdateExpression:                    &expression,
		ConditionExpression:                 &condition,
		ExpressionAttributeNames:            map[string]string{"#email": item.Email, "#refused": item.MailRefused, "#address": item.Address},
		ExpressionAttributeValues:           item.Map{":refused": item.FromMailRefusal(r), ":address": item.Text(r.Address)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if stored, yes := refused(err); yes {
		err = whyNotMarked(stored, r.Address)
	}
	return wrap(classify(err), "mark address of user %s", id)
}

// whyNotMarked says why a refusal by address was not written to the user that is stored: nil where one by it stands there already.
func whyNotMarked(stored item.Map, address string) error {
	if len(stored) == 0 {
		return user.ErrAddressChanged
	}
	u, err := item.User(stored)
	if err != nil {
		return broken(err)
	}
	if address == "" || u.Email != address {
		return user.ErrAddressChanged
	}
	return nil
}
