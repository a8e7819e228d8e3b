package main

import (
	"encoding/json"
	"strings"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/events"
)

// guide is what to try next on a local run.
type guide struct {
	api, endpoint, provider string
	order                   api.Order // the one that was placed
	command                 string    // how to call orderflow
	moved                   bool      // the emulator is not where the command looks by itself
}

// printNext prints commands that can be copied as they are.
func (s *session) printNext(g guide) error {
	flow := g.command
	if g.moved {
		flow += " --endpoint-url " + g.endpoint
	}
	s.say("\n%s", term.Bold("Try next, in another terminal:"))
	blocks, err := g.blocks(flow)
	if err != nil {
		return err
	}
	for _, block := range blocks {
		s.say("\n%s", term.Faint("# "+block[0]))
		s.say("%s", strings.Join(block[1:], "\n"))
	}
	s.say("\n%s", term.Bold("It is up. Ctrl-C stops it and leaves nothing behind."))
	return nil
}

// blocks are commands, each with what it is for in the first place.
func (g guide) blocks(flow string) ([][]string, error) {
	recorded, err := json.Marshal(events.OrderRecorded{
		OrderID: g.order.ID, UserID: g.order.UserID, Amount: g.order.Amount, Currency: g.order.Currency,
		Items: g.order.Items, RecordedAt: g.order.RecordedAt,
	})
	if err != nil {
		return nil, err
	}
	api := "'" + g.api // in single quotes, since a stage's name begins with a dollar sign
	return [][]string{
		{
			"place an order with curl, and read it",
			"TOKEN=$(" + flow + " token shop)",
			`curl -si ` + api + `/orders' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \`,
			`  -d '{"order_id":"mine-1","user_id":"` + string(g.order.UserID) + `","amount":1999,"currency":"USD"}'; echo`,
			`curl -s ` + api + `/orders/mine-1' -H "Authorization: Bearer $TOKEN"; echo`,
		},
		{
			"the orders of a customer who signs in",
			"TOKEN=$(" + flow + " token customer --user " + demoEmail + " --password " + demoPassword + ")",
			`curl -s ` + api + `/orders' -H "Authorization: Bearer $TOKEN"; echo`,
		},
		{
			"orders that cannot be paid: a declined card, a blocked user, no card, nobody",
			flow + " order place --user dan --amount 1999 --watch   # or bea, nina, nobody",
		},
		{
			"an order that is paid, and then cancelled: the money goes back",
			flow + " order cancel " + string(g.order.ID) + " --watch",
		},
		{
			"money that the provider can't give back: the order needs attention, until somebody has the saga finish it",
			flow + " order place --id stuck-1 --user " + string(g.order.UserID) + " --amount 1999 --watch",
			"curl -s -X POST '" + g.provider + `/_sandbox/refund_failures' -d '{"order_id":"stuck-1"}'; echo`,
			flow + " order cancel stuck-1 --watch",
			"curl -s -X DELETE '" + g.provider + "/_sandbox/refund_failures'",
			flow + " saga redrive stuck-1 --watch",
		},
		{
			"publish an event: every stage sees the order again, and nothing happens twice",
			"echo '" + string(recorded) + "' | " + flow + " publish OrderRecorded",
			flow + " order show " + string(g.order.ID),
		},
		{
			"6,919 purchases of a real shop; then some that cannot be paid, or are cancelled",
			flow + " load internal/cdnow/data/CDNOW_sample.txt.gz",
			flow + " load internal/cdnow/data/CDNOW_sample.txt.gz --limit 1000 --prefix mixed --mix decline=10,unknown=3,blocked=3,cancel=10",
		},
		{
			"the mails that were sent, the money that was taken",
			"curl -s " + g.endpoint + "/_ministack/ses/messages",
			"curl -s '" + g.provider + "/_sandbox/ledger?totals=true'",
		},
	}, nil
}
