package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/pool"
)

type tokenCommands struct {
	Shop     tokenShopCommand     `cmd:"" help:"Print a token of the stack's own shop, which places orders."`
	Customer tokenCustomerCommand `cmd:"" help:"Sign a customer in and print their token."`
}

// Help is what --help adds.
func (tokenCommands) Help() string {
	return `Put it in a header, as in:

    curl -H "Authorization: Bearer $(orderflow token shop)" …`
}

type tokenShopCommand struct{}

type tokenCustomerCommand struct {
	User     string `required:"" placeholder:"EMAIL" help:"E-mail address that the customer signs in with."`
	Password string `required:"" env:"ORDERFLOW_PASSWORD" help:"Password; better given in ORDERFLOW_PASSWORD, since other people see a command line."`
}

// token is what --json prints.
type token struct {
	AccessToken string `json:"access_token"`
}

// Run prints the token.
func (tokenShopCommand) Run(ctx context.Context, s *session) error {
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	t, err := d.shopTokens().Token(ctx)
	if err != nil {
		return err
	}
	return s.printToken(t)
}

// Run prints the token.
func (c tokenCustomerCommand) Run(ctx context.Context, s *session) error {
	d, err := s.connect(ctx)
	if err != nil {
		return err
	}
	t, err := d.pool().Customer(ctx, d.stack.CustomerClientID, c.User, c.Password)
	if errors.Is(err, pool.ErrSignIn) {
		return fmt.Errorf("%w: %w; orderflow users import --sign-in makes customers who can sign in", errNoUser, err)
	}
	if err != nil {
		return err
	}
	return s.printToken(t)
}

func (s *session) printToken(t string) error {
	if s.options.JSON {
		return s.printJSON(token{t})
	}
	s.say("%s", t)
	return nil
}
