package recordorder_test

import (
	"strings"
	"testing"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/schemas"
)

func TestWhatTheSchemaAcceptsIsAnOrder(t *testing.T) {
	examples := schemas.Examples(schemas.PlaceOrder, schemas.Valid)
	if len(examples) < 5 {
		t.Fatalf("got %d valid examples, want at least 5", len(examples))
	}
	for _, ex := range examples {
		if _, err := recordorder.Decode(ex.Text); err != nil {
			t.Errorf("%s: %v", ex.Name, err)
		}
	}
}

func TestWhatTheSchemaRefusesIsNoOrder(t *testing.T) {
	examples := schemas.Examples(schemas.PlaceOrder, schemas.Invalid)
	if len(examples) < 20 {
		t.Fatalf("got %d invalid examples, want at least 20", len(examples))
	}
	for _, ex := range examples {
		if got, err := recordorder.Decode(ex.Text); err == nil {
			t.Errorf("%s: got %+v, want an error", ex.Name, got)
		}
	}
}

// FuzzDecodeAgreesWithTheSchema holds the hand-written checks against the full
// validator, but for what the schema cannot say: how integers are written, doubled names, and the sum of the items.
func FuzzDecodeAgreesWithTheSchema(f *testing.F) {
	for _, kind := range []schemas.Kind{schemas.Valid, schemas.Invalid} {
		for _, ex := range schemas.Examples(schemas.PlaceOrder, kind) {
			f.Add(ex.Text)
		}
	}
	v, err := contract.NewValidator()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		findings, err := v.Validate(schemas.PlaceOrder, text)
		accepted := err == nil && len(findings) == 0
		_, refused := recordorder.Decode(text)
		switch {
		case refused == nil && !accepted:
			t.Errorf("decodes, but the schema refuses it: %v %v", findings, err)
		case refused != nil && accepted && !beyondSchema(refused):
			t.Errorf("valid, but refused: %v", refused)
		}
	})
}

func beyondSchema(err error) bool {
	for _, rule := range []string{
		"without fraction or exponent", "stands twice", "text behind", "is not valid JSON", "ends in the middle",
		"fits in 64 bits", "add up", "sum",
	} {
		if strings.Contains(err.Error(), rule) {
			return true
		}
	}
	return false
}
