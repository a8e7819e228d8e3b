package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// withMoney are the folders that amounts pass through, from the request to the provider and back to the customer.
var withMoney = []string{
	"cmd/orderflow/internal/api", "events", "functions/cancelorder", "functions/closeorder", "functions/getorder", "functions/notifyuser",
	"functions/paymentwebhook", "functions/processpayment", "functions/queryuser", "functions/recordorder", "functions/refundpayment",
	"functions/relayorder", "functions/resolvepayment", "functions/sweeporders", "functions/updateorder", "internal/announce", "internal/cdnow",
	"internal/dynamo", "internal/dynamo/item", "internal/dynamostream", "internal/mail", "internal/memory", "internal/money", "internal/order",
	"internal/payment", "internal/payment/facts", "internal/payment/settle", "internal/strictjson", "internal/stripe",
}

// Case: cents went through floats (react-stripe-js#408, formie#2903, shopp#3217, cartalyst/stripe#35).
func TestMoneyIsNeverAFloat(t *testing.T) {
	for _, folder := range withMoney {
		files, err := filepath.Glob(filepath.Join("../..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			checked++
			for _, place := range floats(t, path) {
				t.Errorf("%s: an amount is an integer of minor units", place)
			}
		}
		if checked == 0 {
			t.Errorf("%s has no code to check", folder)
		}
	}
}

// floats returns where a file names a type of floating-point numbers or writes one.
func floats(t *testing.T, path string) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" {
				places = append(places, set.Position(n.Pos()).String())
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT {
				places = append(places, set.Position(n.Pos()).String())
			}
		}
		return true
	})
	return places
}
