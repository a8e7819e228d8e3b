package conformance

import (
	"testing"
	"time"

	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

func testUsers(t *testing.T, open Open) {
	run(t, open, []promise{
		{"put loses nothing", func(t *testing.T, s Stores) {
			wantFilled(t, marked(fullUser("u1")))
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
		{"an address that refused mail is marked once, by what came first", func(t *testing.T, s Stores) {
			u := fullUser("u1")
			putUsers(t, s, u)
			mustRefuse(t, s, u.ID, refusalOf(u.Email))
			later := refusalOf(u.Email)
			later.Why, later.At = user.Bounced, later.At.Add(time.Hour)
			mustRefuse(t, s, u.ID, later)
			wantUser(t, s, marked(u))
			many, err := s.Users.GetMany(t.Context(), []order.UserID{u.ID})
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, "user", many[u.ID], marked(u))
		}},
		{"only the user's present address is marked, to the letter", func(t *testing.T, s Stores) {
			putUsers(t, s, fullUser("u1"), user.User{ID: "u2", Status: user.Active})
			for id, address := range map[order.UserID]string{"u1": "U1@example.com", "u2": "u2@example.com", "u3": "u3@example.com"} {
				err := s.Users.RefuseMail(t.Context(), id, refusalOf(address))
				wantError(t, string(id), err, user.ErrAddressChanged)
			}
			wantError(t, "no address", s.Users.RefuseMail(t.Context(), "u2", refusalOf("")), user.ErrAddressChanged)
			wantUser(t, s, fullUser("u1"))
			wantUser(t, s, user.User{ID: "u2", Status: user.Active})
			if _, found, err := s.Users.Get(t.Context(), "u3"); err != nil || found {
				t.Errorf("a user was made up: found %t, error %v", found, err)
			}
		}},
		{"put leaves the mark of an address alone, whatever it puts", keptMark},
		{"a new address that refuses mail takes the place of the old one", func(t *testing.T, s Stores) {
			u := fullUser("u1")
			putUsers(t, s, u)
			mustRefuse(t, s, u.ID, refusalOf(u.Email))
			u.Email = "new@example.com"
			putUsers(t, s, u)
			mustRefuse(t, s, u.ID, refusalOf(u.Email))
			wantUser(t, s, marked(u))
		}},
	})
}

func keptMark(t *testing.T, s Stores) {
	u := fullUser("u1")
	putUsers(t, s, u)
	mustRefuse(t, s, u.ID, refusalOf(u.Email))
	mark := marked(u).MailRefused
	for _, put := range []user.User{
		u, // read before it was marked
		{ID: u.ID, Status: user.Blocked, Email: "new@example.com"},
		{ID: u.ID, Status: user.Active},
		u,
	} {
		putUsers(t, s, put)
		put.MailRefused = mark
		wantUser(t, s, put)
	}
	u.MailRefused = user.MailRefusal{Address: "made@example.com", Why: user.Complained, At: noon}
	putUsers(t, s, u)
	wantUser(t, s, marked(u))
}

// refusalOf returns a refusal with every field set.
func refusalOf(address string) user.MailRefusal {
	return user.MailRefusal{Address: address, Why: user.Complained, At: noon}
}

// marked returns u once its address has refused mail.
func marked(u user.User) user.User {
	u.MailRefused = refusalOf(u.Email)
	return u
}

func mustRefuse(t *testing.T, s Stores, id order.UserID, r user.MailRefusal) {
	t.Helper()
	if err := s.Users.RefuseMail(t.Context(), id, r); err != nil {
		t.Fatal(err)
	}
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
