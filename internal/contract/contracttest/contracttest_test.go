package contracttest_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/internal/contract/contracttest"
	"github.com/orderflow/orderflow/schemas"
)

// documented returns the names of the schemas that describe documents.
func documented() []string {
	return slices.DeleteFunc(schemas.Names(), func(n string) bool { return n == schemas.Definitions })
}

func TestBrokenNamesTheRuleOfReadingAndNoOther(t *testing.T) {
	shape, err := contracttest.ShapeOf("OrderRecorded.v1")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]contracttest.Rule{
		`{}`: nil,
		`{"amount":1,"items":[{"quantity":2}],"x":{"y":1.5,"z":[1e3]}}`: nil,
		`{"amount":-0}`:                                   nil,
		`{"x":"\ud83d\ude00 \\ud800 \n\u0000"}`:           nil,
		`{"x":1,"y":{"x":1}}`:                             nil,
		`{"x":1,"x":1}`:                                   {contracttest.DoubledName},
		`{"x":1,"\u0078":1}`:                              {contracttest.DoubledName},
		`{"y":[{"x":{"":1,"":2}}]}`:                       {contracttest.DoubledName},
		`{"items":[{"quantity":1,"quantity":1}]}`:         {contracttest.DoubledName},
		`{"amount":1.0}`:                                  {contracttest.IntegerForm},
		`{"amount":1E3}`:                                  {contracttest.IntegerForm},
		`{"items":[{"quantity":1},{"unit_amount":5e-1}]}`: {contracttest.IntegerForm},
		`{"x":"\ud800"}`:                                  {contracttest.LoneSurrogate},
		`{"x":"\uD83D\u0041"}`:                            {contracttest.LoneSurrogate},
		`{"x":"\udc00\ud800"}`:                            {contracttest.LoneSurrogate},
		`{"x":"\ud83d\ud83d"}`:                            {contracttest.LoneSurrogate},
		`{"\udfff":1}`:                                    {contracttest.LoneSurrogate},
		"{\"x\":\"\xff\"}":                                {contracttest.InvalidUTF8},
		"{\"\xed\xa0\x80\":1}":                            {contracttest.InvalidUTF8},
		"{\"x\":\"\xff\",\"x\":1}":                        {contracttest.InvalidUTF8, contracttest.DoubledName},
	}
	met := map[contracttest.Rule]bool{}
	for text, want := range tests {
		got := contracttest.Broken(shape, []byte(text))
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
		for _, r := range got {
			met[r] = true
		}
	}
	for _, r := range contracttest.Rules() {
		if !met[r] {
			t.Errorf("no case for %s", r)
		}
	}
}

func TestExamplesBreakTheRulesOfTheirFolder(t *testing.T) {
	j := contracttest.NewJudge(t, documented()...)
	for _, schema := range documented() {
		for _, ex := range append(schemas.Examples(schema, schemas.Valid), schemas.Examples(schema, schemas.Unreadable)...) {
			v := j.Verdict(t, schema, ex.Text)
			valid := slices.ContainsFunc(schemas.Examples(schema, schemas.Valid), func(o schemas.Example) bool { return o.Name == ex.Name })
			if v.Accepts() != valid {
				t.Errorf("%s %s: got %+v", schema, ex.Name, v)
			}
		}
	}
}

// documentsEach is how many documents of each schema the test below looks at, always the same.
const documentsEach = 150

// A generator that made only good documents, or only bad ones, would prove nothing.
func TestTheGeneratorMeetsEveryVerdict(t *testing.T) {
	j := contracttest.NewJudge(t, documented()...)
	keywords := map[string]int{}
	for _, schema := range documented() {
		accepted, refused, unreadable := 0, 0, 0
		documents := contracttest.Near(j.Shape(schema))
		for seed := range documentsEach {
			v := j.Verdict(t, schema, []byte(documents.Example(seed)))
			switch {
			case v.Accepts():
				accepted++
			case len(v.Broken) > 0 && len(v.Findings) == 0 && !v.NotJSON:
				unreadable++
			default:
				refused++
			}
			for _, f := range v.Findings {
				keywords[f.Keyword]++
			}
		}
		if accepted < documentsEach/5 || refused < documentsEach/5 || unreadable == 0 {
			t.Errorf("%s: got %d accepted, %d refused, %d unreadable", schema, accepted, refused, unreadable)
		}
	}
	for _, k := range []string{"type", "enum", "pattern", "format", "minimum", "maximum", "minItems", "maxItems", "required", "propertyNames", "additionalProperties", "unevaluatedProperties"} {
		if keywords[k] == 0 {
			t.Errorf("no document broke %s", k)
		}
	}
}

// The full validator answers whatever it is given.
func TestTheJudgeAnswersAlways(t *testing.T) {
	j := contracttest.NewJudge(t, documented()...)
	rapid.Check(t, func(t *rapid.T) {
		schema := rapid.SampledFrom(documented()).Draw(t, "schema")
		j.Verdict(t, schema, []byte(contracttest.Near(j.Shape(schema)).Draw(t, "document")))
	})
}
