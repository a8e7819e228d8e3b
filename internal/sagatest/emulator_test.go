package sagatest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// endpoint is where the emulator of this run listens.
var endpoint string

func TestMain(m *testing.M) {
	os.Exit(withEmulator(m.Run))
}

// withEmulator runs f while an emulator that skips all waits of state machines runs on a free port of the loopback interface.
func withEmulator(f func() int) int {
	python, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		return complain(err)
	}
	port, err := freePort()
	if err != nil {
		return complain(err)
	}
	endpoint = "http://" + net.JoinHostPort("127.0.0.1", port)
	dir, err := os.MkdirTemp("", "orderflow-saga-") // removed by the starter
	if err != nil {
		return complain(err)
	}
	// The starter ends the emulator when its standard input ends: with this process, by whatever means.
	cmd := exec.Command(python, "../local/starter.py") //nolint:noctx // a kill would leave its children behind
	cmd.Env = append(os.Environ(),
		"GUARD_DIR="+dir, "TMPDIR="+dir, "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "AWS_ENDPOINT_URL="+endpoint,
		"MINISTACK_HOST=127.0.0.1", "IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "LOG_LEVEL=ERROR", "SFN_WAIT_SCALE=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return complain(err)
	}
	if err := cmd.Start(); err != nil {
		return complain(fmt.Errorf("start the emulator, which requirements.txt installs into .venv: %w", err))
	}
	defer func() {
		lifeline.Close()
		_ = cmd.Wait() // it ends by a signal of its own
	}()
	if err := healthy(); err != nil {
		return complain(err)
	}
	return f()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func freePort() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "", errors.New("a listener without a port")
	}
	return strconv.Itoa(addr.Port), nil
}

func healthy() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/_ministack/health", http.NoBody)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the emulator does not answer: %w", ctx.Err())
		case <-poll.C:
		}
	}
}

// config reaches the emulator, with the SDK's own retries.
func config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("000000000000", "test", ""),
	}
}
