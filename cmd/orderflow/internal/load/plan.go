// Package load sends a file of purchases through the order flow and checks that what came out adds up.
package load

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/user"
)

// Fate is what an order is made for.
type Fate string

// The fates.
const (
	Pays    Fate = "pays"
	Decline Fate = "decline" // its card is declined
	Unknown Fate = "unknown" // its user does not exist
	Blocked Fate = "blocked" // its user may not buy
	Cancel  Fate = "cancel"  // its shop cancels it soon after it is placed
)

// mixed lists the fates that a [Mix] deals out, in the order in which it does. A new one comes last, so that
// a mix without it deals as it always did.
var mixed = []Fate{Decline, Unknown, Blocked, Cancel}

// Stripe's test payment methods (https://docs.stripe.com/testing).
const (
	goodCard = "pm_card_visa"
	badCard  = "pm_card_visa_chargeDeclined"
)

// shares is how finely a Mix divides orders: in hundredths of a percent.
const shares = 10_000

// Mix says which share of the orders does not end paid, in hundredths of a percent by fate. What is left pays.
type Mix map[Fate]int

// ParseMix reads percentages with up to two decimals, such as 2.5, by the name of the fate.
func ParseMix(percent map[string]string) (Mix, error) {
	mix, sum := Mix{}, 0
	for _, name := range slices.Sorted(maps.Keys(percent)) {
		fate := Fate(name)
		if !slices.Contains(mixed, fate) {
			return nil, fmt.Errorf("mix: there is no %q; there are decline, unknown, blocked and cancel", name)
		}
		share, ok := parsePercent(percent[name])
		if !ok {
			return nil, fmt.Errorf("mix: %s must be a percentage from 0 to 100 with at most two decimals", name)
		}
		mix[fate] = share
		sum += share
	}
	if sum > shares {
		return nil, fmt.Errorf("mix: the shares add up to more than 100 percent")
	}
	return mix, nil
}

func parsePercent(s string) (int, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) > 3 || len(fraction) > 2 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(fraction + "00")[:2], 10, 32)
	return int(n), err == nil && whole != "" && n <= shares
}

// dice are the same numbers for the purchase in a row of the file every time.
type dice struct{ fate, delay, paid uint64 }

func roll(row int) dice {
	sum := sha256.Sum256([]byte(strconv.Itoa(row)))
	return dice{fate: binary.BigEndian.Uint64(sum[:]), delay: binary.BigEndian.Uint64(sum[8:]), paid: binary.BigEndian.Uint64(sum[16:])}
}

// fate gives the purchase in a row of the file always the same fate.
func (m Mix) fate(row int) Fate {
	at := int(roll(row).fate % shares)
	for _, f := range mixed {
		if at < m[f] {
			return f
		}
		at -= m[f]
	}
	return Pays
}

// longestDelay is about as long as an order takes to be paid where there is no queue before it, so that some are cancelled before that, some
// after, and some while the money moves.
const longestDelay = 2 * time.Second

// delay gives the purchase in a row of the file always the same delay, of 0 to [longestDelay].
func delay(row int) time.Duration {
	ms := roll(row).delay % uint64(longestDelay/time.Millisecond+1)
	return time.Duration(ms) * time.Millisecond
}

// Job is an order to be placed and what must become of it.
type Job struct {
	Order       api.PlaceOrder
	Fate        Fate
	CancelAfter time.Duration // from the answer to the order, where its fate is Cancel
	CancelPaid  bool          // and not before it is PAID, however long that takes: every other one
}

// Plan makes orders of purchases. Ids come from prefix and row alone, so that the same file loaded again is a
// repeat, which places and charges nothing.
func Plan(purchases []cdnow.Purchase, prefix string, mix Mix) []Job {
	jobs := make([]Job, len(purchases))
	for i, p := range purchases {
		jobs[i] = plan(p, prefix, mix)
	}
	return jobs
}

func plan(p cdnow.Purchase, prefix string, mix Mix) Job {
	j := Job{
		Order: api.PlaceOrder{
			OrderID:  order.ID(prefix + "-" + strconv.Itoa(p.Row)),
			UserID:   customerID(prefix, p.Customer),
			Amount:   p.Cents,
			Currency: "USD",
		},
		Fate: mix.fate(p.Row),
	}
	switch j.Fate {
	case Decline:
		j.Order.PaymentMethod = badCard
	case Unknown:
		j.Order.UserID = order.UserID(prefix + "-nobody")
	case Blocked:
		j.Order.UserID = blockedID(prefix)
	case Cancel:
		j.CancelAfter, j.CancelPaid = delay(p.Row), roll(p.Row).paid%2 == 0
	case Pays:
	}
	return j
}

func customerID(prefix, customer string) order.UserID {
	return order.UserID(prefix + "-c" + customer)
}

func blockedID(prefix string) order.UserID { return order.UserID(prefix + "-blocked") }

// Users returns the rows of the users table that the jobs need. Mail goes to the
// address by which SES stands in for one that takes every mail
// (https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html).
func Users(jobs []Job, prefix, providerCustomer string) []user.User {
	users := map[order.UserID]user.User{}
	for _, j := range jobs {
		if j.Fate == Unknown {
			continue
		}
		id := j.Order.UserID
		users[id] = user.User{
			ID: id, Status: user.Active, Email: "success+" + string(id) + "@simulator.amazonses.com", Name: "Customer " + strings.TrimPrefix(string(id), prefix+"-c"),
			Locale: "en", Customer: providerCustomer, PaymentMethod: goodCard,
		}
		if j.Fate == Blocked {
			u := users[id]
			u.Status = user.Blocked
			users[id] = u
		}
	}
	rows := make([]user.User, 0, len(users))
	for _, id := range slices.Sorted(maps.Keys(users)) {
		rows = append(rows, users[id])
	}
	return rows
}

// Prefix makes a prefix for ids out of a file's name, without its folders and endings, in lower case: cdnow_sample.
func Prefix(name string) string {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	base, _, _ = strings.Cut(base, ".")
	clean := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, strings.ToLower(base))
	return clean[:min(len(clean), maxPrefix)]
}

// maxPrefix leaves room for the row and the customer in an id of 64 characters.
const maxPrefix = 40

// ValidPrefix reports whether ids can begin with prefix.
func ValidPrefix(prefix string) bool {
	return len(prefix) <= maxPrefix && order.ID(prefix).Valid()
}
