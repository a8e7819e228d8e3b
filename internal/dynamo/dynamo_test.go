package dynamo_test

import (
	"testing"

	"github.com/orderflow/orderflow/internal/conformance"
)

// The emulator refuses reserved words in expressions as DynamoDB does.
//
// Case: a late event overwrote a newer state; a row was written whole; "status" is a reserved word (cumulus#2160, mostro#692).
func TestConformance(t *testing.T) {
	client := newClient()
	conformance.Test(t, func(t *testing.T) conformance.Stores {
		return storesOver(client, newTables(t))
	})
}
