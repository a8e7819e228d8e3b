// Package local runs orderflow on this machine: the emulator of AWS, the payment provider's stand-in
// and a real deploy of serverless.yml onto them, all on 127.0.0.1, and leaves nothing behind.
//
// The run belongs to the process that started it: when that ends, by whatever means, the emulator and
// the function processes end too (starter.py says how).
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/stack"
)

// ErrPortTaken means that another program listens on the wanted port.
var ErrPortTaken = errors.New("port is taken")

// DefaultPort is where the emulator listens unless it is told otherwise.
const DefaultPort = 4566

// Options say what to run. Root and Provider must be set.
type Options struct {
	// Root is the folder of the checkout, with .venv and node_modules in it.
	Root string
	// Port is where the emulator listens; 0 takes a free one.
	Port int
	// Auth has the emulator enforce IAM: each function may do what its role says. The credentials of
	// the run's own Config stay those of the account's root.
	Auth bool
	// Provider answers in the payment provider's place.
	Provider http.Handler
	// Webhooks, where set, is told where the provider's webhooks go and the secret to sign them with, once they can be taken.
	Webhooks func(url, secret string) error
	// Artifacts is the folder of the functions' zips; build/local of the checkout if empty.
	Artifacts string
	// Log gets what the deploy prints; nil discards it. An error holds it in any case.
	Log io.Writer
}

// Run is orderflow, up and deployed on this machine.
type Run struct {
	// Stack is what the deploy put out.
	Stack stack.Stack
	// Queues are the stages' queues by the stage's function key, such as process-payment.
	Queues map[string]Queue
	// UndeliverableURL is the queue of the events that no rule's target took.
	UndeliverableURL string
	// Endpoint is the emulator's address, ProviderURL the stand-in's; neither ends in a slash.
	Endpoint, ProviderURL string
	// Config calls the emulator as the account's root, who may do everything.
	Config aws.Config

	emulator *emulator
	provider *provider
	closing  sync.Once
	closed   error
}

// Queue is what a stage reads from, and where it puts what it can never handle.
type Queue struct {
	// URL is empty for relay-order, which reads the orders table's stream.
	URL           string
	DeadLetterURL string
}

// Start brings everything up and deploys the stage "local". It takes a few seconds. The error is
// ErrPortTaken where another program listens on o.Port. Whatever was started is stopped again on an error.
func Start(ctx context.Context, o Options) (*Run, error) {
	o, err := complete(o)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	if err := r.start(ctx, o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func complete(o Options) (Options, error) {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return o, fmt.Errorf("find the checkout: %w", err)
	}
	o.Root = root
	if o.Artifacts == "" {
		o.Artifacts = lambdazip.Local().Dir(root)
	}
	if o.Artifacts, err = filepath.Abs(o.Artifacts); err != nil {
		return o, fmt.Errorf("find the zips: %w", err)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	for path, cure := range map[string]string{
		python(root): "make deps", osls(root): "make deps", o.Artifacts: "make build",
	} {
		if _, err := os.Stat(path); err != nil {
			return o, fmt.Errorf("%w: run %s first", err, cure)
		}
	}
	return o, nil
}

func (r *Run) start(ctx context.Context, o Options) error {
	var err error
	if r.provider, err = serve(ctx, o.Provider); err != nil {
		return err
	}
	r.ProviderURL = r.provider.url
	if r.emulator, err = startEmulator(ctx, o); err != nil {
		return err
	}
	r.Endpoint = r.emulator.endpoint
	r.Config, err = stack.Config(ctx, stack.Options{Stage: stack.Local, EndpointURL: r.Endpoint, Region: region}, noEnvironment)
	if err != nil {
		return err
	}
	if err := deploy(ctx, o, r.emulator, r.ProviderURL); err != nil {
		return err
	}
	if err := r.findOutputs(ctx, o.Root); err != nil {
		return err
	}
	return r.joinWebhooks(ctx, o.Webhooks)
}

// noEnvironment keeps the run apart from the shell's own AWS settings.
func noEnvironment(string) string { return "" }

// Exited is closed when the emulator has ended, whether by Close or by itself.
func (r *Run) Exited() <-chan struct{} { return r.emulator.exited }

// Close stops everything and removes what the run wrote. It may be called again.
func (r *Run) Close() error {
	r.closing.Do(func() {
		if r.emulator != nil {
			r.closed = r.emulator.stop()
		}
		if r.provider != nil {
			r.closed = errors.Join(r.closed, r.provider.stop())
		}
	})
	return r.closed
}
