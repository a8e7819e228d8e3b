// Package lambdazip builds the functions into the zips that Lambda runs: one static binary named
// bootstrap at the root of each, the same bytes from the same sources.
package lambdazip

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"
)

// entry is the only file of a zip: what the provided.* runtimes start.
const entry = "bootstrap"

// Target is a kind of machine that functions are built for.
type Target struct {
	// Name is the folder of the results below build/: those of two targets never mix.
	Name string
	// OS and Arch are Go's names.
	OS, Arch string
}

// AWS is Lambda on Graviton, what the stages on AWS run on.
func AWS() Target { return Target{Name: "aws", OS: "linux", Arch: "arm64"} }

// Local is this machine: the emulator runs a function as a process of its host.
func Local() Target { return Target{Name: "local", OS: runtime.GOOS, Arch: runtime.GOARCH} }

// LambdaArchitecture is t's architecture in Lambda's words: x86_64 or arm64.
func (t Target) LambdaArchitecture() string {
	if t.Arch == "amd64" {
		return "x86_64"
	}
	return t.Arch
}

// Dir is where t's zips lie in a checkout, as <function key>.zip.
func (t Target) Dir(root string) string { return filepath.Join(root, "build", t.Name) }

// Function is a function of the deploy.
type Function struct {
	// Key is its name in the deploy files, such as process-payment.
	Key string
	// Folder is its folder below functions/, such as processpayment.
	Folder string
}

// Functions lists the functions of a checkout, by folder. Every folder below functions/ has to declare
// exactly one in its function.yml.
func Functions(root string) ([]Function, error) {
	files, err := filepath.Glob(filepath.Join(root, "functions", "*", "function.yml"))
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list functions: no functions/*/function.yml in %s", root)
	}
	functions := make([]Function, 0, len(files))
	for _, file := range files {
		key, err := readKey(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		functions = append(functions, Function{Key: key, Folder: filepath.Base(filepath.Dir(file))})
	}
	return functions, nil
}

func readKey(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var declared struct {
		Functions map[string]yaml.Node `yaml:"functions"`
	}
	if err := yaml.Unmarshal(text, &declared); err != nil {
		return "", err
	}
	if len(declared.Functions) != 1 {
		return "", fmt.Errorf("declares %d functions, not one", len(declared.Functions))
	}
	for key := range declared.Functions {
		return key, nil
	}
	return "", nil
}

// Build builds and zips every function of the checkout at root. It leaves alone what is up to date.
func Build(ctx context.Context, root string, t Target) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return fmt.Errorf("build functions: %w", err)
	}
	functions, err := Functions(root)
	if err != nil {
		return err
	}
	if err := warm(ctx, root, functions, t); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, f := range functions {
		group.Go(func() error {
			binary := filepath.Join(t.Dir(root), f.Key, entry)
			if err := Compile(ctx, root, "./functions/"+f.Folder+"/bootstrap", binary, t); err != nil {
				return err
			}
			return Write(filepath.Join(t.Dir(root), f.Key+".zip"), binary)
		})
	}
	return group.Wait()
}

// warm compiles what the functions have in common once. Builds side by side would each do it, on a machine where nothing is cached.
func warm(ctx context.Context, root string, functions []Function, t Target) error {
	args := goBuild()
	for _, f := range functions {
		args = append(args, "./functions/"+f.Folder+"/bootstrap")
	}
	return runGo(ctx, root, t, args)
}

// goBuild returns the arguments of the go command that all builds share. lambda.norpc leaves out the runtime that
// ended with go1.x.
func goBuild() []string {
	return []string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w"}
}

// runGo runs the go command for t, without cgo: a function without it starts a quarter faster and needs no libc.
func runGo(ctx context.Context, root string, t Target, args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.OS, "GOARCH="+t.Arch)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", args[len(args)-1], err, said)
	}
	return nil
}

// Compile builds the main package pkg of the module at root into the file binary. Its error holds what
// the compiler said.
func Compile(ctx context.Context, root, pkg, binary string, t Target) error {
	return runGo(ctx, root, t, append(goBuild(), "-o", binary, pkg))
}

// Write zips binary as an executable bootstrap into the file at path. The result depends on the bytes
// of binary alone; a file that already holds it is not touched.
func Write(path, binary string) error {
	code, err := os.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("zip %s: %w", path, err)
	}
	packed, err := pack(code)
	if err != nil {
		return fmt.Errorf("zip %s: %w", path, err)
	}
	switch old, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(old, packed):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("zip %s: %w", path, err)
	}
	return replace(path, packed)
}

func pack(code []byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.DefaultCompression)
	})
	// The earliest time that a zip can tell: the real one would change the bytes at each build.
	header := &zip.FileHeader{Name: entry, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(code); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// replace puts data at path in one step, so that a deploy that reads it meanwhile sees the old or the new.
func replace(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".zip-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(temporary.Name(), path)
}

// TargetNamed returns the target called name.
func TargetNamed(name string) (Target, error) {
	targets := []Target{AWS(), Local()}
	i := slices.IndexFunc(targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, fmt.Errorf("no target %q: name aws or local", strings.TrimSpace(name))
	}
	return targets[i], nil
}
