// Command build builds and zips every function of the checkout it runs in:
//
//	go run ./internal/lambdazip/build aws
//	go run ./internal/lambdazip/build local
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/orderflow/orderflow/internal/lambdazip"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(args) != 1 {
		return errors.New("name one target: aws or local")
	}
	target, err := lambdazip.TargetNamed(args[0])
	if err != nil {
		return err
	}
	return lambdazip.Build(ctx, ".", target)
}
