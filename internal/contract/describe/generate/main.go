// Command generate writes the documents under docs/ that are made from the contract.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/orderflow/orderflow/internal/contract/describe"
)

func main() {
	root := flag.String("root", ".", "the checkout")
	flag.Parse()
	if err := describe.Write(*root); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
