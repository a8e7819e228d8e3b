package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orderflow/orderflow/internal/contract"
	"github.com/orderflow/orderflow/schemas"
)

func TestContractsCheckSaysWhatItCheckedAndWhatNot(t *testing.T) {
	template := filepath.Join(t.TempDir(), "template.json")
	if err := os.WriteFile(template, []byte(`{"Resources": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	call(t, nil, "", "contracts", "check", "--root", "../..", "--template", template).want(t, exitDisagree,
		"QueryUserRule", "the catalog's consumer query-user", "there are no queues to check", "checked 10 types of events", "the contract is broken")
	got := call(t, nil, "", "contracts", "check", "--json", "--root", "../..", "--template", template)
	got.want(t, exitDisagree, `"file":"functions/queryuser/function.yml","path":"QueryUserRule"`, `"not_checked":[]`)
	for line := range strings.Lines(got.out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func TestContractsCheckWantsACheckout(t *testing.T) {
	dir := t.TempDir()
	call(t, nil, "", "contracts", "check", "--root", dir).want(t, exitUsage, "is no checkout of orderflow")
	call(t, nil, "", "contracts", "check", "--root", "../..", "--template", filepath.Join(dir, "none")).want(t, exitUsage, "read template")
}

func TestContractsLsListsTheCatalog(t *testing.T) {
	call(t, nil, "", "contracts", "ls").want(t, exitOK, "OrderUpdated", "orderflow.payments", "notify-user, saga")
	call(t, nil, "", "contracts", "ls", "--json").want(t, exitOK, `"type":"com.orderflow.PaymentDisputed.v1"`, `"consumers":[]`)
}

func TestContractsShowPrintsSchemasAndExamples(t *testing.T) {
	call(t, nil, "", "contracts", "show", "OrderUpdated").want(t, exitOK, `"title": "OrderUpdated"`)
	call(t, nil, "", "contracts", "show", "PlaceOrder", "--examples").want(t, exitOK, "without-order-id")
	call(t, nil, "", "contracts", "show", "OrderUpdated", "--examples", "--invalid", "--json").want(t, exitOK, `{"name":"enum-status","kind":"invalid"}`)
	call(t, nil, "", "contracts", "show", "OrderUpdated", "--example", "minimal", "--json").want(t, exitOK, `{"order_id":`)
	call(t, nil, "", "contracts", "show", "OrderLost").want(t, exitUsage, "there is no schema")
	call(t, nil, "", "contracts", "show", "OrderUpdated", "--example", "none").want(t, exitUsage, "no valid example")
}

func TestAResolvedSchemaStandsByItself(t *testing.T) {
	for _, name := range schemas.Names() {
		got := call(t, nil, "", "contracts", "show", name, "--resolved")
		v, err := contract.Compile(map[string][]byte{name: []byte(got.out)})
		if err != nil {
			t.Fatal(err)
		}
		for _, ex := range schemas.Examples(name, schemas.Valid) {
			if findings, err := v.Validate(name, ex.Text); err != nil || len(findings) > 0 {
				t.Errorf("%s %s: got %v, %v, want nothing", name, ex.Name, findings, err)
			}
		}
	}
}
