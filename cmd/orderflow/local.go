package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/userfile"
	"github.com/orderflow/orderflow/internal/local"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/stack"
	"github.com/orderflow/orderflow/internal/stripe"
	"github.com/orderflow/orderflow/internal/stripesandbox"
)

type localCommand struct {
	Port int    `default:"4566" help:"Port of the emulator (default: 4566)."`
	Root string `placeholder:"FOLDER" help:"The checkout (default: found from the working folder upwards)."`
}

// Help is what --help adds.
func (localCommand) Help() string {
	return `Starts an emulator of AWS and a stand-in for the payment provider on 127.0.0.1, deploys serverless.yml onto them, imports
demo users, places an order and follows it until it is PAID, and stays up until Ctrl-C. Nothing is left behind then.
make run installs and builds what is needed for it, and calls it.`
}

//go:embed demo/*.csv
var demo embed.FS

// The demo's customer, who can sign in.
const (
	demoEmail    = "ada@example.com"
	demoPassword = "Orderflow-demo-1"
	demoTimeout  = 30 * time.Second
)

// errEnded means that the emulator ended by itself.
var errEnded = errors.New("the emulator has ended")

// Run brings everything up and stays until ctx ends.
func (c localCommand) Run(ctx context.Context, s *session) (err error) {
	if s.options.Stage != stack.Local {
		return usagef("the stage on this machine is always %q", stack.Local)
	}
	root, err := c.root()
	if err != nil {
		return err
	}
	began := s.now()
	s.say("starting the emulator on port %d, and deploying the stage %q onto it …", c.Port, s.options.Stage)
	provider := stripesandbox.New(stripesandbox.Options{})
	defer provider.Close()
	r, err := local.Start(ctx, local.Options{
		Root: root, Port: c.Port, Provider: provider,
		Webhooks: func(url, secret string) error {
			return provider.SetWebhook(stripesandbox.WebhookEndpoint{URL: url, Secrets: []string{secret}, Types: stripe.WebhookTypes()})
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s.done(began, "deployed")
	d := deployment{r.Config, r.Stack}
	customer, err := s.demoUsers(ctx, d)
	if err != nil {
		return err
	}
	placed, err := s.demoOrder(ctx, d.shop(), customer)
	if err != nil {
		return err
	}
	err = s.printNext(guide{
		api: r.Stack.APIURL, endpoint: r.Endpoint, provider: r.ProviderURL, order: placed,
		command: "build/orderflow", moved: c.Port != local.DefaultPort,
	})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		s.say("\nstopping …")
		return nil
	case <-r.Exited():
		return errEnded
	}
}

// root finds the folder with serverless.yml in it.
func (c localCommand) root() (string, error) {
	if c.Root != "" {
		return c.Root, nil
	}
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "serverless.yml")); err == nil {
			return at, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", usagef("there is no serverless.yml here or above: call this in a checkout, or name it with --root")
		}
		at = up
	}
}

// done prints a step that ended and how long it took.
func (s *session) done(began time.Time, format string, args ...any) {
	s.say("%s %s %s", term.Good("✓"), fmt.Sprintf(format, args...), term.Faint("in "+term.Duration(s.now().Sub(began))))
}

// demoUsers imports the demo's users, and returns the id of the one who can sign in.
func (s *session) demoUsers(ctx context.Context, d deployment) (order.UserID, error) {
	began := s.now()
	rows, err := demoRows("demo/users.csv")
	if err != nil {
		return "", err
	}
	signing, err := demoRows("demo/customer.csv")
	if err != nil {
		return "", err
	}
	accounts, err := signIn(ctx, d.pool(), signing, demoPassword, func(int) {})
	if err != nil {
		return "", fmt.Errorf("import demo users: %w", err)
	}
	rows = append(rows, subjects(signing, accounts)...)
	if err := store(ctx, d, rows, func(int) {}); err != nil {
		return "", fmt.Errorf("import demo users: %w", err)
	}
	s.done(began, "%d demo users imported", len(rows))
	return accounts[0].Subject, nil
}

func demoRows(name string) ([]userfile.Row, error) {
	f, err := demo.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file, err := userfile.Read(f, userfile.Rules{NeedEmail: true})
	if err != nil {
		return nil, err
	}
	if file.Bad > 0 {
		return nil, fmt.Errorf("%s: %s", name, file.Problems[0])
	}
	return file.Rows, nil
}

// demoOrder places an order and follows it until it is PAID.
func (s *session) demoOrder(ctx context.Context, shop *api.Client, customer order.UserID) (api.Order, error) {
	began := s.now()
	o := api.PlaceOrder{
		OrderID: "demo-1", UserID: customer, Amount: 2199, Currency: "USD",
		Items: []order.Item{{SKU: "tea", Quantity: 2, UnitAmount: 450}, {SKU: "cup", Quantity: 1, UnitAmount: 1299}},
	}
	placed, err := shop.Place(ctx, o)
	if err != nil {
		return api.Order{}, err
	}
	if err := s.printPlaced(o, placed); err != nil {
		return api.Order{}, err
	}
	last, err := follow(ctx, shop, o.OrderID, demoTimeout, atRest, s.printChange)
	if err != nil {
		return last, err
	}
	if last.Status != order.Paid {
		return last, fmt.Errorf("%w: order %s is %s%s after %s", errNoRest, o.OrderID, last.Status, because(last.Reason), demoTimeout)
	}
	s.done(began, "order PAID")
	return last, nil
}
