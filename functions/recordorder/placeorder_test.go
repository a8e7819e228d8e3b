package recordorder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/orderflow/orderflow/functions/recordorder"
	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/internal/order"
	"github.com/orderflow/orderflow/internal/strictjson"
	"github.com/orderflow/orderflow/schemas"
)

func validator(t testing.TB) *contract.Validator {
	t.Helper()
	v, err := contract.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// bySchema reports whether the schema takes body.
func bySchema(t testing.TB, v *contract.Validator, body []byte) bool {
	t.Helper()
	findings, err := v.Validate(schemas.PlaceOrder, body)
	if err != nil && !errors.Is(err, contract.ErrNotJSON) {
		t.Fatal(err)
	}
	return err == nil && len(findings) == 0
}

// example returns the text of a valid example.
func example(t testing.TB, name string) string {
	t.Helper()
	for _, ex := range schemas.Examples(schemas.PlaceOrder, schemas.Valid) {
		if ex.Name == name {
			return string(ex.Text)
		}
	}
	t.Fatalf("no example %s", name)
	return ""
}

func TestDecodeTakesExactlyTheExamplesThatAreValid(t *testing.T) {
	for kind, want := range map[schemas.Kind]bool{schemas.Valid: true, schemas.Invalid: false, schemas.Unreadable: false} {
		examples := schemas.Examples(schemas.PlaceOrder, kind)
		if len(examples) == 0 && kind != schemas.Unreadable {
			t.Fatalf("there are no %s examples", kind)
		}
		for _, ex := range examples {
			_, err := recordorder.Decode(ex.Text)
			if got := err == nil; got != want {
				t.Errorf("%s %s: got %v, want valid %v", kind, ex.Name, err, want)
			}
			if _, named := errors.AsType[*strictjson.Error](err); err != nil && !named {
				t.Errorf("%s %s: got %T, want one that names what is wrong", kind, ex.Name, err)
			}
		}
	}
}

// member draws one member of an object, or nothing.
func member(t *rapid.T, name string, valid ...string) string {
	odd := []string{`null`, `true`, `""`, `"a b"`, `"ä"`, `"usd"`, `-1`, `0`, `1.5`, `100000000`, `1000000`, `[]`, `{}`, `[{}]`, `"` + strings.Repeat("x", 65) + `"`}
	value := rapid.SampledFrom(append(odd, valid...)).Draw(t, name)
	if rapid.IntRange(0, 9).Draw(t, name+" odd") > 0 {
		value = rapid.SampledFrom(valid).Draw(t, name+" valid")
	}
	if rapid.IntRange(0, 19).Draw(t, name+" absent") == 0 {
		return ""
	}
	return fmt.Sprintf("%q:%s", name, value)
}

func object(members ...string) string {
	present := strings.Join(members, ",")
	for strings.Contains(present, ",,") {
		present = strings.ReplaceAll(present, ",,", ",")
	}
	return "{" + strings.Trim(present, ",") + "}"
}

func drawBody(t *rapid.T) string {
	var items []string
	for range rapid.IntRange(1, 3).Draw(t, "items") {
		items = append(items, object(
			member(t, "sku", `"A-1/x.y_z"`, `"`+strings.Repeat("s", 64)+`"`),
			member(t, "quantity", `1`, `999999`),
			member(t, "unit_amount", `0`, `99999999`),
			rapid.SampledFrom([]string{"", "", "", "", "", `"note":"x"`, `"SKU":"x"`}).Draw(t, "more of an item"),
		))
	}
	return object(
		member(t, "order_id", `"o-1_X"`, `"`+strings.Repeat("o", 64)+`"`),
		member(t, "user_id", `"u-1_X"`),
		member(t, "amount", `0`, `1999`, `99999999`),
		member(t, "currency", `"USD"`, `"JPY"`, `"KWD"`),
		member(t, "items", "["+strings.Join(items, ",")+"]"),
		member(t, "payment_method", `"pm_card_visa"`, `"`+strings.Repeat("p", 255)+`"`),
		rapid.SampledFrom([]string{"", "", "", "", "", `"note":"x"`, `"Amount":1`}).Draw(t, "more"),
	)
}

func TestDecodeAndTheSchemaAgree(t *testing.T) {
	v := validator(t)
	taken, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		body := []byte(drawBody(rt))
		_, err := recordorder.Decode(body)
		if got, want := err == nil, bySchema(t, v, body); got != want {
			rt.Fatalf("%s: got %v, the schema says valid %v", body, err, want)
		}
		if err == nil {
			taken++
		} else {
			refused++
		}
	})
	if taken == 0 || refused == 0 {
		t.Errorf("took %d and refused %d bodies: one of the two was never tried", taken, refused)
	}
}

func TestDecodeKeepsEveryField(t *testing.T) {
	got, err := recordorder.Decode([]byte(`{"order_id":"o","user_id":"u","amount":3,"currency":"JPY",` +
		`"items":[{"sku":"s","quantity":3,"unit_amount":1}],"payment_method":"pm_1"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := recordorder.PlaceOrder{
		OrderID: "o", UserID: "u", Amount: 3, Currency: "JPY",
		Items: []order.Item{{SKU: "s", Quantity: 3, UnitAmount: 1}}, PaymentMethod: "pm_1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func line(sku order.SKU, quantity, unitAmount int64) order.Item {
	return order.Item{SKU: sku, Quantity: quantity, UnitAmount: unitAmount}
}

// Case: the lines did not add up to what was charged (opencart-stripe#10).
func TestItemsMustAddUpToTheAmount(t *testing.T) {
	const most = order.MaxQuantity
	tests := []struct {
		promise string
		amount  int64
		items   []order.Item
		pointer string // empty string: the error's; "none": no error
	}{
		{"an order without items has any amount", 5, nil, "none"},
		{"items that add up are taken", 7, []order.Item{line("a", 2, 3), line("b", 1, 1)}, "none"},
		{"free items add up to zero", 0, []order.Item{line("a", 2, 0)}, "none"},
		{"the largest sum is taken", order.MaxAmount, []order.Item{line("a", 1, order.MaxAmount)}, "none"},
		{"a sum that is less is the amount's mistake", 8, []order.Item{line("a", 2, 3), line("b", 1, 1)}, "/amount"},
		{"a sum that is more is the amount's mistake", 6, []order.Item{line("a", 2, 3), line("b", 1, 1)}, "/amount"},
		{"a sum over the bound is the items' mistake", 0, []order.Item{line("a", most, order.MaxAmount), line("a", most, order.MaxAmount)}, "/items"},
		{"a sum one over the bound is the items' mistake", order.MaxAmount, []order.Item{line("a", 1, order.MaxAmount), line("b", 1, 1)}, "/items"},
	}
	for _, tt := range tests {
		t.Run(tt.promise, func(t *testing.T) {
			got := "none"
			err := recordorder.PlaceOrder{Amount: tt.amount, Items: tt.items}.AddsUp()
			if wrong, ok := errors.AsType[*strictjson.Error](err); ok {
				got = wrong.Violations[0].Pointer
			}
			if got != tt.pointer {
				t.Errorf("got %v, want pointer %s", err, tt.pointer)
			}
		})
	}
}
