package lambdazip_test

import (
	"bytes"
	"debug/buildinfo"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/orderflow/orderflow/internal/lambdazip"
)

// A program that looks up names or users is linked against the C library of the machine that builds it, unless cgo is off,
// and then does not start on Lambda's.
//
// Case: the bootstrap was for another machine or not static (serverless#12123, aws-lambda-go#554).
func TestNoTargetIsBuiltWithCgoWhateverTheEnvironmentSays(t *testing.T) {
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOARCH", "riscv64")
	root := checkout(t, "hello")
	main := filepath.Join(root, "functions", "greetall", "bootstrap", "main.go")
	const resolves = "package main\n\nimport \"net\"\n\nfunc main() { _, err := net.LookupHost(\"localhost\"); print(err == nil) }\n"
	if err := os.WriteFile(main, []byte(resolves), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []lambdazip.Target{lambdazip.AWS(), lambdazip.Local()} {
		file, err := onlyFile(t, build(t, root, target)).Open()
		if err != nil {
			t.Fatal(err)
		}
		code, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		info, err := buildinfo.Read(bytes.NewReader(code))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, s := range info.Settings {
			got[s.Key] = s.Value
		}
		for setting, want := range map[string]string{"CGO_ENABLED": "0", "GOOS": target.OS, "GOARCH": target.Arch} {
			if got[setting] != want {
				t.Errorf("%s is built with %s=%s, want %s", target.Name, setting, got[setting], want)
			}
		}
	}
}
