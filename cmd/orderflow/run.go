package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/orderflow/orderflow/cmd/orderflow/internal/api"
	"github.com/orderflow/orderflow/cmd/orderflow/internal/term"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/replay"
	"github.com/orderflow/orderflow/internal/stack"
)

// Exit codes, as --help tells them.
const (
	exitOK = iota
	exitFailure
	exitUsage
	exitNotFound
	exitDisagree
	exitInterrupted = 130 // as shells do it: 128 and the number of SIGINT
)

// description is what --help says first. An indented line is kept as it is.
const description = `Runs orderflow on this machine and works on any deployed stage of it.

Everything is found from the stage's CloudFormation stack. The stage is "local" unless --stage names another one; it is reached at
http://127.0.0.1:4566, or where AWS_ENDPOINT_URL or --endpoint-url say. Other stages are on AWS, with the credentials that the AWS
command line would take.

Exit codes:

    0  done
    1  failed
    2  the command line, or what was given, is not right; nothing was done
    3  not found: the stage's stack, the order, the user
    4  done, but an order did not come to rest or needs attention, totals disagree, the contract is broken, or what was replayed came back
  130  interrupted`

// grammar is the command line.
type grammar struct {
	Stage       string `default:"local" placeholder:"NAME" help:"Stage to work on (default: local)."`
	Region      string `placeholder:"NAME" help:"AWS region (default: as the AWS command line has it, else us-east-1)."`
	Profile     string `placeholder:"NAME" help:"Profile of the AWS configuration."`
	EndpointURL string `name:"endpoint-url" placeholder:"URL" help:"Address of an emulator in place of AWS."`
	JSON        bool   `name:"json" help:"Print NDJSON: one JSON object a line."`

	Local     localCommand      `cmd:"" help:"Run orderflow on this machine and place an order."`
	Load      loadCommand       `cmd:"" help:"Load a file of purchases and check that the totals agree."`
	Order     orderCommands     `cmd:"" help:"Place, follow and cancel orders."`
	Contracts contractsCommands `cmd:"" help:"Check, list and show the contract between producers and consumers."`
	Dlq       dlqCommands       `cmd:"" help:"Look into dead-letter queues and replay what is in them."`
	Events    eventsCommands    `cmd:"" help:"Follow the events on the bus, and tell which rules take one."`
	Saga      sagaCommands      `cmd:"" help:"Work on the saga that undoes what was done for an order."`
	Publish   publishCommand    `cmd:"" help:"Publish events on the bus."`
	Token     tokenCommands     `cmd:"" help:"Print an access token for the API."`
	Users     usersCommands     `cmd:"" help:"Work on the users table."`
	Version   versionCommand    `cmd:"" help:"Print the version."`
}

// Errors that have an exit code of their own, beside those of other packages.
var (
	errDisagree  = errors.New("totals disagree")
	errNoRest    = errors.New("the order did not come to rest")
	errAttention = errors.New("the order needs attention")
	errNoUser    = errors.New("no such user")
)

// usageError is an error of whoever gave the command, by which nothing was done.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode says how the program ends after err.
func exitCode(err error) int {
	_, misused := errors.AsType[usageError](err)
	refused, answered := errors.AsType[*api.Error](err)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case misused, answered && (refused.Status == http.StatusUnprocessableEntity || refused.Status == http.StatusConflict):
		return exitUsage
	case errors.Is(err, stack.ErrNotFound), errors.Is(err, api.ErrNotFound), errors.Is(err, errNoUser), errors.Is(err, errNoExecution), errors.Is(err, order.ErrNotFound):
		return exitNotFound
	case errors.Is(err, errDisagree), errors.Is(err, errNoRest), errors.Is(err, errAttention), errors.Is(err, errBrokenContract), errors.Is(err, replay.ErrRefilled):
		return exitDisagree
	default:
		return exitFailure
	}
}

// exited stops the parser where it has printed help and wants the program to end.
type exited int

// run does what args say and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			stop, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(stop)
		}
	}()
	var g grammar
	s := newSession(&g, stdin, stdout, stderr, getenv)
	parser, err := kong.New(&g,
		kong.Name("orderflow"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(s),
	)
	if err != nil {
		return s.complain(err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		return s.complain(usagef("%w; see --help", err))
	}
	err = command.Run()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // whatever it looked like to the command
	}
	return s.complain(err)
}

// complain prints err, if there is one, and returns its exit code.
func (s *session) complain(err error) int {
	code := exitCode(err)
	if code != exitOK && code != exitInterrupted {
		for line := range strings.SplitSeq("orderflow: "+plainLines(err.Error()), "\n") {
			fmt.Fprintln(s.stderr, term.Bad(line)) // together they would be filled up to the longest
		}
	}
	return code
}
