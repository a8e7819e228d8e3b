package dynamo_test

import (
	"testing"

	"github.com/orderflow/orderflow/internal/conformance"
)

func TestConformance(t *testing.T) {
	client := newClient()
	conformance.Test(t, func(t *testing.T) conformance.Stores {
		return storesOver(client, newTables(t))
	})
}
