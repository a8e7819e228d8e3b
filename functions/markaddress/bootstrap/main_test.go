package main

import (
	"testing"

	"github.com/orderflow/orderflow/internal/wiring/wiringtest"
)

func TestWireNamesAllThatIsMissing(t *testing.T) {
	wiringtest.NamesAllThatIsMissing(t, wire, "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "ORDERS_TABLE", "USERS_TABLE")
}
