package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/pool"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/dynamo"
	"github.com/orderflow/orderflow/internal/stack"
)

// session is what every command works with.
type session struct {
	options *grammar
	stdin   io.Reader
	stdout  io.Writer // takes styled text
	stderr  io.Writer // takes styled text
	console io.Writer // stderr itself, for progress
	getenv  func(string) string
	now     func() time.Time
}

func newSession(g *grammar, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *session {
	return &session{
		options: g, stdin: stdin, getenv: getenv, now: time.Now, console: stderr,
		stdout: term.Colours(stdout, getenv), stderr: term.Colours(stderr, getenv),
	}
}

// deployment is a stage that was found.
type deployment struct {
	conf  aws.Config
	stack stack.Stack
}

// connect finds the stage that the options name. The error is stack.ErrNotFound where it is not there.
func (s *session) connect(ctx context.Context) (deployment, error) {
	o := stack.Options{
		Stage: s.options.Stage, Region: s.options.Region, Profile: s.options.Profile, EndpointURL: s.options.EndpointURL,
	}
	conf, err := stack.Config(ctx, o, s.getenv)
	if err != nil {
		return deployment{}, err
	}
	found, err := stack.Find(ctx, conf, o.Stage)
	return deployment{conf, found}, err
}

func (d deployment) pool() pool.Pool {
	return pool.Pool{Client: cognito.NewFromConfig(d.conf), ID: d.stack.UserPoolID}
}

// shopTokens are the tokens of the stack's own shop.
func (d deployment) shopTokens() *api.ShopTokens {
	return api.NewShopTokens(d.stack.TokenURL, func(ctx context.Context) (api.Credentials, error) {
		return d.pool().Shop(ctx, d.stack.ShopClientID)
	})
}

// shop is the API as the stack's own shop sees it.
func (d deployment) shop() *api.Client { return api.New(d.stack.APIURL, d.shopTokens()) }

func (d deployment) tables() dynamo.Tables {
	return dynamo.Tables{
		Orders: d.stack.OrdersTable, Users: d.stack.UsersTable,
		Payments: d.stack.PaymentsTable, Notifications: d.stack.NotificationsTable,
	}
}

func (d deployment) users() *dynamo.Users {
	return dynamo.NewUsers(dynamodb.NewFromConfig(d.conf), d.tables())
}

func (d deployment) orders() *dynamo.Orders {
	return dynamo.NewOrders(dynamodb.NewFromConfig(d.conf), d.tables())
}

// printJSON prints v as one line.
func (s *session) printJSON(v any) error {
	enc := json.NewEncoder(s.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// say prints a line for people.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.stdout, format+"\n", args...)
}

// note prints a line beside the output proper, so that a pipe does not get it.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.stderr, format+"\n", args...)
}

// plainLines makes every line of text harmless on a terminal.
func plainLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = term.Plain(lines[i])
	}
	return strings.Join(lines, "\n")
}
