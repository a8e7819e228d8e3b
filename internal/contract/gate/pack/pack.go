// Package pack packages serverless.yml into a CloudFormation template, with neither credentials nor an address to call.
package pack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/orderflow/orderflow/internal/lambdazip"
)

// File is the name of a packaged template within its folder.
const File = "cloudformation-template-update-stack.json"

// Zips puts an empty zip in every function's place into dir: a template does not depend on the code. Root is the checkout's folder.
func Zips(root, dir string) error {
	functions, err := lambdazip.Functions(root)
	if err != nil {
		return err
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return err
	}
	for _, f := range functions {
		if err := lambdazip.Write(filepath.Join(dir, f.Key+".zip"), empty); err != nil {
			return err
		}
	}
	return nil
}

// Stage packages a stage of the checkout at root into the folder out, with the zips in the folder zips, and returns
// the template's file. The error holds what osls said.
func Stage(ctx context.Context, root, stage, zips, out string) (file string, err error) {
	cmd := exec.CommandContext(ctx, "node", "node_modules/osls/bin/serverless.js", "package",
		"--stage", stage, "--param", "artifacts="+zips, "--package", out)
	cmd.Dir = root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + zips, "NODE_NO_WARNINGS=1", "AWS_EC2_METADATA_DISABLED=true"}
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("package %s (is everything installed by make deps?): %w\n%s", stage, err, said)
	}
	return filepath.Join(out, File), nil
}
