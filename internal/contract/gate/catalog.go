package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/schemas"
)

const catalogFile = "events/catalog.go"

// entryOf returns the catalog's entry of the type that a schema is of.
func entryOf(schema string) (events.Entry, bool) {
	for _, e := range events.Catalog() {
		if e.Type.Schema() == schema {
			return e, true
		}
	}
	return events.Entry{}, false
}

// checkCatalog holds the catalog that the program was built with against the schemas, the functions and the table in README.md.
func checkCatalog(root string, set schemaSet, r *Report) {
	entries := events.Catalog()
	r.checked("types of events", len(entries), catalogFile)
	for _, name := range set.documented() {
		if _, ok := entryOf(name); !ok && name != schemas.PlaceOrder {
			r.find(place{schemaFile(name), ""}, "add its type to "+catalogFile, "is of no type in the catalog")
		}
	}
	keys := functionKeys(root, r)
	table, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.find(place{"README.md", ""}, "make it readable", "cannot be read: %v", err)
	}
	for _, e := range entries {
		checkEntry(e, set, keys, r)
		row := fmt.Sprintf("| %s | %s | %s |", e.Type.Name(), e.Source, e.Stated)
		if !strings.Contains(string(table), row+"\n") {
			r.find(place{"README.md", e.Type.Name()}, "write "+row, "the table of events lacks the catalog's row")
		}
	}
}

func functionKeys(root string, r *Report) []string {
	functions, err := lambdazip.Functions(root)
	if err != nil {
		r.find(place{"functions", ""}, "give every folder a function.yml with one function", "cannot be listed: %v", err)
	}
	keys := make([]string, len(functions))
	for i, f := range functions {
		keys[i] = f.Key
	}
	r.checked("functions", len(keys), "functions")
	return keys
}

func checkEntry(e events.Entry, set schemaSet, keys []string, r *Report) {
	at := place{catalogFile, e.Type.Name()}
	s, ok := set[e.Type.Schema()]
	switch {
	case !ok:
		r.find(at, "write "+schemaFile(e.Type.Schema()), "the type has no schema")
	case s.id != e.DataSchema():
		r.find(at.below(".Minor"), "raise the catalog's Minor together with the schema's $id", "the catalog says %s, %s says %s", e.DataSchema(), s.file(), s.id)
	}
	if !slices.Contains([]events.Source{events.SourceOrders, events.SourceUsers, events.SourcePayments}, e.Source) {
		r.find(at.below(".Source"), "name one of the sources that stand there", "%q is no source", e.Source)
	}
	if len(e.Producers) == 0 {
		r.find(at.below(".Producers"), "name the function that states it", "nobody states the type")
	}
	for _, key := range e.Producers {
		if !slices.Contains(keys, key) {
			r.find(at.below(".Producers"), "name one of "+strings.Join(keys, ", "), "there is no function %s", key)
		}
	}
	for _, key := range e.Consumers {
		if key != events.Saga && !slices.Contains(keys, key) {
			r.find(at.below(".Consumers"), "name "+events.Saga+" or one of "+strings.Join(keys, ", "), "there is no function %s", key)
		}
	}
}
