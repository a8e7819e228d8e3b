// Command freeze releases the current version of every schema that is not released yet, in the checkout that it runs in.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/contract/release"
)

func main() {
	if err := run("schemas", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "freeze:", err)
		os.Exit(1)
	}
}

// run releases what is in the folder dir, and says what it did.
func run(dir string, out io.Writer) error {
	done, err := release.Freeze(dir, release.Versions(events.Catalog()))
	for _, v := range done {
		fmt.Fprintf(out, "released %s\n", v.ID())
	}
	if err == nil && len(done) == 0 {
		fmt.Fprintln(out, "every version is released already")
	}
	return err
}
