package templatetest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/orderflow/orderflow/internal/contract/gate"
)

// TestRulesTakeTheExamplesOfTheirTypesAndNoOthers asks the emulator, which reads the patterns with code that is not ours, what each rule makes of
// every published example.
func TestRulesTakeTheExamplesOfTheirTypesAndNoOthers(t *testing.T) {
	cases, err := opened(t, "prod").Cases()
	if err != nil {
		t.Fatal(err)
	}
	client := eventbridge.NewFromConfig(emulator)
	taken, refused := map[string]int{}, map[string]int{}
	for _, c := range cases {
		got := matches(t, client, c)
		if got != c.Want {
			t.Errorf("%s: the pattern %s matches: %v, want %v", c.Name, c.Pattern, got, c.Want)
		}
		if c.Want {
			taken[c.Rule]++
		} else {
			refused[c.Rule]++
		}
	}
	for _, c := range cases {
		if taken[c.Rule] == 0 || refused[c.Rule] == 0 {
			t.Fatalf("%s was asked of %d events that it takes and %d that it does not", c.Rule, taken[c.Rule], refused[c.Rule])
		}
	}
	if len(taken) != 5 {
		t.Errorf("asked %v, want five rules", taken)
	}
	t.Logf("%d cases: taken %v, refused %v", len(cases), taken, refused)
}

func matches(t *testing.T, client *eventbridge.Client, c gate.Case) bool {
	t.Helper()
	out, err := client.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
		EventPattern: aws.String(string(c.Pattern)), Event: aws.String(string(c.Event)),
	})
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return out.Result
}
