package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderflow/orderflow/internal/stack"
)

// WithEmulator is a TestMain's work: it runs f while the emulator alone, with nothing deployed, listens on a free port, and returns f's exit
// code. The configuration reaches it as the account's root. Root is the folder of the checkout, with .venv in it.
// Where the emulator does not start, it says so on the standard error and returns 1.
func WithEmulator(root string, f func(conf aws.Config) int) int {
	code, err := withEmulator(root, f)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func withEmulator(root string, f func(conf aws.Config) int) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	if root, err = filepath.Abs(root); err != nil {
		return 0, err
	}
	e, err := startEmulator(ctx, Options{Root: root})
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopped := e.stop(); err == nil {
			err = stopped
		}
	}()
	conf, err := stack.Config(ctx, stack.Options{Stage: stack.Local, EndpointURL: e.endpoint, Region: region}, noEnvironment)
	if err != nil {
		return 0, err
	}
	return f(conf), nil
}
