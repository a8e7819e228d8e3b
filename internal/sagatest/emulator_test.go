package sagatest_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orderflow/orderflow/internal/local"
)

// conf reaches the emulator of this run, which skips all waits of state machines.
var conf aws.Config

func TestMain(m *testing.M) {
	os.Exit(local.WithEmulator("../..", func(reaching aws.Config) int {
		conf = reaching
		return m.Run()
	}))
}
