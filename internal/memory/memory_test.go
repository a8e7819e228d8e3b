package memory_test

import (
	"testing"

	"github.com/orderflow/orderflow/internal/conformance"
	"github.com/orderflow/orderflow/internal/memory"
)

func TestConformance(t *testing.T) {
	conformance.Test(t, func(*testing.T) conformance.Stores {
		tables := memory.New()
		return conformance.Stores{
			Orders:        tables.Orders,
			Users:         tables.Users,
			Payments:      tables.Payments,
			Notifications: tables.Notifications,
		}
	})
}
