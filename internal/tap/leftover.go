package tap

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A tap's name is <bus>-tap-<owner>-<start>-<random>, for rule and queue alike.
const (
	infix      = "-tap-"
	timeLayout = "20060102T150405Z"
	// maxName is the longest name of a rule (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html). A
	// queue's may be longer.
	maxName     = 64
	randomChars = 4
	minOwner    = 8
)

var errLongBus = errors.New("the bus's name is too long to follow it")

func newName(bus, owner string, now time.Time) (string, error) {
	tail := "-" + now.UTC().Format(timeLayout) + "-" + strings.ToLower(rand.Text()[:randomChars])
	room := maxName - len(bus+infix+tail)
	if room < minOwner {
		return "", errLongBus
	}
	owner = cmp.Or(plain(owner), "somebody")
	return bus + infix + owner[:min(len(owner), room)] + tail, nil
}

// plain keeps of a person's name what the name of a rule and a queue may have.
func plain(owner string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return -1
		}
	}, owner)
}

// Leftover is a tap that is there, open or left behind by a program that was killed: its rule, its queue or both.
type Leftover struct {
	Name    string
	Owner   string    // in lower case, without what names of rules may not have
	Started time.Time // UTC, to the second
	rule    bool
	queue   string // URL, empty where there is none
}

// Leftovers returns the taps on a bus, by name. Those that are in use are among them: Started tells.
func Leftovers(ctx context.Context, conf aws.Config, bus string) ([]Leftover, error) {
	c := newClients(conf)
	found := map[string]Leftover{}
	if err := c.findRules(ctx, bus, found); err != nil {
		return nil, fmt.Errorf("find taps on %s: %w", bus, err)
	}
	if err := c.findQueues(ctx, bus, found); err != nil {
		return nil, fmt.Errorf("find taps on %s: %w", bus, err)
	}
	var all []Leftover
	for name, l := range found {
		owner, started, ok := parseName(bus, name)
		if !ok {
			continue // somebody else's, whatever it begins with
		}
		l.Name, l.Owner, l.Started = name, owner, started
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Leftover) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// Named reports whether a rule or queue bears the name of a tap on the bus.
func Named(bus, name string) bool {
	_, _, ok := parseName(bus, name)
	return ok
}

func parseName(bus, name string) (owner string, started time.Time, ok bool) {
	rest, ours := strings.CutPrefix(name, bus+infix)
	parts := strings.Split(rest, "-")
	if !ours || len(parts) != 3 || len(parts[2]) != randomChars {
		return "", time.Time{}, false
	}
	started, err := time.Parse(timeLayout, parts[1])
	return parts[0], started, err == nil
}

func (c clients) findRules(ctx context.Context, bus string, found map[string]Leftover) error {
	in := &eventbridge.ListRulesInput{EventBusName: &bus, NamePrefix: aws.String(bus + infix)}
	for {
		page, err := c.events.ListRules(ctx, in)
		if err != nil {
			return err
		}
		for _, r := range page.Rules {
			name := aws.ToString(r.Name)
			l := found[name]
			l.rule = true
			found[name] = l
		}
		if page.NextToken == nil {
			return nil
		}
		in.NextToken = page.NextToken
	}
}

func (c clients) findQueues(ctx context.Context, bus string, found map[string]Leftover) error {
	pages := sqs.NewListQueuesPaginator(c.queues, &sqs.ListQueuesInput{QueueNamePrefix: aws.String(bus + infix), MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, url := range page.QueueUrls {
			name := url[strings.LastIndex(url, "/")+1:]
			l := found[name]
			l.queue = url
			found[name] = l
		}
	}
	return nil
}

// Remove removes what [Leftovers] found on a bus. What is gone already is no error.
func Remove(ctx context.Context, conf aws.Config, bus string, l Leftover) error {
	return newClients(conf).remove(ctx, bus, l)
}

// remove takes the rule first, so that no event is sent to a queue that is gone. It goes on after an error.
func (c clients) remove(ctx context.Context, bus string, l Leftover) error {
	var errs []error
	if l.rule {
		errs = append(errs, c.removeRule(ctx, bus, l.Name))
	}
	if l.queue != "" {
		_, err := c.queues.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &l.queue})
		if _, gone := errors.AsType[*types.QueueDoesNotExist](err); !gone {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove tap %s: %w", l.Name, err)
	}
	return nil
}

func (c clients) removeRule(ctx context.Context, bus, name string) error {
	_, err := c.events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: &bus, Ids: []string{targetID}})
	if err == nil {
		_, err = c.events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name, EventBusName: &bus})
	}
	if _, gone := errors.AsType[*eventtypes.ResourceNotFoundException](err); gone {
		return nil
	}
	return err
}
