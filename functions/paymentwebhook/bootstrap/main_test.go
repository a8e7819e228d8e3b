package main

import (
	"testing"

	"github.com/orderflow/orderflow/internal/wiring/wiringtest"
)

func TestWireNamesAllThatIsMissing(t *testing.T) {
	wiringtest.NamesAllThatIsMissing(t, wire, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"BUS_NAME", "ORDERS_TABLE", "PAYMENTS_TABLE", "STRIPE_BASE_URL", "STRIPE_SECRET_ARN")
}
