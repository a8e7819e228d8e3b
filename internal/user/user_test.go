package user_test

import (
	"testing"

	"github.com/orderflow/orderflow/internal/user"
)

func TestMailGoesToTheAddressUnlessThatOneRefusedIt(t *testing.T) {
	for name, c := range map[string]struct{ email, refused, want string }{
		"nothing refused":        {"ada@example.com", "", "ada@example.com"},
		"refused":                {"ada@example.com", "ada@example.com", ""},
		"refused in other case":  {"Ada@Example.com", "ada@example.com", ""},
		"an older one refused":   {"ada@example.com", "ada@example.org", "ada@example.com"},
		"no address":             {"", "", ""},
		"no address any more":    {"", "ada@example.com", ""},
		"one that only looks so": {"ada@example.com", "ada@example.co", "ada@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			u := user.User{Email: c.email, MailRefused: user.MailRefusal{Address: c.refused, Why: user.Bounced}}
			if got := u.MailTo(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
