package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/orderflow/orderflow/internal/lambdazip"
	"github.com/orderflow/orderflow/internal/stack"
)

// deploy runs a real osls deploy of the checkout's serverless.yml onto the emulator, in a service
// folder of its own: osls writes beside the serverless.yml that it reads, and runs at the same time
// must not write over each other's files.
func deploy(ctx context.Context, o Options, e *emulator, providerURL string) error {
	service := filepath.Join(e.dir, "service")
	if err := layOut(service, o); err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", osls(service), "deploy", "--stage", stack.Local)
	cmd.Dir = service
	cmd.Env = append(hostEnvironment(),
		"TMPDIR="+filepath.Join(e.dir, "tmp"),
		"AWS_ENDPOINT_URL="+e.endpoint,
		// The account's number as the access key makes the caller its root, with IAM enforced or not.
		"AWS_ACCESS_KEY_ID=000000000000", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION="+region,
		"AWS_EC2_METADATA_DISABLED=true",
		"LOCAL_ARCHITECTURE="+lambdazip.Local().LambdaArchitecture(),
		"STRIPE_BASE_URL="+providerURL,
		"NODE_NO_WARNINGS=1",
		// How often, in milliseconds, osls asks whether the stack is there.
		"SLS_AWS_MONITORING_FREQUENCY=300",
	)
	output := io.MultiWriter(o.Log, &said)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("deploy: %w\n%s%s", err, said.String(), e.logged())
	}
	return nil
}

// layOut makes a service folder out of the checkout: serverless.yml is copied, since osls follows no
// link to it; the rest is linked.
func layOut(service string, o Options) error {
	build := filepath.Join(service, "build")
	if err := os.MkdirAll(build, 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(o.Root, "serverless.yml"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(service, "serverless.yml"), text, 0o644); err != nil {
		return err
	}
	for _, name := range []string{"functions", "node_modules", "package.json"} {
		if err := os.Symlink(filepath.Join(o.Root, name), filepath.Join(service, name)); err != nil {
			return err
		}
	}
	return os.Symlink(o.Artifacts, filepath.Join(build, lambdazip.Local().Name))
}

func osls(root string) string {
	return filepath.Join(root, "node_modules", "osls", "bin", "serverless.js")
}
