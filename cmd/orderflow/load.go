package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/load"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/cdnow"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

type loadCommand struct {
	File        string            `arg:"" help:"File of purchases in one of the CDNOW formats, plain or compressed with gzip; - reads the standard input."`
	Limit       int               `placeholder:"N" help:"Load only the first N purchases."`
	Concurrency int               `default:"16" placeholder:"N" help:"Orders that are being posted at once, and cancellations besides (default: 16)."`
	Prefix      string            `placeholder:"TEXT" help:"What ids of orders and users begin with (default: the file's name)."`
	Mix         map[string]string `mapsep:"," placeholder:"FATE=PERCENT,…" help:"Shares of orders that do not end PAID, by what happens to them: decline, unknown, blocked, cancel."`
	Customer    string            `default:"cus_load" placeholder:"ID" help:"Customer at the payment provider who pays (default: cus_load, which the sandbox takes)."`
	Patience    time.Duration     `default:"60s" help:"How long nothing may move before orders count as stuck (default: 60s)."`
}

// Help is what --help adds.
func (loadCommand) Help() string {
	return `Makes the users that are needed, posts an order for each purchase through the API, follows each until it comes to rest, and
adds up. Each order must end as its share of the mix says, and a share that is left out pays:

    pays     PAID
    decline  CANCELLED (card_declined)
    unknown  REJECTED (unknown_user)
    blocked  REJECTED (blocked_user)
    cancel   CANCELLED or REFUNDED (requested_by_shop): the shop cancels it up to 2 seconds after it was placed, every other
             one not before it is paid

A free order has no card to decline, and is PAID. The exit code is 4 where an order ends otherwise, NEEDS_ATTENTION among it, or does
not come to rest; where one was charged twice; or where the payment provider's sandbox, less what it gave back, does not hold the
amount of each PAID order and nothing of any other. Ids and shares come from the file, so that loading it again is a repeat which
charges nothing.

    orderflow load internal/cdnow/data/CDNOW_sample.txt.gz
    orderflow load internal/cdnow/data/CDNOW_sample.txt.gz --prefix mixed --mix decline=10,unknown=3,blocked=3,cancel=10`
}

// productionStage never gets orders that are not real.
const productionStage = "prod"

// Run loads the file.
func (c loadCommand) Run(ctx context.Context, s *session) error {
	jobs, prefix, err := c.plan(s)
	if err != nil {
		return err
	}
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	progress := term.NewProgress(ctx, s.console)
	if err := c.makeUsers(ctx, d, jobs, prefix, progress); err != nil {
		progress.Wait()
		return err
	}
	began := time.Now()
	outcomes, err := c.run(ctx, d, jobs, progress)
	took := time.Since(began)
	progress.Wait()
	if err != nil {
		s.note("broken off when %s of %s orders were posted: load the file again to go on", count(load.Answered(outcomes)), count(len(jobs)))
		return fmt.Errorf("load: %w", err)
	}
	return report(ctx, s, d, outcomes, took)
}

// plan reads the file and makes orders of it.
func (c loadCommand) plan(s *session) (jobs []load.Job, prefix string, err error) {
	prefix = cmp.Or(c.Prefix, load.Prefix(c.File))
	switch {
	case s.options.Stage == productionStage:
		return nil, "", usagef("the orders are not real, so they are never loaded into %s", productionStage)
	case !load.ValidPrefix(prefix):
		return nil, "", usagef("--prefix must be 1 to 40 characters of A-Z, a-z, 0-9, _ and -")
	case c.Concurrency < 1 || c.Limit < 0:
		return nil, "", usagef("--concurrency must be 1 or more, --limit must not be negative")
	}
	mix, err := load.ParseMix(c.Mix)
	if err != nil {
		return nil, "", usageError{err}
	}
	purchases, err := c.read(s)
	if err != nil {
		return nil, "", err
	}
	return load.Plan(purchases, prefix, mix), prefix, nil
}

func (c loadCommand) read(s *session) ([]cdnow.Purchase, error) {
	in, err := s.open(c.File)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var purchases []cdnow.Purchase
	for p, err := range cdnow.Read(in) {
		if err != nil {
			return nil, usagef("%s: %w", c.File, err)
		}
		if purchases = append(purchases, p); len(purchases) == c.Limit {
			break
		}
	}
	if len(purchases) == 0 {
		return nil, usagef("%s has no purchases", c.File)
	}
	return purchases, nil
}

func (c loadCommand) makeUsers(ctx context.Context, d deployment, jobs []load.Job, prefix string, progress *term.Progress) error {
	users := load.Users(jobs, prefix, c.Customer)
	bar := progress.Bar("users", len(users))
	defer bar.End()
	store := d.users()
	for at := 0; at < len(users); at += batch {
		chunk := users[at:min(at+batch, len(users))]
		if err := store.PutMany(ctx, chunk); err != nil {
			return fmt.Errorf("make users: %w", err)
		}
		bar.Add(len(chunk))
	}
	return nil
}

func (c loadCommand) run(ctx context.Context, d deployment, jobs []load.Job, progress *term.Progress) ([]load.Outcome, error) {
	posted, rested, mailed := progress.Bar("posted", len(jobs)), progress.Bar("at rest", len(jobs)), progress.Bar("mails", len(jobs))
	defer func() {
		for _, bar := range []*term.Bar{posted, rested, mailed} {
			bar.End()
		}
	}()
	client := dynamodb.NewFromConfig(d.conf)
	return load.Run{
		Shop:        d.shop(),
		Store:       load.Tables{OrdersTable: dynamo.NewOrders(client, d.tables()), Client: client, Notifications: d.stack.NotificationsTable},
		Concurrency: c.Concurrency, Patience: c.Patience,
		Posted: posted.Add, Rested: rested.Add, Mailed: mailed.Add,
	}.Do(ctx, jobs)
}

// report prints the summary. The error is errDisagree where it does not add up.
func report(ctx context.Context, s *session, d deployment, outcomes []load.Outcome, took time.Duration) error {
	ledger, err := ledgerOf(ctx, d.stack.StripeBaseURL)
	if err != nil {
		return err
	}
	sum := load.Summarise(outcomes, ledger, took)
	if s.options.JSON {
		err = s.printJSON(sum)
	} else {
		err = s.printSummary(sum)
	}
	if err == nil && !sum.Agrees() {
		err = fmt.Errorf("%w: see above", errDisagree)
	}
	return err
}

// realProvider is Stripe, whose ledger is not ours to read.
const realProvider = "https://api.stripe.com"

// ledgerOf reads the ledger of the payment provider's sandbox; nil where the provider is none.
func ledgerOf(ctx context.Context, base string) (*stripesandbox.Report, error) {
	if base == realProvider {
		return nil, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/_sandbox/ledger", nil)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	client := http.Client{Timeout: time.Minute}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	var report stripesandbox.Report
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the sandbox's ledger: it answers %s", res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(&report); err != nil {
		return nil, fmt.Errorf("read the sandbox's ledger: %w", err)
	}
	return &report, nil
}
