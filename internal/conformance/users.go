package conformance

import (
	"testing"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

func testUsers(t *testing.T, open Open) {
	run(t, open, []promise{
		{"put loses nothing", func(t *testing.T, s Stores) {
			wantFilled(t, fullUser("u1"))
			putUsers(t, s, fullUser("u1"))
			wantUser(t, s, fullUser("u1"))
		}},
		{"a user may have nothing but a status", func(t *testing.T, s Stores) {
			putUsers(t, s, user.User{ID: "u1", Status: user.Blocked})
			wantUser(t, s, user.User{ID: "u1", Status: user.Blocked})
		}},
		{"put again leaves nothing of the old row", func(t *testing.T, s Stores) {
			putUsers(t, s, fullUser("u1"))
			putUsers(t, s, user.User{ID: "u1", Status: user.Active})
			wantUser(t, s, user.User{ID: "u1", Status: user.Active})
		}},
		{"a user that is not there is not found", func(t *testing.T, s Stores) {
			u, found, err := s.Users.Get(t.Context(), "u1")
			if err != nil || found || u != (user.User{}) {
				t.Errorf("got %v, found %t, error %v", u, found, err)
			}
		}},
		{"put refuses what could not be found or read again, and writes nothing", func(t *testing.T, s Stores) {
			for name, bad := range map[string]user.User{
				"no id":          {Status: user.Active},
				"no status":      {ID: "u2"},
				"unknown status": {ID: "u2", Status: "GONE"},
			} {
				if err := s.Users.PutMany(t.Context(), []user.User{fullUser("u1"), bad}); err == nil {
					t.Errorf("%s: no error", name)
				}
			}
			_, found, err := s.Users.Get(t.Context(), "u1")
			if err != nil || found {
				t.Errorf("the neighbour was written: found %t, error %v", found, err)
			}
		}},
		{"get many returns those that are there; put many takes the last of each", manyUsers},
	})
}

func manyUsers(t *testing.T, s Stores) {
	if err := s.Users.PutMany(t.Context(), nil); err != nil {
		t.Errorf("put none: %v", err)
	}
	none, err := s.Users.GetMany(t.Context(), nil)
	if err != nil || len(none) != 0 {
		t.Errorf("of no ids: %d users, error %v", len(none), err)
	}
	want := map[order.UserID]user.User{}
	all := ids[order.UserID]("u", 130)
	var rows []user.User
	for _, id := range all[:120] {
		want[id] = fullUser(id)
		rows = append(rows, user.User{ID: id, Status: user.Blocked})
	}
	for _, id := range all[:120] {
		rows = append(rows, want[id])
	}
	putUsers(t, s, rows...)
	got, err := s.Users.GetMany(t.Context(), append(all, "u1", "u7"))
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "users", got, want)
}

func putUsers(t *testing.T, s Stores, users ...user.User) {
	t.Helper()
	put := func() error { return s.Users.PutMany(t.Context(), users) }
	if len(users) == 1 {
		put = func() error { return s.Users.Put(t.Context(), users[0]) }
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
}

func wantUser(t *testing.T, s Stores, want user.User) {
	t.Helper()
	got, found, err := s.Users.Get(t.Context(), want.ID)
	if err != nil || !found {
		t.Fatalf("found %t, error %v", found, err)
	}
	wantSame(t, "user", got, want)
}
